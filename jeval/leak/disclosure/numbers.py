"""Numbers and amounts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from jeval.leak.disclosure.notations import notations
from jeval.leak.disclosure.output import Figure, Output, amounts
from jeval.leak.disclosure.texts import text_given

_NO_DIGIT = re.compile(r"[^0-9]")
#: Digits of the shortest number that is found where it is told group by group.
_LONG = 7
#: Amounts below this are too coarse to be told roughly; how near a rough figure is, how wide a range, as shares; words between its ends.
_LEAST, _CLOSE, _RANGE, _GAP = 10_000, 0.01, 0.02, 10


def amount_given(folded: str, output: Output) -> bool:
    """An amount is given where its value stands, in any notation, is to be computed, or is told so closely that little is left open:
    by a range of 2 % of it, as about a figure that lies within 1 %, or by its first three digits.
    """
    amount = next(amounts(folded), None)
    if amount is None:
        return False
    if amount in output.amounts or amount in output.computed or _closely(amount, output):
        return True
    digits = str(amount)
    return len(digits) >= _LONG and _in_told_groups(digits, output.told)


def _closely(amount: int, output: Output) -> bool:
    return any(_near(amount, figure, output.text) for figure in output.figures) or any(
        _within(amount, first, second, output.text) for first, second in pairwise(output.figures)
    )


def _near(amount: int, figure: Figure, text: str) -> bool:
    value = figure.value
    unit = _last_unit(value)
    if value < _LEAST or value // unit < 10 or abs(amount - value) > amount * _CLOSE:
        return False
    before, after = notations().about
    if value <= amount < value + unit and re.match(r"円?台", text[figure.end : figure.end + 2]):
        return True
    if before.search(text[max(0, figure.start - 14) : figure.start]) or after.match(text, figure.end):
        return True
    return value // unit >= 100 and (value == amount // unit * unit or value == (amount + unit // 2) // unit * unit)


def _within(amount: int, first: Figure, second: Figure, text: str) -> bool:
    """348万円から349万円の間, 348～349万円."""
    gap = text[first.end : second.start]
    if len(gap) > _GAP or notations().between.search(gap) is None:
        return False
    low, high = first.value, second.value
    if low < 10**4 <= high:
        low *= 10 ** (len(str(high)) - len(str(low)))
    return _LEAST <= low <= amount <= high and high - low <= amount * _RANGE


def _last_unit(value: int) -> int:
    unit = 1
    while value and value % (unit * 10) == 0:
        unit *= 10
    return unit


def number_given(folded: str, output: Output) -> bool:
    """A number is given where a contiguous run of at least half its digits (and five) stands; of up to five digits, all.

    What has fewer than three digits is compared as text.
    """
    digits = _NO_DIGIT.sub("", folded)
    if len(digits) < 3:
        return text_given(folded, output)
    if _in_chains(digits, output.chains) or (len(digits) >= _LONG and _in_told_groups(digits, output.told)):
        return True
    return len(digits) > 5 and (
        int(digits) in output.computed or (int(digits) in output.amounts and _as_words(digits, output))
    )


def _as_words(digits: str, output: Output) -> bool:
    """Whether a figure of this value is written with 万 or 千 (五百八十二万九百四十七); one in digits alone is another number."""
    return any(
        figure.value == int(digits) and not output.text[figure.start : figure.end].replace(",", "").isascii()
        for figure in output.figures
    )


def _in_chains(digits: str, chains: Sequence[tuple[str, ...]]) -> bool:
    size = len(digits)
    need = max((size + 1) // 2, 5) if size > 5 else size
    for chain in chains:
        joined = "".join(chain)
        if digits in joined:
            return True
        if (len(joined) == size and len(chain) > 1) or any(len(group) == size for group in chain):
            continue  # a whole number of this length, but another one
        if any(_part_of(digits, chain[first : first + size], need) for first in range(len(chain))):
            return True
    return False


def _part_of(digits: str, groups: Sequence[str], need: int) -> bool:
    """Whether the first of ``groups``, joined, are at least ``need`` digits of the number, but not as many as it has."""
    part = ""
    for group in groups:
        part += group
        if len(part) >= len(digits):
            return False
        if len(part) >= need and part in digits:
            return True
    return False


def _in_told_groups(digits: str, runs: Sequence[Sequence[str]]) -> bool:
    """Whether whole groups that follow one another make up the whole number."""
    for run in runs:
        ends = [0]
        for group in run:
            ends.append(ends[-1] + len(group))
        joined, edges = "".join(run), set(ends)
        at = joined.find(digits)
        while at >= 0:
            if at in edges and at + len(digits) in edges:
                return True
            at = joined.find(digits, at + 1)
    return False
