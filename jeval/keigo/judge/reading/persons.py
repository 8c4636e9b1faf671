"""Who is in a sentence, and with which particle."""

from __future__ import annotations

from jeval.keigo.judge.reading.cursor import Cursor
from jeval.keigo.persons import phrase_role


def read_person(cursor: Cursor) -> None:
    """Note the particle after the word here, where it names a person; the first time counts."""
    here = cursor.here
    role = phrase_role(here.surface)
    if not role and not here.is_a("person_name") and not cursor.at(1).is_a("name_suffix"):
        return
    who = "self" if role == "self" else here.lemma
    particle = cursor.particle()
    if particle and who not in cursor.meaning.persons:
        cursor.meaning.persons[who] = particle
