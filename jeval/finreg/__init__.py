"""Financial regulation: items tied to the statute they rest on, the check that notices when the law moves, matching of
quantities. Everything is imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["in_force", "load", "matches", "parse"]

_LAZY = {
    "in_force": "jeval.finreg.force",
    "load": "jeval.finreg.bank",
    "matches": "jeval.finreg.answer",
    "parse": "jeval.finreg.quantity",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'jeval.finreg' has no attribute {name!r}")
