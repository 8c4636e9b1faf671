"""Many words as one regular expression that reads each character of the text about once."""

from __future__ import annotations

import re
from collections.abc import Iterable


def trie(words: Iterable[str]) -> str:
    """An expression that matches the longest of ``words`` at a place, those with a common beginning sharing it."""
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for word in words:
        node = tree
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}
    return _expression(tree)


def _expression(node: dict[str, dict]) -> str:  # type: ignore[type-arg]
    branches = [re.escape(first) + _expression(rest) for first, rest in sorted(node.items()) if first]
    if not branches:
        return ""
    if all(len(first) == 1 and set(rest) == {""} for first, rest in node.items() if first) and len(branches) > 1:
        inside = f"[{''.join(branches)}]"
    else:
        inside = f"(?:{'|'.join(branches)})" if len(branches) > 1 or "" in node else branches[0]
    return f"{inside}?" if "" in node else inside
