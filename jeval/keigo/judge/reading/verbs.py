"""Verbs: what they say, or what they only do for the verb, noun or adjective before them."""

from __future__ import annotations

from jeval.keigo.judge.morphemes import NOTHING
from jeval.keigo.judge.reading.aspects import aspect_of
from jeval.keigo.judge.reading.before import after_bare_stem, after_copula, after_koto, after_noun, after_stem
from jeval.keigo.judge.reading.benefactives import read_benefactive
from jeval.keigo.judge.reading.cursor import Cursor
from jeval.keigo.judge.stems import is_potential, stem_verbs
from jeval.keigo.judge.tables import expression
from jeval.keigo.judge.units import Unit
from jeval.keigo.judge.words import words


def read_verb(cursor: Cursor) -> None:
    """Read the verb here. The first reading that fits counts; a verb that nothing else explains is a unit."""
    here, meaning = cursor.here, cursor.meaning
    meaning.has_verb = True
    on_stem = after_stem(cursor) or after_bare_stem(cursor)
    if _received_thing(cursor, on_stem) or _benefit(cursor, on_stem) or _being(cursor) or _aspect(cursor):
        return
    potential = here.is_a("lower_ichidan") and is_potential(here)
    meaning.potential += potential
    if _ability(cursor, on_stem) or _idle(cursor, on_stem) or _naru(cursor) or _formal(cursor) or _may_be(cursor):
        return
    _content(cursor)


def _received_thing(cursor: Cursor, on_stem: bool) -> bool:
    """ご注文をいただく: もらう itself, or the benefit of 注文してもらう."""
    if not (on_stem and cursor.here.is_a("receive", "give_me") and cursor.at(-1).is_a("wo")):
        return False
    cursor.meaning.loose_benefit = True
    _optional(cursor)
    return True


def _benefit(cursor: Cursor, on_stem: bool) -> bool:
    """読んでくださる, お読みいただく."""
    if not (cursor.here.is_a("benefactive") and (cursor.after_te or on_stem)):
        return False
    read_benefactive(cursor)
    return True


def _being(cursor: Cursor) -> bool:
    """お忙しくていらっしゃる: the adjective's predicate."""
    if not (cursor.here.is_a("being") and cursor.at(-1).is_a("te") and cursor.at(-2).is_a("adjective")):
        return False
    cursor.meaning.loose_aspect = True
    return True


def _aspect(cursor: Cursor) -> bool:
    """読んでいる, 読んでおいでになる."""
    if not cursor.after_te and not (cursor.prefixed and cursor.at(-2).is_a("te_de")):
        return False
    aspect = aspect_of(cursor.here)
    if aspect:
        cursor.meaning.aspects.append(aspect)
    return bool(aspect)


def _ability(cursor: Cursor, on_stem: bool) -> bool:
    """お読みできる, 説明できる, 読むことができる."""
    if not (cursor.here.is_a("dekiru") and (on_stem or after_noun(cursor) or after_koto(cursor))):
        return False
    cursor.meaning.potential += 1
    return True


def _idle(cursor: Cursor, on_stem: bool) -> bool:
    """お読みする, ご説明いたす, お待ち願う, お礼を申し上げる: the verb carries the stem before it."""
    here = cursor.here
    if not on_stem and not (here.is_a("suru") and after_noun(cursor)):
        return False
    if here.is_a("negau"):
        cursor.requested = True
    elif here.is_a("moushiageru") and cursor.at(-1).is_a("wo"):
        _optional(cursor)
    elif here.is_a("idle"):
        cursor.requested |= cursor.commanded
    else:
        return False
    return True


def _naru(cursor: Cursor) -> bool:
    """お読みになる, お読みにはなる, ご覧になる; お世話になる is a verb of its own."""
    step = -2 if cursor.at(-1).is_a("ha") else -1
    stem = cursor.at(step - 1)
    if not (cursor.here.is_a("naru") and cursor.at(step).is_a("ni")):
        return False
    return stem.is_a("goran") or (cursor.has_prefix(step - 1, 3) and not stem.is_a("idiom_stem"))


def _formal(cursor: Cursor) -> bool:
    """よろしゅうございます, 社長でいらっしゃる: ある behind an adjective or a copula."""
    before = cursor.at(-1)
    if cursor.here.is_a("aru") and before.is_a("adjective") and expression("adverbial").search(before.surface):
        return True
    if not (cursor.here.is_a("copula_verb") and after_copula(cursor)):
        return False
    cursor.meaning.loose_aspect = True
    return True


def _may_be(cursor: Cursor) -> bool:
    """かもしれない: a guess, and its ない denies nothing."""
    if not (cursor.here.is_a("shireru") and cursor.at(-1).is_a("mo") and cursor.at(2) is not NOTHING):
        return False
    cursor.meaning.guess = True
    cursor.meaning.negative -= 1
    return True


def _content(cursor: Cursor) -> None:
    """A verb of its own, by its lemma, its written base and, after お, by the verbs whose stem it looks like."""
    here, meaning, prefixed = cursor.here, cursor.meaning, cursor.prefixed
    senses = cursor.senses() | words().senses(here.orth_base, prefixed)
    if prefixed:
        for _, lemma in stem_verbs(here.surface):
            senses |= words().senses(lemma, True)
        if here.is_a("zonzuru") or cursor.at(1).is_a("copula"):
            meaning.loose_aspect = True
    meaning.volition = here.is_a("volitional")
    cursor.add(Unit(senses, here.surface, cursor.particle(), verb=True))
    cursor.requested |= cursor.commanded


def _optional(cursor: Cursor) -> None:
    """A verb that a rendering may leave out."""
    here = cursor.here
    cursor.add(Unit(words().senses(here.lemma, False), here.surface, verb=True, optional=True))
