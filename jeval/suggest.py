"""Near matches for names that were mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(given: str, known: Iterable[str], limit: int = 4) -> str:
    """ "did you mean …" for the closest known names, or the first known names when none is close."""
    names = sorted(known)
    matches = difflib.get_close_matches(given, names, n=limit, cutoff=0.5)
    if matches:
        return f"did you mean {', '.join(matches)}?"
    return f"known: {', '.join(names[:limit])}{' …' if len(names) > limit else ''}"
