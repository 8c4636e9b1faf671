"""From text to :class:`~jeval.keigo.judge.units.Meaning`.

Morphemes come from the analyser's tagger. 〜ます, お〜になる, 〜ていただく and the like leave the units alone; special verbs
(おっしゃる, 伺う …) become the set of plain verbs that they can stand for.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jeval.keigo.judge.morphemes import Morpheme, morphemes
from jeval.keigo.judge.reading.auxiliaries import read_auxiliary
from jeval.keigo.judge.reading.cursor import Cursor
from jeval.keigo.judge.reading.nouns import read_noun
from jeval.keigo.judge.reading.persons import read_person
from jeval.keigo.judge.reading.phrases import read_phrase
from jeval.keigo.judge.reading.verbs import read_verb
from jeval.keigo.judge.tables import compiled, expression, table, table_path
from jeval.keigo.judge.units import Meaning, Unit
from jeval.keigo.knowledge import knowledge
from jeval.keigo.normalise import normalise
from jeval.keigo.text import sentences

__all__ = ["Meaning", "Unit", "read"]


@lru_cache(maxsize=1)
def _respellings() -> list[tuple[re.Pattern[str], str]]:
    where = str(table_path("respellings.tsv"))
    return [(compiled(source, where), plain) for source, plain, *_ in table("respellings.tsv")]


def read(text: str) -> Meaning:
    """The meaning of ``text``, politeness apart."""
    for pattern, plain in _respellings():
        text = pattern.sub(plain, text)
    meaning = Meaning()
    for sentence in sentences(normalise(text), knowledge()):
        found = morphemes(sentence.text)
        if any(one.is_a("known") for one in found):
            meaning.sentences += 1
            _read_sentence(found, sentence.text.strip(), meaning)
    return meaning


def _read_sentence(found: list[Morpheme], text: str, meaning: Meaning) -> None:
    """Read one sentence; tense, intention, guess and question are those of the last one."""
    meaning.past = meaning.volition = meaning.guess = False
    meaning.question = bool(expression("question").search(text)) and not expression("no_question").search(text)
    cursor = Cursor(found, meaning)
    while cursor.index < len(found):
        length = read_phrase(cursor)
        if not length:
            _read_morpheme(cursor)
        cursor.index += length or 1
    meaning.request |= cursor.requested or _asks(found, text)


def _read_morpheme(cursor: Cursor) -> None:
    """Hand the morpheme here to the reader of its sort; particles and marks say nothing of their own."""
    here = cursor.here
    if here.is_a("auxiliary", "nai"):
        read_auxiliary(cursor)
    elif here.is_a("prefix", "unread"):
        return
    elif here.is_a("verb"):
        read_verb(cursor)
    elif here.is_a("drop"):
        read_person(cursor)
    elif here.is_a("hoshii") and cursor.after_te:
        cursor.requested = True
    elif not here.is_a("person_suffix"):
        read_noun(cursor)


def _asks(found: list[Morpheme], text: str) -> bool:
    """Whether a sentence asks for something by how it ends: お待ちを願います, 待って, 待ってね, 待て."""
    if expression("wish_of_another").search(text) or expression("closing_request").search(text):
        return True
    last = [one for one in found if not one.is_a("mark")][-2:]
    if not last:
        return False
    if last[-1].is_a("conjunctive") or (last[-1].is_a("imperative") and not last[-1].is_a("masu")):
        return True
    return len(last) == 2 and last[-1].is_a("ne_yo") and last[-2].is_a("te")
