"""What the demonstration models are taught. No item of either suite stands in it; a test checks."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import lru_cache

import yaml

from jeval.finreg.bank import load
from jeval.keigo.generate import training_sentences
from jeval.pipeline.taskpack import load_tasks
from jeval.resources import data_path


@lru_cache(maxsize=1)
def _base_frames() -> dict[str, list[str]]:
    return dict(yaml.safe_load(data_path("demo", "base.yaml").read_text(encoding="utf-8")))


def base_sentences(seed: int, n: int) -> list[str]:
    """Plain everyday sentences: the character statistics of Japanese, no honorifics, no law."""
    rng = random.Random(seed)
    words = _base_frames()
    pick = {key: values for key, values in words.items() if key != "frames"}
    return [rng.choice(words["frames"]).format(**{k: rng.choice(v) for k, v in pick.items()}) for _ in range(n)]


def keigo_sentences(seed: int, n: int) -> list[str]:
    """Correct honorific sentences from frames and lexemes that neither suite uses."""
    return list(training_sentences(seed, n))


def finance_sentences() -> list[str]:
    """Facts of financial regulation in other words than the items': the explanations written beside them.

    Each explanation is also split into its sentences and told with the name of its law, so that a small model sees a fact with
    and without its context.
    """
    found: dict[str, None] = {}
    for item in load():
        if item.kind == "statement":
            found[item.why] = None
            found[f"{item.law}上、{item.why}"] = None
            for sentence in re.findall(r"(?:[^。（]|（[^）]*）)+。", item.why):  # no break within brackets
                found[sentence] = None
    return list(found)


def item_texts() -> Iterator[str]:
    """Every prompt and every answer option of both suites, as a model meets them."""
    for task in load_tasks(["jeval", "jeval_search"]).tasks.values():
        for doc in task.eval_docs:
            yield str(task.doc_to_text(doc))
            if task.config.doc_to_choice is not None:
                yield from task.doc_to_choice(doc)


def normalise(text: str) -> str:
    """Characters that carry content: white space and punctuation dropped."""
    return re.sub(r"[\s、。，．「」『』（）()・]", "", text)


def vocabulary_texts() -> list[str]:
    """Texts whose characters the tokenizer must know: training text, items, kana, digits, Latin letters."""
    basic = "".join(chr(c) for c in [*range(0x20, 0x7F), *range(0x3041, 0x3097), *range(0x30A1, 0x30FD)])
    wide = "".join(chr(c) for c in range(0xFF01, 0xFF5F)) + "\n　、。「」『』・ー〜…〒"
    return [basic, wide, *item_texts(), *base_sentences(0, 2000), *finance_sentences()]
