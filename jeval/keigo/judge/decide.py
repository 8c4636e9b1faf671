"""Whether an answer is a rendering of a sentence: every ground of refusal in turn, the weightiest first."""

from __future__ import annotations

from collections.abc import Mapping

from jeval.keigo.judge.comparison import Comparison
from jeval.keigo.judge.grounds import content, grammar, honorific, misuse, persons


def reasons_against(source: str, target: str, answer: str, context: Mapping[str, object] | None) -> list[str]:
    """Why ``answer`` is not a rendering of ``source`` with honorific type ``target``; empty when it is one."""
    compared = Comparison(source, answer, target, context)
    found = [reason for ground in (misuse, content, grammar, persons, honorific) for reason in ground.reasons(compared)]
    return list(dict.fromkeys(found))


def content_changes(given: str, answer: str, context: Mapping[str, object] | None = None) -> list[str]:
    """What ``answer`` says more, less or otherwise than ``given``, politeness apart; empty when they say the same."""
    compared = Comparison(given, answer, "sonkeigo", context)
    changes = content.reasons(compared)
    changes += [reason for reason in grammar.reasons(compared) if not reason.startswith("aspect")]
    return list(dict.fromkeys(changes))
