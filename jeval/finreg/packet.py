"""Packets for a reader who is to refute items: the questions with the articles in one file, the key and the reasons in another.

``jeval bank packet --statutes DIR --out DIR [--sample N] [--unread]``. The reader answers from the statute before opening
the key, so that a second right option shows; what is found goes to ``data/finreg/labels/readings.jsonl`` (:mod:`jeval.finreg.readings`).
Options stand in an order of their own, so that neither the bank's order nor the task's tells anything.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jeval.errors import InputError
from jeval.finreg.citation import place
from jeval.finreg.locate import Finding, locate
from jeval.finreg.schema import AnyItem
from jeval.finreg.statutes import Statutes
from jeval.writing import SHARED, write_text

SIZE = 16


@dataclass(frozen=True)
class Packet:
    """Two Markdown texts; ``questions`` gives no answer away."""

    questions: str
    key: str


def shown(item: AnyItem) -> tuple[list[tuple[str, str]], str]:
    """What the reader chooses from, as (letter, text), and the letter of the right one; nothing and "" for a figure."""
    if item.kind == "figure":
        return [], ""
    texts = item.alternatives
    order = list(range(len(texts)))
    random.Random(hashlib.sha256(item.id.encode()).hexdigest()).shuffle(order)
    letters = "PQRS"[: len(order)]
    options = [(letter, texts[index]) for letter, index in zip(letters, order, strict=True)]
    return options, letters[order.index(item.right)]


def packets(items: Sequence[AnyItem], statutes: Statutes, size: int = SIZE) -> list[Packet]:
    """Packets of ``size`` items, neighbours by law and article so that a reader sees few articles.

    Raises:
        InputError: the statutes lack the article of an item.
    """
    ordered = sorted(items, key=lambda item: (item.law_id, place(item.article), item.id))
    return [_packet(ordered[start : start + size], statutes) for start in range(0, len(ordered), size)]


def _packet(items: Sequence[AnyItem], statutes: Statutes) -> Packet:
    questions = ["# 問題", "", "条文（後半）だけを見て答え、答えを書き留めてから、正答と理由のファイルを開く。", ""]
    key = ["# 正答と理由", ""]
    articles: dict[str, str] = {}
    for item in items:
        located = locate(item, statutes)
        if isinstance(located, Finding):
            raise InputError(located.line())
        cited = f"{item.law} {item.article}"
        articles.setdefault(cited, located[1].text)
        options, right = shown(item)
        ask = "どちらが正しいか。他方は常に誤りか。" if item.kind == "statement" else item.question
        questions += [f"## {item.id}（{cited}）", ask, *(f"- {letter}: {text}" for letter, text in options), ""]
        answer = item.answer if item.kind == "figure" else right
        key += [
            f"## {item.id}",
            f"正答: {answer}",
            f"根拠: {item.basis}",
            f"理由: {item.why}",
            *_wrong(item, options),
            "",
        ]
    questions += ["# 条文", ""]
    for cited, text in articles.items():
        questions += [f"## {cited}", text, ""]
    return Packet("\n".join(questions), "\n".join(key))


def _wrong(item: AnyItem, options: Sequence[tuple[str, str]]) -> list[str]:
    """Why each wrong option is wrong, under its letter."""
    if item.kind == "figure":
        return []
    letters = {text: letter for letter, text in options}
    wrong = [text for index, text in enumerate(item.alternatives) if index != item.right]
    return [f"{letters[text]} の誤り: {reason}" for text, reason in zip(wrong, item.why_wrong, strict=False)]


def write_packets(made: Sequence[Packet], out: Path) -> None:
    """Write each packet as ``<number>.questions.md`` and ``<number>.key.md``.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        for number, packet in enumerate(made, 1):
            write_text(out / f"{number:03d}.questions.md", packet.questions, mode=SHARED)
            write_text(out / f"{number:03d}.key.md", packet.key, mode=SHARED)
    except OSError as err:
        raise InputError(f"--out {out} cannot be written ({err.strerror}); choose another folder") from err
