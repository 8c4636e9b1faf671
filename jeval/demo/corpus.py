"""What the demonstration models are taught. No item of either suite stands in it; a test checks."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jeval.items import read_jsonl
from jeval.resources import data_path


@lru_cache(maxsize=1)
def _base_frames() -> dict[str, list[str]]:
    import yaml

    return dict(yaml.safe_load(data_path("demo", "base.yaml").read_text(encoding="utf-8")))


def base_sentences(seed: int, n: int) -> list[str]:
    """Plain everyday sentences: the character statistics of Japanese, no honorifics, no law."""
    rng = random.Random(seed)
    words = _base_frames()
    pick = {key: values for key, values in words.items() if key != "frames"}
    return [rng.choice(words["frames"]).format(**{k: rng.choice(v) for k, v in pick.items()}) for _ in range(n)]


def keigo_sentences(seed: int, n: int) -> list[str]:
    """Correct honorific sentences from frames and lexemes that neither suite uses."""
    from jeval.keigo.generate import training_sentences

    return list(training_sentences(seed, n))


def finance_sentences() -> list[str]:
    """Facts of financial regulation in other words than the items'."""
    return [str(row["text"]) for row in read_jsonl(data_path("demo", "finance.jsonl"))]


def item_texts() -> Iterator[str]:
    """Every text of every item of both suites that a model could be scored on (for the overlap check)."""
    for folder in ("keigo/items", "finreg/items", "leak/items"):
        for file in sorted(data_path(*folder.split("/")).glob("*.jsonl")):
            for row in read_jsonl(file):
                yield from _strings(row)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)


def normalise(text: str) -> str:
    """Characters that carry content: white space and punctuation dropped."""
    return re.sub(r"[\s、。，．「」『』（）()・]", "", text)


def vocabulary_texts() -> list[str]:
    """Texts whose characters the tokenizer must know: training text, items, kana, digits, Latin letters."""
    basic = "".join(chr(c) for c in [*range(0x20, 0x7F), *range(0x3041, 0x3097), *range(0x30A1, 0x30FD)])
    wide = "".join(chr(c) for c in range(0xFF01, 0xFF5F)) + "\n　、。「」『』・ー〜…〒"
    return [basic, wide, *item_texts(), *base_sentences(0, 2000), *finance_sentences()]
