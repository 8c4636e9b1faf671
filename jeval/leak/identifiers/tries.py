"""Many words as one regular expression that reads each character of the text about once."""

from __future__ import annotations

import re
from collections import defaultdict
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


def pairs(words: Iterable[str]) -> str:
    """As :func:`trie`, of words of at least two characters, and faster in a text that has few of them: the first two characters
    are looked up in sets before any word is tried.
    """
    seconds: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    firsts = set()
    for word in words:
        firsts.add(word[0])
        seconds[word[1]][word[0]].append(word[2:])
    branches = []
    for second, tails in seconds.items():
        alike: dict[str, set[str]] = defaultdict(set)
        for first, rests in tails.items():
            alike[trie(rests)].add(first)
        ways = [f"(?<={_set(first)}{re.escape(second)}){rest}" for rest, first in alike.items()]
        branches.append(f"{re.escape(second)}(?:{'|'.join(ways)})")
    return f"{_set(firsts)}(?={_set(seconds)})(?:{'|'.join(branches)})"


def _set(characters: Iterable[str]) -> str:
    return f"[{''.join(map(re.escape, sorted(characters)))}]"


def _expression(node: dict[str, dict]) -> str:  # type: ignore[type-arg]
    branches = [re.escape(first) + _expression(rest) for first, rest in sorted(node.items()) if first]
    if not branches:
        return ""
    if all(len(first) == 1 and set(rest) == {""} for first, rest in node.items() if first) and len(branches) > 1:
        inside = f"[{''.join(branches)}]"
    else:
        inside = f"(?:{'|'.join(branches)})" if len(branches) > 1 or "" in node else branches[0]
    return f"{inside}?" if "" in node else inside
