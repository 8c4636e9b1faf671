"""Misuse: none of the eleven errors of the analyser may occur in the answer.

An answer with an error is no model of honorific speech, whatever else it says. 拝見 and its like are looked for once more,
because the analyser reads a subject far from its verb with caution.

Refused: 社長が来る。 → 社長がいらっしゃられます。 (sonkeigo: misuse: double_honorific (いらっしゃられ))
Accepted: 社長が来る。 → 社長がいらっしゃいます。 (sonkeigo)
"""

from __future__ import annotations

from jeval.keigo.judge.comparison import Comparison
from jeval.keigo.judge.tables import expression


def reasons(compared: Comparison) -> list[str]:
    """One reason for each misuse in the answer."""
    found = [f"misuse: {error.type} ({error.surface})" for error in compared.after.errors]
    if humbled := expression("humble_reader").search(compared.answer):
        found.append(f"misuse: kenjo_for_superior ({humbled[2]})")
    return found
