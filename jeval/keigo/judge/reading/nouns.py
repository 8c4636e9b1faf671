"""Nouns, adjectives and adverbs: what is neither a verb nor an auxiliary."""

from __future__ import annotations

from functools import lru_cache

from jeval.keigo.judge.reading.cursor import Cursor
from jeval.keigo.judge.reading.persons import read_person
from jeval.keigo.judge.stems import stem_verbs
from jeval.keigo.judge.tables import table, word_class
from jeval.keigo.judge.units import Unit
from jeval.keigo.judge.words import words


@lru_cache(maxsize=1)
def _compounds() -> dict[str, list[Unit]]:
    """Morphemes that say two things, each as its units (``compounds.tsv``)."""
    found: dict[str, list[Unit]] = {}
    for written, *parts in table("compounds.tsv"):
        pairs = [part.partition("=") for part in parts]
        found[written] = [Unit(frozenset(senses.split(",")), surface) for surface, _, senses in pairs]
    return found


def read_noun(cursor: Cursor) -> None:
    """Read the word here as a unit. A stem after お or ご (お読み) is a verb too."""
    here, meaning = cursor.here, cursor.meaning
    senses = cursor.senses()
    stem = stem_verbs(here.surface)
    for base, lemma in stem:
        senses |= words().senses(lemma, True) | {base}
    verb = bool(stem) and cursor.prefixed
    if verb and cursor.at(1).is_a("copula"):
        meaning.loose_aspect = True
    read_person(cursor)
    if here.is_a("asking") or senses & word_class("asking"):
        meaning.asking = True
    units = _compounds().get(here.surface)
    for unit in units or [Unit(senses, here.surface, cursor.particle(), verb, number=here.is_a("number"))]:
        cursor.add(unit)
