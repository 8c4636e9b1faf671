"""Financial regulation: items tied to the statute they rest on, the check that notices when the law moves, matching of
quantities. Everything is imported on first use.
"""

from __future__ import annotations

from jeval.lazy import attributes

__all__ = ["in_force", "load", "matches", "parse"]

__getattr__ = attributes(
    __name__,
    {
        "in_force": "jeval.finreg.force",
        "load": "jeval.finreg.bank",
        "matches": "jeval.finreg.answer",
        "parse": "jeval.finreg.quantity",
    },
)
