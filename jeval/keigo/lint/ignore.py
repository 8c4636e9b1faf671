"""Comments that switch rules off: for a line, the next line, a block or the file.

``keigo-disable`` … ``keigo-enable``, ``keigo-disable-line``, ``keigo-disable-next-line``, ``keigo-disable-file``, each alone or followed
by rules or error types; ``textlint-disable`` … ``textlint-enable`` without rules means the same.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from jeval.errors import InputError
from jeval.keigo.files import Places
from jeval.keigo.knowledge import knowledge
from jeval.keigo.types import ERROR_TYPES
from jeval.suggest import near

_COMMENT = re.compile(
    r"(?:<!--|/\*|//|\{#|(?:^|[ \t])[#%;])[ \t]*(?P<tool>(?:jeval-)?keigo|textlint)-(?P<what>disable|enable)(?P<reach>-next-line|-line|-file)?"
    r"(?P<rules>[ \t:]+[^\r\n]*?)?[ \t]*(?:-->|\*/|#\}|$)",
    re.MULTILINE,
)
_NAMES = re.compile(r"[\w/-]+")


class Stretch(NamedTuple):
    """Lines, from 1, both inclusive, in which rules are off: those named, or all where none is."""

    first: int
    last: int
    rules: frozenset[str]


def stretches(text: str, places: Places, name: str) -> list[Stretch]:
    """Where which rules are off.

    Raises:
        InputError: a comment names a rule that there is none of.
    """
    if "-disable" not in text:
        return []
    last = len(places)
    found: list[Stretch] = []
    open_at: dict[str, int] = {}  # rule, or "" for all, and the line it is off from
    for comment in _COMMENT.finditer(text):
        line = places.place(comment.start("tool"))[0]
        names = frozenset(_NAMES.findall(comment["rules"] or ""))
        if comment["tool"] == "textlint" and names:
            continue  # rules of textlint
        _check(names, f"{name}:{line}")
        if comment["reach"] == "-file":
            found.append(Stretch(1, last, names))
        elif comment["reach"]:
            at = line + (comment["reach"] == "-next-line")
            found.append(Stretch(at, at, names))
        elif comment["what"] == "disable":
            for rule in names or {""}:
                open_at.setdefault(rule, line)
        else:
            for rule in names or set(open_at):
                if rule in open_at:
                    found.append(Stretch(open_at.pop(rule), line, frozenset({rule} - {""})))
    found += [Stretch(line, last, frozenset({rule} - {""})) for rule, line in open_at.items()]
    return found


def is_off(off: list[Stretch], first: int, last: int, rule: str, kind: str) -> bool:
    """Whether a finding in these lines is switched off."""
    return any(
        one.first <= last and first <= one.last and (not one.rules or rule in one.rules or kind in one.rules)
        for one in off
    )


def _check(names: frozenset[str], where: str) -> None:
    known = {*knowledge().by_id, *ERROR_TYPES}
    for name in sorted(names - known):
        raise InputError(f"{where}: {name}: no such rule; {near(name, known)}")
