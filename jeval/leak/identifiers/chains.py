"""Chains of digit groups: what a number written in parts may consist of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jeval.leak.identifiers.labels import counts, label_of

# Groups of digits with at most three separating characters between them; linear, no nested repetition.
_GROUP = re.compile(r"[0-9]+")
_SEPARATOR = re.compile(r"(?:[ \t]?-[ \t]?|[ \t]{1,2}|[ \t]?\r?\n[ \t]?|の|\)[ \t]?|\([ \t]?|\.|,)\Z")
_MOST_GROUPS = 19
_FEWEST_DIGITS, _MOST_DIGITS = 6, 24
_PLAIN = frozenset(("", "-", " ", "\n", "\r\n"))
_INVOICE_MARK = re.compile(r"(?<![A-Za-z0-9])[Tt][- ]?\Z")
_NUMERO = re.compile(r"(?<![A-Za-z0-9])[Nn][Oo]\Z")


class Group(NamedTuple):
    """Digits that stand together. ``separator``: what parts them from the group before; ``None``: too much for one number."""

    start: int
    end: int
    separator: str | None


def runs(text: str) -> Iterator[list[Group]]:
    """Groups of folded text that a number may run through, as long as they are parted by no more than a separator."""
    run: list[Group] = []
    last = -1
    for match in _GROUP.finditer(text):
        start = match.start()
        separator = _separator(text[last:start]) if run else None
        if separator is None and run:
            yield run
            run = []
        last = match.end()
        run.append(Group(start, last, separator))
    if run:
        yield run


def _separator(between: str) -> str | None:
    if len(between) > 3 or not _SEPARATOR.match(between):
        return None
    return between.strip(" \t") or between[:1]


class Opening:
    """Where a number would begin, and what stands before it: asked once, whatever the length of the number.

    Attributes:
        text: the folded text; the first digit stands at ``start``.
        label: see :func:`jeval.leak.identifiers.labels.label_of`.
        invoice_mark: length of the ``T`` (and a hyphen or space behind it) that opens an invoice number; 0: there is none.
        before: the character before; "" at the beginning and behind ``No`` (№).
    """

    __slots__ = ("before", "invoice_mark", "label", "start", "text")

    def __init__(self, text: str, start: int) -> None:
        self.text, self.start = text, start
        self.label = label_of(text, start)
        head = text[max(0, start - 3) : start]
        mark = _INVOICE_MARK.search(head)
        self.invoice_mark = len(mark.group()) if mark else 0
        self.before = "" if _NUMERO.search(head) else head[-1:]

    def follows(self, character: str) -> bool:
        """Whether this character stands before."""
        return self.start > 0 and self.text[self.start - 1] == character


@dataclass(slots=True)
class Chain:
    """Digit groups that are read as one number.

    Attributes:
        opening: where it begins.
        end: where it ends in the folded text.
        groups: how many groups it has.
        digits: all its digits.
        shape: how many digits each group has.
        separators: what stands between its groups, each kind once.
    """

    opening: Opening
    end: int
    groups: int
    digits: str
    shape: tuple[int, ...]
    separators: str

    @property
    def size(self) -> int:
        """How many digits it has."""
        return len(self.digits)

    @property
    def label(self) -> str:
        """What the words before it announce."""
        return self.opening.label

    @property
    def plain(self) -> bool:
        """Whether only hyphens, or only blanks, or only line breaks part its groups."""
        return self.separators in _PLAIN

    @property
    def runs_on(self) -> bool:
        """Whether a letter follows."""
        after = self.opening.text[self.end : self.end + 1]
        return after.isascii() and after.isalpha()

    @property
    def joined(self) -> bool:
        """Whether it is the end of something longer: letters, a decimal, an amount, a path."""
        before = self.opening.before
        if before == ",":  # a cell of comma-separated values; digits grouped by three are an amount
            return self.shape[0] == 3 and not (self.digits[0] == "0" and "-" in self.separators)
        return before != "" and before.isascii() and (before.isalnum() or before in "./\\$#@_")

    @property
    def counts(self) -> bool:
        """Whether what follows makes it a count or an amount."""
        return counts(self.opening.text, self.end)


def chains(opening: Opening, groups: Sequence[Group]) -> list[Chain]:
    """The numbers of 6 to 24 digits that may begin with the first of ``groups``, the shortest first."""
    found = []
    text, digits = opening.text, ""
    shape: list[int] = []
    separators: dict[str, None] = {}
    for count, group in enumerate(groups[:_MOST_GROUPS], 1):
        if count > 1:
            separators[group.separator or ""] = None
        digits += text[group.start : group.end]
        if len(digits) > _MOST_DIGITS:
            break
        shape.append(group.end - group.start)
        if len(digits) >= _FEWEST_DIGITS:
            found.append(Chain(opening, group.end, count, digits, tuple(shape), "".join(separators)))
    return found
