"""For whom something is done: 〜てくれる, 〜ていただく, お〜ください; and where they ask for it."""

from __future__ import annotations

from jeval.keigo.judge.reading.cursor import Cursor
from jeval.keigo.judge.stems import is_potential
from jeval.keigo.judge.tables import expression


def read_benefactive(cursor: Cursor) -> None:
    """Count the benefit that the verb here gives, and note a request."""
    here, meaning = cursor.here, cursor.meaning
    if here.is_a("give_me"):
        meaning.give_me += 1
    elif here.is_a("receive"):
        meaning.receive += 1
    else:
        meaning.give += 1
    if here.is_a("ask_to_give"):
        cursor.requested |= _asks_to_give(cursor)
    elif here.is_a("receive"):
        cursor.requested |= _asks_to_receive(cursor)


def _asks_to_give(cursor: Cursor) -> bool:
    """ください, くださいませ, くれ, くださいますか."""
    here, rest = cursor.here, cursor.rest()
    if here.is_a("imperative") or expression("mase").match(rest):
        return True
    if here.is_a("kure") and expression("end").match(rest):
        return True
    return cursor.meaning.question and bool(expression("final").match(rest))


def _asks_to_receive(cursor: Cursor) -> bool:
    """いただけますか, いただければ, いただきたい."""
    rest = cursor.rest()
    if expression("wanted").match(rest):
        return True
    if not (cursor.here.is_a("lower_ichidan") and is_potential(cursor.here)):
        return False
    return bool(expression("asked_if").match(rest)) or (
        cursor.meaning.question and bool(expression("final").match(rest))
    )
