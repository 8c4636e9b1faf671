"""Quantities in Japanese text: amounts, rates, periods and counts, in any notation, as exact values.

Twenty percent is one quantity whether it is written 20%, ２０％, 二十パーセント, 二割, 百分の二十 or 0.2 of a whole. Units are
brought to one of a kind (年 to 月, 週 to 日, percent and 割 to a ratio); what the law keeps apart stays apart (月 and 日, 日
and 営業日, percent and percentage points). The units are those of ``data/finreg/knowledge/units.tsv``, the notations those of
:mod:`jeval.finreg.grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from jeval.finreg import grammar
from jeval.finreg.units import AMBIGUOUS_BU, BARE, RATIO, Unit, counter, unit_of, units
from jeval.japanese.folding import Folded, close_gaps
from jeval.japanese.numerals import LARGE, fold, value

#: Units of an item that say how many yen one is.
_SCALED_YEN = {"千円": 10**3, "百万円": 10**6, "万円": 10**4, "億円": 10**8, "兆円": 10**12}


@dataclass(frozen=True)
class Quantity:
    """One quantity found in a text.

    Attributes:
        value: exact value in ``unit``.
        unit: canonical unit ("円", "割合", "月", "日", "営業日", "人", …; "" for a number without a unit).
        bound: "以上", "以下", "超", "未満" or "" (以内, まで and を超えない count as 以下).
        per: "年", "月" or "日" where a rate says so, else "".
        start, end: span in the text as given. text: that span.
    """

    value: Fraction
    unit: str
    bound: str = ""
    per: str = ""
    start: int = 0
    end: int = 0
    text: str = ""


def parse(text: str, *, unit: str = "") -> list[Quantity]:
    """Every quantity in ``text``, in order.

    Args:
        text: any text; offsets of the result count its characters as given.
        unit: a counter that the unit table may lack (本, 冊); it is then recognised too.

    Dates (2026年7月10日, 令和八年), article numbers (第4条第2項), ordinals (2回目) and vague counts (数十人) are no
    quantities. 六月 is read as a period, 六月三十日 as a date. In 5～7年 and 5か7年 the first number takes the unit of
    the second. A number in Arabic digits without a unit has the unit "".
    """
    gaps = close_gaps(text)
    if gaps.starts is not None:
        spans = [(q, *gaps.span(q.start, q.end)) for q in parse(gaps.text, unit=unit)]
        return [replace(q, start=start, end=end, text=text[start:end]) for q, start, end in spans]
    folded = fold(text)
    extra = counter(fold(unit).text)
    table = (*extra, *units())
    found: list[Quantity] = []
    previous_end = 0
    for match in grammar.scanner(extra).finditer(folded.text):
        if match["skip"]:
            previous_end = match.end()
            continue
        here = _quantity(match, folded, table)
        if here is None:
            continue
        if here.unit != BARE:
            if first := grammar.first_of_range(folded.text, previous_end, match.start()):
                _add_first_of_range(found, first, match["n"] or match["wari"] or "", here, folded)
            previous_end = match.end()
        found.append(here)
    return [replace(q, text=text[q.start : q.end]) for q in found]


def canonical(amount: Fraction | int | float | str, unit: str, bound: str = "") -> Quantity:
    """The quantity that an item records, in canonical units.

    Raises:
        ValueError: the unit is empty.
    """
    name = fold(unit).text.strip()
    if not name:
        raise ValueError("a quantity needs a unit")
    number = amount if isinstance(amount, Fraction) else Fraction(str(amount))
    kind = {"以内": "以下"}.get(bound, bound)
    if name == RATIO:
        return Quantity(number, RATIO, kind)
    if name == "割":
        return Quantity(number / 10, RATIO, kind)
    if name in _SCALED_YEN:
        return Quantity(number * _SCALED_YEN[name], "円", kind)
    if row := unit_of(name):
        return Quantity(number * row.factor, row.unit, kind)
    return Quantity(number, name, kind)


def same(a: Quantity, b: Quantity, *, bounds: bool = False) -> bool:
    """Whether two quantities are equal; with ``bounds`` also 以上, 以下, 超, 未満.

    A rate per month or day never equals one per year or one that names no period.
    """
    if bounds and a.bound != b.bound:
        return False
    if {a.per or "年", b.per or "年"} != {"年"} and a.per != b.per:
        return False
    if AMBIGUOUS_BU in (a.unit, b.unit) and a.unit != b.unit:
        bu, other = (a, b) if a.unit == AMBIGUOUS_BU else (b, a)
        return {RATIO: bu.value / 100, "時間": bu.value / 60}.get(other.unit) == other.value
    return a.unit == b.unit and a.value == b.value


def only_quantity(text: str) -> Quantity | None:
    """The quantity that ``text`` consists of, or ``None`` where it says anything else besides."""
    found = [q for q in parse(text) if q.unit != BARE]
    if len(found) != 1:
        return None
    rest = text[: found[0].start] + text[found[0].end :]
    return None if grammar.says_more(rest) else found[0]


def _quantity(match: re.Match[str], folded: Folded, table: Sequence[Unit]) -> Quantity | None:
    """The quantity of one match of the scanner, ``text`` left out; ``None`` where its characters make no number."""
    read = _read(_Parts(match, table))
    if read is None:
        return None
    amount, unit, implied = read
    if match["sign1"] or match["sign2"]:
        amount = -amount
    bound, end = grammar.bound_after(folded.text, match.end())
    start = match.end() - len(match.group().lstrip())
    return Quantity(
        amount,
        unit,
        bound or implied or grammar.bound_before(match),
        grammar.period(match) if unit == RATIO else "",
        *_span(folded, start, end),
    )


def _add_first_of_range(
    found: list[Quantity], first: re.Match[str], second: str, here: Quantity, folded: Folded
) -> None:
    """Give the first number of a range or alternative the unit of the second, instead of none."""
    low, high = value(first["n"]), value(second) if second else None
    if low is None or not high:
        return
    start, end = _span(folded, *first.span("n"))
    if second[-1] in LARGE and not any(size in first["n"] for size in LARGE):  # 10～100万円 begins at 10万円
        low *= LARGE[second[-1]]
    while found and found[-1].unit == BARE and found[-1].end > start:
        found.pop()
    found.append(replace(here, value=low * here.value / high, bound="", start=start, end=end))


def _span(folded: Folded, start: int, end: int) -> tuple[int, int]:
    """The span in the text as given; a sound mark behind the last character does not belong to it (8ﾞ)."""
    return folded.span(start, end)[0], folded.span(end - 1, end)[0] + 1


class _Parts:
    """The parts of one match of the scanner."""

    def __init__(self, match: re.Match[str], table: Sequence[Unit]) -> None:
        self.match, self._table = match, table

    def number(self, name: str) -> Fraction:
        """The number of a group, 0 for a group that is not there.

        Raises:
            ValueError: the characters make no number.
        """
        text = self.match[name]
        found = value(text) if text else Fraction(0)
        if found is None:
            raise ValueError(f"{text} is no number")
        return found

    def of_unit(self, amount: Fraction, prefix: str) -> _Amount:
        """So many of the unit beside the number; a fraction without one is a ratio (2分の1, but 2分の1か月)."""
        named = (row for index, row in enumerate(self._table) if self.match[f"{prefix}{index}"] is not None)
        row = next(named, None)
        return (amount * row.factor, row.unit, "") if row else (amount, RATIO, "")


_Amount = tuple[Fraction, str, str]
"""Value, unit, and the bound that the word itself implies."""


def _read(parts: _Parts) -> _Amount | None:
    reading = next(reading for group, reading in _READINGS.items() if parts.match[group])
    try:
        return reading(parts)
    except (ValueError, ZeroDivisionError):
        return None


def _fraction(parts: _Parts) -> _Amount:
    whole = Fraction(LARGE["万"]) if parts.match["den"] == "万" else parts.number("den")
    return parts.of_unit(parts.number("num") / whole, "f")


def _tenths(parts: _Parts) -> _Amount:
    thousandths = parts.number("rin") + parts.number("rin2")
    return parts.number("wari") / 10 + parts.number("bu") / 100 + thousandths / 1000, RATIO, ""


def _bu_alone(parts: _Parts) -> _Amount | None:
    """五分: a rate where a period stands before it; 十分 alone is the word for enough."""
    if parts.match["per"] or parts.match["per2"]:
        return parts.number("bu4") / 100, RATIO, ""
    return (parts.number("bu4"), AMBIGUOUS_BU, "") if parts.match["bu4"] != "十" else None


def _years_and_months(parts: _Parts) -> _Amount:
    return parts.number("years") * 12 + (6 if parts.match["half"] else parts.number("months")), "月", ""


#: By the group that a way of writing has in the scanner, how it is read.
_READINGS: dict[str, Callable[[_Parts], _Amount | None]] = {
    "den": _fraction,
    "numa": lambda parts: parts.of_unit(parts.number("numa") / parts.number("dena"), "g"),
    "wari": _tenths,
    "bu3": lambda parts: (parts.number("bu3") / 100 + parts.number("rin3") / 1000, RATIO, ""),
    "rin4": lambda parts: (parts.number("rin4") / 1000, RATIO, ""),
    "bu4": _bu_alone,
    "years": _years_and_months,
    "mhalf": lambda parts: (parts.number("mhalf") + Fraction(1, 2), "月", ""),
    "halfyear": lambda parts: (Fraction(6), "月", ""),
    "majority": lambda parts: (Fraction(1, 2), RATIO, "超"),
    "halves": lambda parts: (Fraction(1, 2), RATIO, ""),
    "yen": lambda parts: (parts.number("yen"), "円", ""),
    "bare": lambda parts: (parts.number("bare"), BARE, ""),
    "n": lambda parts: parts.of_unit(parts.number("n"), "u"),
}
