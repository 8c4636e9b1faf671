"""How a quantity is written: the regular expressions of :mod:`jeval.finreg.quantity`, made of the tables of the room.

Everything here works on text folded by :func:`jeval.japanese.numerals.fold`. Words are knowledge and lie in ``bounds.tsv``,
``not_quantities.tsv``, ``quantity.yaml`` and ``units.tsv``; what is here is how numbers and words come together (三分の一,
1割5分, 一年六月).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from jeval.finreg import knowledge
from jeval.finreg.units import Unit, units
from jeval.japanese import eras
from jeval.japanese.numerals import KANJI, NUMBER
from jeval.record.schema import Written

_MONTH = r"(?:[かカヵヶケ箇個]月|月)"
_SPACE = r"(?: |(?<=[0-9])　)?"
# A rate says its period beside it: 1日20％, 20％/月, 20％（月利）.
_PERIOD_BEFORE = re.compile(r"(?:^|[^0-9〇一二三四五六七八九十])[1一][かカヵヶケ箇個]?(?P<per>[月日])(?:の|で|に)?\s*$")
_PERIOD_AFTER = re.compile(r"\s{0,16}(?:[/⁄]|毎|\(\s{0,16})(?P<per>[年月日])(?:利|率|額|当たり|あたり)?")
_NEAR = 32  # characters that hold a period before a rate, white space included


class Words(Written):
    """``quantity.yaml``: words before, between and behind the numbers of a quantity."""

    periods: list[str]
    approximately: list[str]
    minus: list[str]
    joints: list[str]
    endings: list[str]


@dataclass(frozen=True)
class Bound:
    """A row of ``bounds.tsv``: words ``after`` or ``before`` a quantity that make it a bound."""

    place: str
    bound: str
    pattern: str
    example: str


@dataclass(frozen=True)
class NoQuantity:
    """A row of ``not_quantities.tsv``: numbers that are none."""

    what: str
    pattern: str
    example: str


@lru_cache(maxsize=1)
def words() -> Words:
    """The words of ``quantity.yaml``."""
    return knowledge.document("quantity.yaml", Words)


@lru_cache(maxsize=2)
def bounds(place: str) -> tuple[Bound, ...]:
    """The rows of ``bounds.tsv`` for one place, in the order in which they are tried."""
    rows = (Bound(*row) for row in knowledge.table("bounds.tsv", ("place", "bound", "pattern", "example")))
    return tuple(row for row in rows if row.place == place)


@lru_cache(maxsize=1)
def no_quantities() -> tuple[NoQuantity, ...]:
    """The rows of ``not_quantities.tsv``, in the order in which they are tried."""
    return tuple(NoQuantity(*row) for row in knowledge.table("not_quantities.tsv", ("what", "pattern", "example")))


@lru_cache(maxsize=64)
def scanner(extra: tuple[Unit, ...]) -> re.Pattern[str]:
    """One match for every number: the group ``skip`` for one that is no quantity, else the parts of the quantity.

    Args:
        extra: units beside those of the table, tried first.
    """
    sign = "|".join(words().minus)
    skip = _skip(_named((*extra, *units())))
    return re.compile(
        rf"(?<![0-9{KANJI}]{{64}})(?<![0-9{KANJI},.・ ]{{128}})"  # far inside of what no number is as long as
        rf"(?:(?P<skip>{skip})|(?P<sign1>{sign})?{_lead()}(?P<sign2>{sign})?(?:{_core((*extra, *units()))}))",
        re.IGNORECASE,
    )


def bound_before(match: re.Match[str]) -> str:
    """The bound that the words before the quantity say, in a match of the scanner; "" for none."""
    return next((row.bound for index, row in enumerate(bounds("before")) if match[f"b{index}"]), "")


def bound_after(text: str, end: int) -> tuple[str, int]:
    """The bound that the words from ``end`` say, and where they end; "" and ``end`` for none."""
    match = _bound_after().match(text, end)
    if match is None:
        return "", end
    return next(row.bound for index, row in enumerate(bounds("after")) if match[f"a{index}"]), match.end()


def period(match: re.Match[str]) -> str:
    """年, 月 or 日 where the text says so beside a rate, in a match of the scanner; "" where it does not."""
    beside = _PERIOD_AFTER.match(match.string, match.end()) or _PERIOD_BEFORE.search(
        match.string, max(0, match.start() - _NEAR), match.start()
    )
    said = match["per"] or match["per2"] or (beside["per"] if beside else "")
    return next((kind for kind in "年月日" if kind in said), "")


def first_of_range(text: str, start: int, end: int) -> re.Match[str] | None:
    """The number without a unit (group ``n``) that ``text[start:end]`` ends with and a joint adds to the one behind it."""
    return _first_of_range().search(text, start, end)


def says_more(rest: str) -> bool:
    """Whether ``rest``, what is left of a text without its quantity, says anything."""
    return bool(_nothing().sub("", rest))


@lru_cache(maxsize=1)
def _nothing() -> re.Pattern[str]:
    return re.compile(rf"[\s。、．.「」（）()]|{'|'.join(words().endings)}")


@lru_cache(maxsize=1)
def _bound_after() -> re.Pattern[str]:
    rows = "|".join(f"(?P<a{index}>{row.pattern})" for index, row in enumerate(bounds("after")))
    return re.compile(rf"\s*(?:{rows})")


@lru_cache(maxsize=1)
def _first_of_range() -> re.Pattern[str]:
    return re.compile(rf"(?P<n>{NUMBER})\s*(?:{'|'.join(words().joints)})\s*$")


def _lead() -> str:
    """What stands before the number: a bound (最長), the period of a rate (年, 1か月当たり), 約."""
    before = "|".join(f"(?P<b{index}>{row.pattern})" for index, row in enumerate(bounds("before")))
    return (
        rf"(?:(?:{before})\s*(?:で|約)?\s*)?"
        rf"(?:(?P<per>{'|'.join(words().periods)})(?:は|で|に|:)?\s*|"
        rf"(?:{NUMBER})?[かヶ箇]?(?P<per2>[年月日])(?:当たり|あたり|につき)(?:は|、)?\s*)?"
        rf"(?:{'|'.join(words().approximately)})?\s*"
    )


def _skip(unit: str) -> str:
    """The patterns of ``not_quantities.tsv`` as alternatives; ``unit`` is what ends a number that goes on with no article."""
    branch = rf"(?:の(?!{NUMBER}\s*(?:割|分(?:の|{NUMBER}厘)|厘|{unit})){NUMBER})*"
    rows = "|".join(row.pattern for row in no_quantities())
    return rows.replace("<branch>", branch).replace("<number>", NUMBER).replace("<era>", eras.NAMES)


def _named(table: Sequence[Unit], prefix: str = "") -> str:
    """The units of the table as alternatives; with a prefix each is a group of its own (u0, u1 …)."""
    return "|".join(
        (f"(?P<{prefix}{i}>{u.pattern})" if prefix else u.pattern) + (f"(?!{u.unless})" if u.unless else "")
        for i, u in enumerate(table)
    )


def _core(table: Sequence[Unit]) -> str:
    """The number with its unit, one alternative a way of writing it; each has the group that :mod:`quantity` reads it by."""
    return (
        rf"(?P<den>{NUMBER}) ?分の ?(?P<num>{NUMBER})(?:{_SPACE}(?:{_named(table, 'f')}))?"
        rf"|(?<![0-9/])(?P<numa>[0-9]+)\s*[/⁄]\s*(?P<dena>[0-9]+)(?![0-9/])(?:{_SPACE}(?:{_named(table, 'g')}))?"
        rf"|(?P<wari>{NUMBER})割(?!合|当|賦|戻) ?(?:(?P<bu>{NUMBER})分 ?(?:(?P<rin>{NUMBER})厘)?|(?P<rin2>{NUMBER})厘)?"
        rf"|(?P<bu3>{NUMBER})分(?P<rin3>{NUMBER})厘|(?P<rin4>{NUMBER})厘"
        rf"|(?P<bu4>{NUMBER})分(?![間の別離割担配析類野率])"
        rf"|(?P<years>{NUMBER})\s*[かカヵヶケ箇個]?年(?:間)?(?:と|及び|、| )?"
        rf"(?:(?P<months>{NUMBER})\s*{_MONTH}(?!{NUMBER}日|[末期分])間?|(?P<half>半)間?)"
        rf"|(?P<mhalf>{NUMBER})\s*[かカヵヶケ箇個]月半|(?P<halfyear>半年)間?|(?P<majority>過半数)|(?P<halves>半数|半分|半額|二分の一)"
        rf"|[¥\\]\s*(?P<yen>{NUMBER})(?:円)?"
        rf"|(?P<n>(?<![同統単唯]){NUMBER}){_SPACE}(?:{_named(table, 'u')})"
        rf"|(?P<bare>[0-9](?:[0-9]|,(?=[0-9]{{3}})|\.(?=[0-9]))*)"
    )
