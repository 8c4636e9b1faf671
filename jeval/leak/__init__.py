"""Does text hold Japan's identifiers, and does an output give a secret away?"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jeval.leak.disclosure import leaked
    from jeval.leak.identifiers import Identifier, find_identifiers, mask

__all__ = ["Identifier", "find_identifiers", "leaked", "mask"]

_HOMES = dict.fromkeys(("Identifier", "find_identifiers", "mask"), "jeval.leak.identifiers")
_HOMES["leaked"] = "jeval.leak.disclosure"


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'jeval.leak' has no attribute {name!r}")
