"""Verbs that are honorific by themselves: いらっしゃる, 申し上げる, 参る, おる, 見える (for 来る)."""

from __future__ import annotations

from jeval.keigo.persons import RESPECTED
from jeval.keigo.sentence import Form, Sentence


def special(sentence: Sentence, i: int) -> Form | None:
    """A verb of the lists of 敬語の指針, 第2章第1."""
    bits = sentence.bits
    mask, following = sentence.mask(i), sentence.mask(i + 1)
    polite = following & bits.mase
    if mask & bits.kudasaru and sentence.mask(i - 1) & bits.te and (mask & bits.imperative or polite):
        return None  # 〜てください: counted by some, not by others
    if mask & bits.itasu and following & bits.kata:
        return None  # いたし方
    if mask & bits.mairu and sentence.mask(i - 2) & bits.shrine:
        return None  # 神社に参る
    if mask & bits.nasaru and mask & bits.nasai and not polite:
        return None  # 早くしなさい
    kind = "sonkeigo" if mask & bits.sonkei_verb else "kenjogo1" if mask & bits.kenjo1_verb else "kenjogo2"
    return Form(i, i + 2 if following & bits.reru else i + 1, kind, "special", True)


def oru(sentence: Sentence, i: int) -> Form | None:
    """おる, but not 折る and 降りる (枝をおる, 電車からおりる), and おられる."""
    bits = sentence.bits
    if sentence.mask(i - 1) & (bits.wo | bits.kara):
        return None
    if sentence.mask(i + 1) & bits.reru:
        return Form(i, i + 2, "sonkeigo", "orareru", True)
    return Form(i, i + 1, "kenjogo2", "oru", True)


def mieru(sentence: Sentence, i: int) -> Form | None:
    """見える for 来る: a respected person does it, and nothing says how or as what he appears."""
    bits = sentence.bits
    subject = sentence.clause.subject(i)
    if subject is None or subject.role not in RESPECTED or sentence.mask(i - 1) & bits.appears_as:
        return None
    return Form(i, i + 2 if sentence.mask(i + 1) & bits.reru else i + 1, "sonkeigo", "mieru", True)
