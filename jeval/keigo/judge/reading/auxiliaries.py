"""Auxiliaries after a predicate: negation, tense, wish, hearsay, guess, れる・られる, せる・させる."""

from __future__ import annotations

from jeval.keigo.judge.morphemes import NOTHING
from jeval.keigo.judge.reading.aspects import aspect_of
from jeval.keigo.judge.reading.cursor import Cursor
from jeval.keigo.judge.stems import is_potential
from jeval.keigo.judge.tables import expression, word_class
from jeval.keigo.judge.units import Unit


def read_auxiliary(cursor: Cursor) -> None:
    """Read the auxiliary here into the grammar of the sentence."""
    here, meaning = cursor.here, cursor.meaning
    if here.is_a("negation") and not here.is_a("mai"):
        _negation(cursor)
    elif here.is_a("past"):
        meaning.past = True
    elif here.is_a("rashii"):
        meaning.hearsay = True
    elif here.is_a("tai"):
        meaning.wish = True
    elif here.is_a("causative"):
        _causative(cursor)
    elif here.is_a("reru"):
        meaning.reru += 1
    elif here.is_a("te_irassharu"):
        meaning.aspects.append(aspect_of(here))
    elif here.is_a("copula_auxiliary") and here.is_a("volitional"):
        meaning.guess |= not (cursor.at(1).is_a("ka") or cursor.at(2).is_a("ka"))
    if here.is_a("volitional") and not here.is_a("copula_auxiliary"):
        meaning.volition = True


def _negation(cursor: Cursor) -> None:
    """〜ない; ない of its own is the verb ある denied; くださいませんか asks politely, 〜ないでください forbids."""
    here, before, meaning = cursor.here, cursor.at(-1), cursor.meaning
    if here.is_a("adjective") and before is not NOTHING and not expression("negated").search(before.surface):
        meaning.units.append(Unit(word_class("existence"), here.surface, verb=True))
    meaning.negative += 1
    meaning.polite_negative += before.is_a("benefactive") or cursor.at(-2).is_a("benefactive")
    if cursor.at(1).is_a("de", "ni"):
        meaning.prohibited += cursor.at(2).is_a("benefactive") or cursor.at(3).is_a("benefactive")


def _causative(cursor: Cursor) -> None:
    """〜させる; with a benefit behind it, it asks for permission or humbles: 〜させていただく, お聞かせください."""
    meaning, after, later = cursor.meaning, cursor.at(1), cursor.at(2)
    if after.is_a("te") and later.is_a("receive", "ask_to_give"):
        meaning.permission += later.is_a("ask_to_give") or is_potential(later)
        meaning.receive -= later.is_a("receive")
        meaning.give_me -= later.is_a("ask_to_give")
    elif after.is_a("receive", "give_me", "negau"):
        meaning.permission += 1
        meaning.receive -= after.is_a("receive")
        meaning.give_me -= after.is_a("ask_to_give")
    else:
        meaning.causative += 1
