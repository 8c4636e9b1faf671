"""Aspect: 〜ている, 〜てみる, 〜ておく, 〜てしまう are neither lost nor added.

A movement (〜ていく, 〜てくる) may come and go, and a state may where the verb is a state anyway (待つ → お待ちする) or has no 謙譲語II of
its own (毎朝読みます → 読んでおります).

Refused: 社長が本を読む。 → 社長が本を読んでいらっしゃいます。 (sonkeigo: aspect added)
Accepted: 社長が本を読んでいる。 → 社長が本を読んでいらっしゃいます。 (sonkeigo)
"""

from __future__ import annotations

from jeval.keigo.judge.comparison import Comparison
from jeval.keigo.judge.tables import word_class
from jeval.keigo.judge.units import Meaning


def reasons(compared: Comparison) -> list[str]:
    """One reason at most."""
    left = list(compared.said.aspects)
    for aspect in compared.given.aspects:
        kept = next((one for one in left if one & aspect), None)
        if kept is not None:
            left.remove(kept)
        elif not ("go" in aspect or _may_lose_state(compared)):
            return ["aspect lost"]
    for aspect in left:
        free = _may_add_state(compared) if "state" in aspect else "go" in aspect or aspect == {"ahead"}
        if not free:
            return ["aspect added"]
    return []


def _may_lose_state(compared: Comparison) -> bool:
    return compared.said.loose_aspect or _stative(compared.given) or _stative(compared.said)


def _may_add_state(compared: Comparison) -> bool:
    given = compared.given
    return given.loose_aspect or _stative(given) or (compared.target == "kenjogo2" and _habit_without_kenjogo2(given))


def _habit_without_kenjogo2(given: Meaning) -> bool:
    """A habit told with a verb that has no 謙譲語II of its own."""
    if not given.verbs or given.past or given.question or given.request:
        return False
    return given.verbs[-1].senses.isdisjoint(word_class("has_kenjogo2"))


def _stative(meaning: Meaning) -> bool:
    units = meaning.verbs or meaning.units
    return bool(units) and not units[-1].senses.isdisjoint(word_class("stative"))
