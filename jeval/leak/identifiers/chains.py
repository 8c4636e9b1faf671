"""Chains of digit groups: what a number written in parts may consist of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from jeval.leak.identifiers.labels import OTHER, counts
from jeval.leak.identifiers.pages import Page

#: What may part the digits of one number: tight, as a hyphen does, or loose, as a blank or a line break does.
_SEPARATOR = r"(?:[ \t]?[-(][ \t]?|[ \t]?\)[ \t]?-?|-\)|[ \t]{1,2}|[ \t]?\r?\n[ \t]?|[の./_・])"
#: A run may be long (a list of numbers, one a line); it is read in pieces of so many groups.
_PIECE = 256
_RUN = re.compile(rf"[0-9]+(?:{_SEPARATOR}[0-9]+){{0,{_PIECE - 1}}}")
_GROUP = re.compile(r"([0-9]+)([^0-9]*)")
_MOST_GROUPS = 24
_FEWEST_DIGITS, _MOST_DIGITS = 6, 24
_LOOSE = frozenset((" ", "\n"))
_PLAIN = frozenset(("", "-", " ", "\n"))
_INVOICE_MARK = re.compile(r"(?<![A-Za-z0-9])[Tt][- ]?\Z")
_NUMERO = re.compile(r"(?<![A-Za-z0-9])[Nn][Oo][.:]?\Z")
_WORD = re.compile(r"[A-Za-z]{2}[ ]\Z")
_GLUE = frozenset("./:#_-@=([ ")


class Group(NamedTuple):
    """Digits that stand together. ``separator``: what parts them from the group before; "" at the beginning of a run."""

    start: int
    end: int
    separator: str


def runs(text: str) -> Iterator[list[Group]]:
    """Groups of folded text that a number may run through, as long as they are parted by no more than a separator.

    A run of many groups comes in pieces that overlap by as many groups as one number has, so time is linear in its length.
    """
    position = 0
    while True:
        match = _RUN.search(text, position)
        if match is None:
            return
        start, position = match.span()
        if position - start < _FEWEST_DIGITS:
            continue
        groups = _groups(text, start, position)
        if len(groups) == _PIECE:
            position = groups[_PIECE - _MOST_GROUPS].start
        yield groups


def _groups(text: str, start: int, end: int) -> list[Group]:
    groups: list[Group] = []
    separator = ""
    for match in _GROUP.finditer(text, start, end):
        groups.append(Group(match.start(), match.end(1), separator))
        between = match.group(2)
        separator = between.strip(" \t\r") or between[:1].replace("\t", " ")
    return groups


class Opening:
    """Where a number would begin, and what stands before it: asked once, whatever the length of the number.

    Attributes:
        page: the page; the first digit stands at ``start``.
        invoice_mark: length of the ``T`` (and a hyphen or space behind it) that opens an invoice number; 0: there is none.
    """

    __slots__ = ("__dict__", "invoice_mark", "page", "start")

    def __init__(self, page: Page, start: int) -> None:
        self.page, self.start = page, start
        mark = _INVOICE_MARK.search(page.text, max(0, start - 3), start) if start else None
        self.invoice_mark = len(mark.group()) if mark else 0

    @cached_property
    def label(self) -> str:
        """See :meth:`jeval.leak.identifiers.pages.Page.label`; behind a bare word in Latin letters it is another thing's."""
        label = self.page.label(self.start)
        if label == "" and _WORD.search(self.page.text, max(0, self.start - 3), self.start):
            return OTHER
        return label

    @cached_property
    def before(self) -> str:
        """The character before; "" at the beginning, behind ``No`` (№) and where a label is glued to the number (TEL.03)."""
        text, start = self.page.text, self.start
        if _NUMERO.search(text, max(0, start - 4), start):
            return ""
        before = text[start - 1 : start] if start else ""
        if before and before in "./_#@=" or before.isascii() and before.isalpha():
            return "" if self.page.ends_label(start if before.isalpha() else start - 1) else before
        return before

    def follows(self, character: str) -> bool:
        """Whether this character stands before."""
        return self.start > 0 and self.page.text[self.start - 1] == character


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
        after = self.opening.page.text[self.end : self.end + 1]
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
        return counts(self.opening.page.text, self.end)


def chains(opening: Opening, groups: Sequence[Group], first: int) -> list[Chain]:
    """The numbers of 6 to 24 digits that may begin with group ``first``, the shortest first.

    A number ends where no tight separator follows: the first digits of a longer hyphened chain are none.
    """
    found = []
    text, digits = opening.page.text, ""
    shape: list[int] = []
    separators: dict[str, None] = {}
    last = min(len(groups), first + _MOST_GROUPS)
    for place in range(first, last):
        group = groups[place]
        if place > first:
            separators[group.separator] = None
            if len(separators) > 3:
                break
        shape.append(group.end - group.start)
        digits += text[group.start : group.end]
        if len(digits) > _MOST_DIGITS:
            break
        if len(digits) >= _FEWEST_DIGITS and not tight(groups, place + 1):
            found.append(Chain(opening, group.end, place - first + 1, digits, tuple(shape), "".join(separators)))
    return found


def tight(groups: Sequence[Group], place: int) -> bool:
    """Whether the group at ``place`` belongs to the one before it."""
    return place < len(groups) and groups[place].separator == "-"
