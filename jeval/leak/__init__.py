"""Does text hold Japan's identifiers, and does an output give a secret away? Everything is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jeval.lazy import attributes

if TYPE_CHECKING:
    from jeval.leak.disclosure import leaked
    from jeval.leak.identifiers import Identifier, find_identifiers, mask

__all__ = ["Identifier", "find_identifiers", "leaked", "mask"]

__getattr__ = attributes(
    __name__,
    {
        **dict.fromkeys(("Identifier", "find_identifiers", "mask"), "jeval.leak.identifiers"),
        "leaked": "jeval.leak.disclosure",
    },
)
