"""Hooks of the keigo tasks (``tasks/keigo/*.yaml``): prompts, choices, scores and evidence.

The prompts are in ``data/keigo/knowledge/prompts.yaml``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jeval.domain.dataset import as_dataset
from jeval.evidence.guesser import share_of_right
from jeval.keigo.analysis import analyze
from jeval.keigo.generate import FRESH, generate
from jeval.keigo.judge import judge_conversion
from jeval.keigo.judge.correction import judge_correction
from jeval.keigo.judge.reply import judge_reply
from jeval.keigo.types import ERROR_TYPES
from jeval.reading import Row, read_jsonl, read_yaml
from jeval.resources import data_path
from jeval.thoughts import judged


@lru_cache(maxsize=1)
def _prompts() -> dict[str, Any]:
    return dict(read_yaml(data_path("keigo", "knowledge", "prompts.yaml")))


def _prompt(name: str, /, **fields: Any) -> str:
    return str(_prompts()[name]).format(**fields)


def _scene(doc: dict[str, Any]) -> str:
    """The scene on a line of its own; empty for an item without one."""
    return _prompt("scene", scene=doc["scene"]) if doc["scene"] else ""


@lru_cache(maxsize=8)
def items(kind: str) -> tuple[Row, ...]:
    """The built items of one kind, both suites."""
    return tuple(read_jsonl(data_path("keigo", "built", f"{kind}.jsonl"), unique="id", what="item file"))


#: What each beginning of a task's items holds in proportion: error types and forms, frames, what a shortcut could go by.
STRATA = {
    "pairs": ("error_type", "cluster", "longer", "more_honorific", "with_scene"),
    "choice": ("set", "cluster", "answer", "addressee"),
    "convert": ("target", "frame", "cluster"),
    "correct": ("error_type", "cluster", "addressee"),
    "reply": ("side", "cluster"),
}


def dataset(kind: str, suite: str = "audit", fresh: int | None = None, **_: Any) -> dict[str, Any]:
    """``custom_dataset`` hook: the items of one kind and suite, every beginning balanced by :data:`STRATA`.

    With ``fresh`` the search pairs are drawn anew from the frames by that seed; their ids name it, for they are other items.
    """
    rows = [row for row in items(kind) if row["suite"] == suite]
    if fresh is not None and (kind, suite) == ("pairs", "search"):
        rows = [{**row, "id": f"{row['id']}-fresh-{fresh}"} for row in generate(fresh, FRESH, suite)]
    return as_dataset(rows, STRATA[kind])


def context(doc: dict[str, Any]) -> dict[str, str] | None:
    """Who speaks to whom about whom in an item, for the analyser; ``None`` when it does not say."""
    found = {key: str(doc[key]) for key in ("speaker", "addressee", "referent") if doc.get(key)}
    return found or None


# ---------------------------------------------------------------------- pairs
def pairs_text(doc: dict[str, Any]) -> str:
    """The scene on a line of its own; empty for a pair without one."""
    return _scene(doc)


def pairs_choices(doc: dict[str, Any]) -> list[str]:
    """The right member and the wrong one, in this order."""
    return [str(doc["right"]), str(doc["wrong"])]


def pairs_target(doc: dict[str, Any]) -> int:
    """The right member stands first."""
    return 0


def pairs_results(doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, float]:
    """``score``: 1 when the right member is likelier, 0.5 on a tie or NaN; ``per_char``: the same per character."""
    right, wrong = float(results[0][0]), float(results[1][0])
    return {
        "score": share_of_right([right, wrong], 0),
        "per_char": share_of_right([right / len(doc["right"]), wrong / len(doc["wrong"])], 0),
    }


# ---------------------------------------------------------------------- choice
def choice_text(doc: dict[str, Any]) -> str:
    """The scene; the utterances are scored as what follows, so that a model without a chat template can be scored."""
    return _prompt("choice", scene=doc["scene"])


def choice_choices(doc: dict[str, Any]) -> list[str]:
    """The utterances."""
    return [str(text) for text in doc["choices"]]


def choice_target(doc: dict[str, Any]) -> int:
    """The place of the fitting one."""
    return int(doc["answer"])


def choice_results(doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, float]:
    """``score``: 1 when the fitting utterance is the likeliest, shared among ties; ``per_char``: per character."""
    values = [float(result[0]) for result in results]
    each = [value / len(text) for value, text in zip(values, doc["choices"], strict=True)]
    answer = int(doc["answer"])
    return {"score": share_of_right(values, answer), "per_char": share_of_right(each, answer)}


# ---------------------------------------------------------------------- convert
def convert_text(doc: dict[str, Any]) -> str:
    """What is asked for, an example of it, and the sentence."""
    return _prompt("convert", text=doc["text"], **_prompts()["targets"][doc["target"]])


def no_target(doc: dict[str, Any]) -> str:
    """Generative items have no reference answer."""
    return ""


def convert_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """``score``: 1 when :func:`jeval.keigo.judge_conversion` accepts the answer."""
    return {"score": float(judge_conversion(doc["text"], doc["target"], _text(results), context(doc)).correct)}


def explain_convert(doc: dict[str, Any], outputs: list[Any]) -> dict[str, Any]:
    """Evidence: misuses in the output, and why the judge refused it."""
    output = _text(outputs)
    judgement = judge_conversion(doc["text"], doc["target"], output, context(doc))
    return {"spans": _spans(output, doc), "reasons": list(judgement.reasons)}


# ---------------------------------------------------------------------- correct
def correct_text(doc: dict[str, Any]) -> str:
    """What is asked for, an example of it, the scene if there is one, and the sentence."""
    return _prompt("correct", scene=_scene(doc), text=doc["text"])


def correct_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """``score``: 1 when the error is gone, none is new and the content stays; ``clean`` and ``kept`` are its halves."""
    clean, kept, _ = _corrected(doc, _text(results))
    return {"score": float(clean and kept), "clean": float(clean), "kept": float(kept)}


def explain_correct(doc: dict[str, Any], outputs: list[Any]) -> dict[str, Any]:
    """Evidence: misuses left in the output, and what of the content changed."""
    output = _text(outputs)
    return {"spans": _spans(output, doc), "reasons": _corrected(doc, output)[2]}


def _corrected(doc: dict[str, Any], output: str) -> tuple[bool, bool, list[str]]:
    return judge_correction(doc["text"], doc["example"], doc["error_type"], output, context(doc))


# ---------------------------------------------------------------------- reply
def reply_text(doc: dict[str, Any]) -> str:
    """The scene and what the customer says."""
    return _prompt("reply", scene=doc["scene"], text=doc["text"])


def reply_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """See :func:`jeval.keigo.judge.reply.judge_reply` for the metrics."""
    return judge_reply(reply_text(doc), doc["about"], _text(results), context(doc)).metrics()


def explain_reply(doc: dict[str, Any], outputs: list[Any]) -> dict[str, Any]:
    """Evidence: misuses in the reply, and what else counted against it."""
    output = _text(outputs)
    verdict = judge_reply(reply_text(doc), doc["about"], output, context(doc))
    return {"spans": _spans(output, doc), "reasons": verdict.reasons}


def _text(outputs: list[Any]) -> str:
    return str(outputs[0]) if outputs else ""


def _spans(output: str, doc: dict[str, Any]) -> list[dict[str, Any]]:
    """Misuses in the answer, by their places in the output."""
    answer = judged(output).answer
    found = [error for error in analyze(answer.text, context(doc)).errors if error.type in ERROR_TYPES]
    places = [answer.span(error.start, error.end) for error in found]
    return [
        {"start": start, "end": end, "type": error.type, "note": error.rule}
        for error, (start, end) in zip(found, places, strict=True)
    ]
