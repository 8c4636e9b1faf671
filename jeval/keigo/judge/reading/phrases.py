"""Phrases that are one predicate: お目にかかる, ご覧に入れる (``phrases.tsv``)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from jeval.keigo.judge.reading.cursor import Cursor
from jeval.keigo.judge.tables import table
from jeval.keigo.judge.units import Unit


class Phrase(NamedTuple):
    """Its lemmas, the plain verbs it can stand for, and whether it counts only after お or ご."""

    lemmas: list[str]
    plain: frozenset[str]
    prefixed: bool


@lru_cache(maxsize=1)
def _phrases() -> dict[str, list[Phrase]]:
    """Phrases by their first lemma."""
    found: dict[str, list[Phrase]] = {}
    for lemmas, plain, *notes in table("phrases.tsv"):
        phrase = Phrase(lemmas.split(), frozenset(plain.split()), "prefixed" in notes)
        found.setdefault(phrase.lemmas[0], []).append(phrase)
    return found


def read_phrase(cursor: Cursor) -> int:
    """Read a phrase that begins here; how many morphemes it has, 0 where there is none."""
    for phrase in _phrases().get(cursor.here.lemma, ()):
        part = cursor.morphemes[cursor.index : cursor.index + len(phrase.lemmas)]
        if [one.lemma for one in part] == phrase.lemmas and (cursor.prefixed or not phrase.prefixed):
            cursor.add(Unit(phrase.plain, "".join(one.surface for one in part), verb=True))
            return len(part)
    return 0
