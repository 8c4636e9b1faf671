"""Content: every word of the source is in the answer, and no other.

A rendering changes the politeness of a sentence, not what it says. Words are compared by the plain words they can stand for
(``conversion.tsv``); pronouns of the speaker and formal nouns may come and go, polite words and openings may be added, and
so may what the context names.

Refused: 社長が来る。 → 部長がいらっしゃいます。 (sonkeigo: lost: 社長)
Accepted: 先生の家に行く。 → 先生のお宅に伺います。 (kenjogo1)
"""

from __future__ import annotations

from jeval.keigo.judge.comparison import Comparison
from jeval.keigo.judge.tables import expression, word_class
from jeval.keigo.judge.units import Unit


def reasons(compared: Comparison) -> list[str]:
    """What is lost and what is added."""
    if not compared.given.units:
        return ["nothing to convert"]
    found = []
    for name, units in (("lost", _lost(compared)), ("added", _added(compared))):
        if units:
            found.append(f"{name}: " + " ".join(unit.surface for unit in units))
    return found


def _lost(compared: Comparison) -> list[Unit]:
    free = word_class("drop") | word_class("spare")
    if compared.requested:
        free |= word_class("request_word")
    return [unit for unit in compared.lost if free.isdisjoint(unit.senses)]


def _added(compared: Comparison) -> list[Unit]:
    given, said = compared.given, compared.said
    free = word_class("drop") | word_class("spare") | word_class("polite")
    if compared.requested or given.wish or said.wish:
        free |= word_class("polite_request")
    known = "".join(str(value) for value in (compared.context or {}).values())
    opening = expression("cushion").match(compared.answer)
    return [
        unit
        for unit in compared.added
        if free.isdisjoint(unit.senses) and unit.surface not in known and not (opening and unit.surface in opening[0])
    ]
