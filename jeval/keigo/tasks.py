"""Hooks of the keigo tasks (``tasks/keigo/*.yaml``): prompts, choices, scores and evidence."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jeval.domain.dataset import as_dataset
from jeval.evidence.guesser import share_of_right
from jeval.keigo.analysis import analyze
from jeval.keigo.judge import judge_conversion
from jeval.keigo.judge.correction import judge_correction
from jeval.keigo.judge.reply import judge_reply
from jeval.keigo.types import ERROR_TYPES
from jeval.reading import Row, read_jsonl
from jeval.resources import data_path

_TARGETS = {
    "sonkeigo": ("尊敬語（動作をする人を立てる言い方）", "館長が笑う。", "館長がお笑いになります。"),
    "kenjogo1": ("謙譲語（動作が向かう先の人を立てる言い方）", "館長を玄関で迎える。", "館長を玄関でお迎えします。"),
    "kenjogo2": (
        "丁重語（自分の動作を聞き手に改まって述べる言い方）",
        "私は昼に外出する。",
        "私は昼に外出いたします。",
    ),
    "teineigo": ("丁寧語（です・ます）", "花が咲く。", "花が咲きます。"),
    "bikago": ("美化語（物の名に「お」「ご」を付けた言い方）", "鍋を洗う。", "お鍋を洗う。"),
    "plain": ("敬語を使わない普通体", "館長がお笑いになる。", "館長が笑う。"),
}


@lru_cache(maxsize=8)
def items(kind: str) -> tuple[Row, ...]:
    """The built items of one kind, both suites."""
    return tuple(read_jsonl(data_path("keigo", "built", f"{kind}.jsonl"), unique="id", what="item file"))


def dataset(kind: str, suite: str = "audit", **_: Any) -> dict[str, Any]:
    """``custom_dataset`` hook: the items of one kind and suite, in the order of the file."""
    return as_dataset([row for row in items(kind) if row["suite"] == suite])


def context(doc: dict[str, Any]) -> dict[str, str] | None:
    """Who speaks to whom about whom in an item, for the analyser; ``None`` when it does not say."""
    found = {key: str(doc[key]) for key in ("speaker", "addressee", "referent") if doc.get(key)}
    return found or None


# ---------------------------------------------------------------------- pairs
def pairs_text(doc: dict[str, Any]) -> str:
    """The scene on a line of its own; empty for a pair without one."""
    return f"場面：{doc['scene']}\n" if doc["scene"] else ""


def pairs_choices(doc: dict[str, Any]) -> list[str]:
    return [str(doc["right"]), str(doc["wrong"])]


def pairs_target(doc: dict[str, Any]) -> int:
    return 0


def pairs_results(doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, float]:
    """``score``: 1 when the right member is likelier, 0.5 on a tie or NaN. ``per_char``: the same by log-likelihood per character."""
    right, wrong = float(results[0][0]), float(results[1][0])
    return {
        "score": share_of_right([right, wrong], 0),
        "per_char": share_of_right([right / len(doc["right"]), wrong / len(doc["wrong"])], 0),
    }


# ---------------------------------------------------------------------- choice
def choice_text(doc: dict[str, Any]) -> str:
    """The scene; the utterances are scored as what follows, so that a model without a chat template can be scored."""
    return f"場面：{doc['scene']}\nこの場面にふさわしい言い方：\n"


def choice_choices(doc: dict[str, Any]) -> list[str]:
    return [str(text) for text in doc["choices"]]


def choice_target(doc: dict[str, Any]) -> int:
    return int(doc["answer"])


def choice_results(doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, float]:
    """``score``: 1 when the fitting utterance is the likeliest, shared among ties; ``per_char``: per character."""
    values = [float(result[0]) for result in results]
    each = [value / len(text) for value, text in zip(values, doc["choices"], strict=True)]
    answer = int(doc["answer"])
    return {"score": share_of_right(values, answer), "per_char": share_of_right(each, answer)}


# ---------------------------------------------------------------------- convert
def convert_text(doc: dict[str, Any]) -> str:
    name, before, after = _TARGETS[doc["target"]]
    return (
        f"文を{name}に書き換え、書き換えた文だけを一行で答えてください。意味は変えません。\n\n"
        f"文：{before}\n書き換えた文：\n{after}\n\n文：{doc['text']}\n書き換えた文：\n"
    )


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
    scene = f"場面：{doc['scene']}\n" if doc["scene"] else ""
    return (
        "敬語の使い方に誤りのある文を、内容を変えずに正しく直し、直した文だけを一行で答えてください。\n\n"
        "文：館長は花をお植えになられました。\n直した文：\n館長は花をお植えになりました。\n\n"
        f"{scene}文：{doc['text']}\n直した文：\n"
    )


def correct_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """``score``: 1 when the error is gone, none is added and the content stays; ``clean`` and ``kept`` are its halves."""
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
    return (
        "銀行や保険・証券の窓口の担当者として、お客様の言葉への返事を一つだけ、二、三文で書いてください。\n\n"
        f"場面：{doc['scene']}\nお客様：{doc['text']}\n担当者：\n"
    )


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
    found = analyze(output, context(doc)).errors
    return [{"start": e.start, "end": e.end, "type": e.type, "note": e.rule} for e in found if e.type in ERROR_TYPES]
