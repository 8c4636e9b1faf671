"""Text with its safe suggestions in it: what ``jeval keigo --fix`` writes and ``--diff`` shows.

A suggestion is safe where its rule says so (``safe`` in ``rules.yaml``): the right form follows from the wrong one and means the same,
whoever speaks. The rest is for a person to decide.
"""

from __future__ import annotations

from collections.abc import Mapping

from jeval.keigo.analysis import analyze
from jeval.keigo.knowledge import knowledge
from jeval.keigo.types import Misuse

_ROUNDS = (
    50  # misuses mended in one text; each takes an analysis, because what is right depends on what stands around it
)


def is_safe(error: Misuse) -> bool:
    """Whether the suggestion may be applied unasked."""
    return error.suggestion is not None and knowledge().by_id[error.rule].safe


def mended(text: str, context: Mapping[str, object] | None = None) -> str:
    """``text`` with every safe suggestion applied, one after the other."""
    for _ in range(_ROUNDS):
        error = next((one for one in analyze(text, context).errors if is_safe(one)), None)
        if error is None or error.suggestion is None:
            break
        text = text[: error.start] + error.suggestion + text[error.end :]
    return text
