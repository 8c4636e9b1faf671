"""Grammar: request, negation, tense, question, wish, hearsay, guess, intention, permission and causative stay.

They are what the predicate says about the act; a rendering may say them otherwise (なければ → ませんと), but not say another.
Inside a request only what is asked for counts: くださいませんか denies nothing.

Refused: 社長が来る。 → 社長がいらっしゃいました。 (sonkeigo: tense changed)
Accepted: 社長が来た。 → 社長がいらっしゃいました。 (sonkeigo)
"""

from __future__ import annotations

from jeval.keigo.judge.comparison import Comparison
from jeval.keigo.judge.grounds import aspect, voice


def reasons(compared: Comparison) -> list[str]:
    """What the predicates say otherwise."""
    given, said = compared.given, compared.said
    found = _changed("request", given.request, said.request)
    if not compared.requested:
        found += _statement(compared) + voice.reasons(compared)
    elif (given.negative - given.polite_negative) % 2 != (said.negative - said.polite_negative) % 2:
        found.append("negation changed")
    found += _changed("negation", given.prohibited, said.prohibited)
    if given.permission != said.permission and (given.request or said.request):
        found.append("permission asked" if said.permission else "permission no longer asked")
    if given.causative != said.causative:
        found.append("causative changed")
    return found + aspect.reasons(compared)


def _statement(compared: Comparison) -> list[str]:
    """Of a statement or a question."""
    given, said = compared.given, compared.said
    found = _changed("negation", given.negative % 2, said.negative % 2)
    if given.past != said.past and not (given.past and said.loose_aspect):
        found.append("tense changed")
    found += _question(compared)
    found += _changed("wish", given.wish, said.wish)
    found += _changed("hearsay", given.hearsay, said.hearsay)
    found += _changed("guess", given.guess, said.guess)
    asks_what_is_wished = given.question and said.question and given.volition != given.wish
    if given.volition != said.volition and not asks_what_is_wished:
        found.append("intention changed")
    return found


def _question(compared: Comparison) -> list[str]:
    """A question by its mark or by its question word; the mark may not be lost."""
    given, said = compared.given, compared.said
    if given.question and not said.question:
        return ["question lost"]
    return _changed("question", given.question or given.asking, said.question or said.asking)


def _changed(what: str, before: int, after: int) -> list[str]:
    if before == after:
        return []
    return [f"{what} lost" if before else f"{what} added"]
