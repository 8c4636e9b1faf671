"""Chains of digit groups: what a number written in parts may consist of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jeval.leak.identifiers.labels import OTHER, counts
from jeval.leak.identifiers.pages import Page

#: What may part the digits of one number: tight, as a hyphen does, or loose, as a blank or a line break does.
_SEPARATOR = r"(?=[-() \t\r\nの./_・])(?:[ \t]?[-(][ \t]?|[ \t]?\)[ \t]?-?|-\)|[ \t]{1,3}|[ \t]?\r?\n[ \t]?|[の./_・])"
#: A run may be long (a list of numbers, one a line); it is read in pieces of so many groups.
_PIECE = 256
_RUN = re.compile(rf"[0-9]+(?:{_SEPARATOR}[0-9]+){{0,{_PIECE - 1}}}")
_GROUP = re.compile(r"([0-9]+)([^0-9]*)")
_DATE = re.compile(r"(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9]\Z")
_MOST_GROUPS = 24
_FEWEST_DIGITS, _MOST_DIGITS = 6, 21
#: How many digits the numbers of the kinds have; international telephone numbers up to 17.
_SIZES = frozenset({6, 7, 8, *range(10, 18), 21})
_PLAIN = frozenset(("", "-", " ", "\n"))
_INVOICE_MARK = re.compile(r"(?<![A-Za-z0-9])[Tt][- ]?\Z")
_NUMERO = re.compile(r"(?<![A-Za-z0-9])[Nn][Oo][.:]?\Z")
_WORD = re.compile(r"[A-Za-z]{2}[ ]\Z")

#: A chain before anybody asked what stands beside it: its end, its digits, the size of each group, its separators.
Digits = tuple[int, str, tuple[int, ...], str]
#: Groups of digits, for each but the first what parts it from the one before, and where each begins.
Groups = tuple[list[str], list[str], list[int]]


def runs(text: str) -> Iterator[tuple[int, Digits | None, Groups | None]]:
    """Digits of folded text that a number may run through, as long as they are parted by no more than a separator: where they
    begin, and either one chain (digits alone, or hyphened) or groups that several numbers may consist of.

    A run of many groups comes in pieces that overlap by as many groups as one number has, so time is linear in its length.
    """
    position = 0
    while True:
        overlap = -1
        for match in _RUN.finditer(text, position):
            start, end = match.span()
            if end - start < _FEWEST_DIGITS:
                continue
            run = match.group()
            digits = run if run.isdigit() else run.replace("-", "")
            if digits.isdigit():
                if len(digits) in _SIZES and not (end - start == 10 and _DATE.match(run)):
                    yield start, _whole(run, digits, end), None
                continue
            groups = _groups(run, start)
            yield start, None, groups
            if len(groups[0]) == _PIECE:
                overlap = groups[2][_PIECE - _MOST_GROUPS]
                break
        if overlap < 0:
            return
        position = overlap


def _whole(run: str, digits: str, end: int) -> Digits:
    if len(run) == len(digits):
        return end, digits, (len(run),), ""
    return end, digits, tuple(map(len, run.split("-"))), "-"


def _groups(run: str, start: int) -> Groups:
    digits: list[str] = []
    separators: list[str] = [""]
    starts: list[int] = []
    for group, between in _GROUP.findall(run):
        digits.append(group)
        starts.append(start)
        start += len(group) + len(between)
        separators.append(
            between
            if len(between) == 1 and between != "\t"
            else between.strip(" \t\r") or between[:1].replace("\t", " ")
        )
    return digits, separators, starts


class Opening:
    """Where a number would begin, and what stands before it: asked once, whatever the length of the number.

    Attributes:
        page: the page; the first digit stands at ``start``.
        label: see :meth:`jeval.leak.identifiers.pages.Page.label`; behind a bare word in Latin letters it is another thing's.
        before: the character before; "" at the beginning, behind ``No`` (№) and where a label is glued to the number (TEL.03).
        invoice_mark: length of the ``T`` (and a hyphen or space behind it) that opens an invoice number; 0: there is none.
    """

    __slots__ = ("before", "invoice_mark", "label", "page", "start")

    def __init__(self, page: Page, start: int) -> None:
        self.page, self.start = page, start
        text = page.text
        self.label = page.label(start)
        self.invoice_mark = 0
        before = self.before = text[start - 1] if start else ""
        if not before.isascii() or not before:
            return
        ahead = before if before not in "- " else text[start - 2 : start - 1]
        if ahead in ("T", "t"):
            mark = _INVOICE_MARK.search(text, max(0, start - 3), start)
            self.invoice_mark = len(mark.group()) if mark else 0
        if before == " " and self.label == "" and ahead.isascii() and _WORD.search(text, max(0, start - 3), start):
            self.label = OTHER
        if before.isalpha() or before in "./_#@=:":
            glued = page.ends_label(start if before.isalpha() else start - 1)
            if glued or _NUMERO.search(text, max(0, start - 4), start):
                self.before = ""

    @property
    def joined(self) -> bool:
        """Whether the number is the end of something longer: letters, a decimal, a path."""
        before = self.before
        return before != "" and before.isascii() and (before.isalnum() or before in "./\\$#@_")


class Chain:
    """Digit groups that are read as one number.

    Attributes:
        opening: where it begins; ``label``: what the words before it announce.
        end: where it ends in the folded text.
        groups: how many groups it has.
        digits: all its digits; ``size``: how many.
        shape: how many digits each group has.
        separators: what stands between its groups, each kind once.
    """

    __slots__ = ("digits", "end", "groups", "label", "opening", "separators", "shape", "size")

    def __init__(self, opening: Opening, end: int, digits: str, shape: tuple[int, ...], separators: str) -> None:
        self.opening, self.label, self.end = opening, opening.label, end
        self.digits, self.size, self.shape, self.groups = digits, len(digits), shape, len(shape)
        self.separators = separators

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
    def amount(self) -> bool:
        """Whether a comma stands before: a cell of comma-separated values, or, grouped by three, the end of an amount."""
        return (
            self.opening.before == "," and self.shape[0] == 3 and not (self.digits[0] == "0" and "-" in self.separators)
        )

    @property
    def counts(self) -> bool:
        """Whether what follows makes it a count or an amount."""
        return counts(self.opening.page.text, self.end)


def candidates(groups: Groups, first: int) -> list[Digits]:
    """The numbers of a size that a kind has which may begin with group ``first``, the shortest first.

    A number ends where no hyphen follows: the first digits of a longer hyphened chain are none.
    """
    parts, between, starts = groups
    found = []
    digits = ""
    shape: list[int] = []
    separators = ""
    for place in range(first, min(len(parts), first + _MOST_GROUPS)):
        part = parts[place]
        if place > first and between[place] not in separators:
            separators += between[place]
            if len(separators) > 4:
                break
        shape.append(len(part))
        digits += part
        size = len(digits)
        if size > _MOST_DIGITS:
            break
        if size in _SIZES and between[place + 1] != "-":
            found.append((starts[place] + len(part), digits, tuple(shape), separators))
    return found


def together(groups: Groups, index: int) -> int:
    """How many groups hang together by hyphens, from the one at ``index`` on; digits one by one are all one."""
    parts, between, _ = groups
    place, size = index + 1, len(parts)
    while place < size and between[place] == "-":
        place += 1
    if len(parts[index]) == 1 and place == index + 1:
        while place < size and len(parts[place]) == 1:
            place += 1
    return place - index
