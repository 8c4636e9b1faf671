"""Quantities in Japanese text: amounts, rates, periods and counts, in any notation, as exact values.

Twenty percent is one quantity whether it is written 20%, ２０％, 二十パーセント, 二割, 百分の二十 or 0.2 of a whole. Units are
brought to one of a kind (年 to 月, 週 to 日, percent and 割 to a ratio); what the law keeps apart stays apart (月 and 日, 日
and 営業日, percent and percentage points). The table of units is ``data/finreg/knowledge/units.tsv``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from jeval.finreg.numerals import NUMBER, normalise, value
from jeval.resources import data_path

RATIO = "割合"
BARE = ""
# 五分: five percent in a rate, five minutes of time. Without 年, 割 or 間 beside it the text does not say which.
AMBIGUOUS_BU = "分"


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


@dataclass(frozen=True)
class Unit:
    """A row of the unit table."""

    pattern: str
    unit: str
    factor: Fraction
    unless: str


@lru_cache(maxsize=1)
def units() -> tuple[Unit, ...]:
    """The unit table (``data/finreg/knowledge/units.tsv``)."""
    rows = []
    for line in data_path("finreg", "knowledge", "units.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "pattern\t")):
            pattern, unit, factor, unless = line.split("\t")
            rows.append(Unit(pattern, unit, Fraction(factor), "" if unless == "-" else unless))
    return tuple(rows)


_ERA = "令和|平成|昭和|大正|明治|西暦"
_CANNOT = r"(?:こと(?:が|は)?でき(?:ない|ません|ず)|こと(?:を|は)許され)"
_BOUND_AFTER = (
    (
        rf"を(?:超え|上回)る{_CANNOT}|を超えて(?:は|も)?(?:なら|いけ|でき)|を超え(?:ない|ず|ぬ)|を上回(?:ら|って(?:は)?なら)"
        r"|以下|以内|まで|内(?=[にの。、で]|$)|[がを]上限|or less",
        "以下",
    ),
    (
        rf"を下(?:回)?る{_CANNOT}|を下(?:回)?って(?:は)?なら|を下(?:回)?ら(?:ない|ず|ぬ)|を割らない|以上|以降|[がを]下限|or more",
        "以上",
    ),
    (r"に満たない|に達しない|を下回(?:る|り|っ)|より(?:少|小さ|低|短)|未満", "未満"),
    (r"を超(?:える|えた|えて|え|過)|を上回(?:る|り|っ)|より(?:多|大き|高|長)|超え|超", "超"),
)
_BOUND_BEFORE = (
    (r"最大|最長|最高|最多|上限(?:は|が|額は|額が|[::])?|高々|多くとも|長くとも|遅くとも", "以下"),
    (r"最低|最短|最少|下限(?:は|が|額は|額が|[::])?|少なくとも", "以上"),
)
_AFTER = re.compile(r"\s*(?:" + "|".join(f"(?P<a{i}>{p})" for i, (p, _) in enumerate(_BOUND_AFTER)) + ")")
_BEFORE = "|".join(f"(?P<b{i}>{p})" for i, (p, _) in enumerate(_BOUND_BEFORE))
_LEAD = (
    rf"(?:(?:{_BEFORE})\s*(?:で|約)?\s*)?"
    rf"(?:(?P<per>実質年率|年利率|年利|年率|年間|毎年|年|月利|月率|毎月|月々|月|日歩|日利|毎日|日)(?:は|で|に|[::])?\s*|"
    rf"(?:{NUMBER})?[かヶ箇]?(?P<per2>[年月日])(?:当たり|あたり|につき)(?:は|、)?\s*)?"
    rf"(?:約|およそ|ちょうど)?\s*"
)
# A hyphen with a space after it is the bullet of a list.
_SIGN = r"[△▲]\s*|マイナス\s*|minus\s+|(?<![0-9A-Za-z一-龥%ぁ-ん])-(?!\s)"
_RANGE = re.compile(
    rf"(?P<n>{NUMBER})\s*(?:から|ないし|乃至|または|又は|もしくは|若しくは|あるいは|及び|および|か|と|や|or|to|and|[~〜―–—\-/・、,;&])\s*$"
)
# A rate says its period beside it: 1日20％, 20％/月, 20％（月利）.
_PER_BEFORE = re.compile(r"(?:^|[^0-9〇一二三四五六七八九十])[1一][かカヵヶケ箇個]?(?P<per>[月日])(?:の|で|に)?\s*$")
_PER_AFTER = re.compile(r"\s*(?:[/⁄]|毎|\(\s*)(?P<per>[年月日])(?:利|率|額|当たり|あたり)?")


def _skip(unit: str) -> str:
    """Dates, article numbers, ordinals, vague counts: numbers that are no quantities.

    In 第27条の2 the の goes on with the number of the article, in 第7条の7年間 it does not: a ``unit`` follows.
    """
    branch = rf"(?:の(?!{NUMBER}\s*(?:割|分(?:の|{NUMBER}厘)|厘|{unit})){NUMBER})*"
    return (
        rf"(?:{_ERA})\s*(?:{NUMBER}|元)年度?(?:\s*{NUMBER}月(?:\s*{NUMBER}日)?)?"
        rf"|(?:[12][0-9]{{3}}|[一二][〇零一二三四五六七八九]{{3}})年度?(?:\s*{NUMBER}月(?:\s*{NUMBER}日)?)?"
        rf"|[12][0-9]{{3}}[-/.][01]?[0-9][-/.][0-3]?[0-9]"
        rf"|{NUMBER}月{NUMBER}日(?!間|以|前|後)"
        rf"|(?:毎月|翌月|当月|毎年)\s*{NUMBER}(?:月|日)(?:{NUMBER}日)?"
        rf"|(?:別表)?第\s*{NUMBER}(?:四半期|事業年度|条|項|号|章|節|款|編|種|者|部|位|回|期|次)?{branch}(?:第?{NUMBER}(?:項|号){branch})*"
        rf"|{NUMBER}(?:条|項|号|章|節|款|編|頁|ページ|番(?!号)|時(?!間)|年度|丁目|級|類(?!型)){branch}"
        rf"|{NUMBER}(?:年|日|回|人|件|番|つ|か月|カ月|ヶ月|箇月)目"
        rf"|数{NUMBER}|{NUMBER}数|(?:[何幾])[十百千万億兆]+"
    )


def _named(table: Sequence[Unit], prefix: str = "") -> str:
    """The units of the table as alternatives; with a prefix each is a group of its own (u0, u1 …)."""
    return "|".join(
        (f"(?P<{prefix}{i}>{u.pattern})" if prefix else u.pattern) + (f"(?!{u.unless})" if u.unless else "")
        for i, u in enumerate(table)
    )


def _core(extra: Sequence[Unit]) -> str:
    table = (*extra, *units())
    named = _named(table, "u")
    month = r"(?:[かカヵヶケ箇個]月|月)"
    space = r"(?: |(?<=[0-9])　)?"
    return (
        rf"(?P<den>{NUMBER}) ?分の ?(?P<num>{NUMBER})(?:{space}(?:{_named(table, 'f')}))?"
        rf"|(?<![0-9/])(?P<numa>[0-9]+)\s*[/⁄]\s*(?P<dena>[0-9]+)(?![0-9/])(?:{space}(?:{_named(table, 'g')}))?"
        rf"|(?P<wari>{NUMBER})割(?!合|当|賦|戻) ?(?:(?P<bu>{NUMBER})分 ?(?:(?P<rin>{NUMBER})厘)?|(?P<rin2>{NUMBER})厘)?"
        rf"|(?P<bu3>{NUMBER})分(?P<rin3>{NUMBER})厘|(?P<rin4>{NUMBER})厘"
        rf"|(?P<bu4>{NUMBER})分(?![間の別離割担配析類野率])"
        rf"|(?P<years>{NUMBER})\s*[かカヵヶケ箇個]?年(?:間)?(?:と|及び|、| )?(?:(?P<months>{NUMBER})\s*{month}(?!{NUMBER}日|[末期分])間?|(?P<half>半)間?)"
        rf"|(?P<mhalf>{NUMBER})\s*[かカヵヶケ箇個]月半|(?P<halfyear>半年)間?|(?P<majority>過半数)|(?P<halves>半数|半分|半額|二分の一)"
        rf"|[¥\\]\s*(?P<yen>{NUMBER})(?:円)?"
        rf"|(?P<n>(?<![同統単唯]){NUMBER}){space}(?:{named})"
        rf"|(?P<bare>[0-9](?:[0-9]|,(?=[0-9]{{3}})|\.(?=[0-9]))*)"
    )


@lru_cache(maxsize=64)
def _scanner(extra: tuple[Unit, ...]) -> re.Pattern[str]:
    skip = _skip(_named((*extra, *units())))
    return re.compile(
        rf"(?P<skip>{skip})|(?P<sign1>{_SIGN})?{_LEAD}(?P<sign2>{_SIGN})?(?:{_core(extra)})", re.IGNORECASE
    )


def _extra_unit(unit: str) -> tuple[Unit, ...]:
    """A unit that the table lacks becomes one of its own, so that an item may ask for 本 or 冊."""
    if not unit or unit in (RATIO, "%", "％", "割") or any(re.fullmatch(row.pattern, unit) for row in units()):
        return ()
    return (Unit(re.escape(unit), unit, Fraction(1), ""),)


def _read(match: re.Match[str], table: Sequence[Unit]) -> tuple[Fraction, str, str] | None:
    """Value, unit and bound implied by the word itself, of one match of the scanner."""
    got = match.groupdict()

    def num(name: str) -> Fraction:
        found = value(got[name]) if got.get(name) else Fraction(0)
        if found is None:
            raise ValueError(name)
        return found

    try:
        if got["den"]:
            whole = Fraction(10**4) if got["den"] == "万" else num("den")
            return _of_unit(num("num") / whole, got, "f", table)
        if got["numa"]:
            return _of_unit(num("numa") / num("dena"), got, "g", table)
        if got["wari"]:
            return num("wari") / 10 + num("bu") / 100 + (num("rin") + num("rin2")) / 1000, RATIO, ""
        if got["bu3"]:
            return num("bu3") / 100 + num("rin3") / 1000, RATIO, ""
        if got["rin4"]:
            return num("rin4") / 1000, RATIO, ""
        if got["bu4"]:
            if got["per"] or got["per2"]:
                return num("bu4") / 100, RATIO, ""
            return (num("bu4"), AMBIGUOUS_BU, "") if got["bu4"] != "十" else None
        if got["years"]:
            return num("years") * 12 + (6 if got["half"] else num("months")), "月", ""
        if got["mhalf"]:
            return num("mhalf") + Fraction(1, 2), "月", ""
        if got["halfyear"]:
            return Fraction(6), "月", ""
        if got["majority"]:
            return Fraction(1, 2), RATIO, "超"
        if got["halves"]:
            return Fraction(1, 2), RATIO, ""
        if got["yen"]:
            return num("yen"), "円", ""
        if got["bare"]:
            return num("bare"), BARE, ""
        if got["n"]:
            return _of_unit(num("n"), got, "u", table)
    except (ValueError, ZeroDivisionError):
        return None
    return None


def _of_unit(
    amount: Fraction, got: Mapping[str, str | None], prefix: str, table: Sequence[Unit]
) -> tuple[Fraction, str, str]:
    """So many of the unit beside the number; a fraction without one is a ratio (2分の1, but 2分の1か月)."""
    unit = next((unit for index, unit in enumerate(table) if got[f"{prefix}{index}"] is not None), None)
    return (amount * unit.factor, unit.unit, "") if unit else (amount, RATIO, "")


def parse(text: str, *, unit: str = "") -> list[Quantity]:
    """Every quantity in ``text``, in order.

    Args:
        text: any text; offsets of the result count its characters as given.
        unit: a counter that the unit table may lack (本, 冊); it is then recognised too.

    Dates (2026年7月10日, 令和八年), article numbers (第4条第2項), ordinals (2回目) and vague counts (数十人) are no
    quantities. 六月 is read as a period, 六月三十日 as a date. In 5～7年 and 5か7年 the first number takes the unit of
    the second. A number in Arabic digits without a unit has the unit "".
    """
    normal, places = normalise(text)
    extra = _extra_unit(normalise(unit)[0])
    table = (*extra, *units())
    found: list[Quantity] = []
    previous_end = 0
    for match in _scanner(extra).finditer(normal):
        if match["skip"]:
            previous_end = match.end()
            continue
        read = _read(match, table)
        if read is None:
            continue
        amount, name, bound = read
        if match["sign1"] or match["sign2"]:
            amount = -amount
        end = match.end()
        if after := _AFTER.match(normal, end):
            bound = next(kind for i, (_, kind) in enumerate(_BOUND_AFTER) if after[f"a{i}"])
            end = after.end()
        elif not bound:
            bound = next((kind for i, (_, kind) in enumerate(_BOUND_BEFORE) if match[f"b{i}"]), "")
        per = ""
        if name == RATIO:
            beside = _PER_AFTER.match(normal, match.end()) or _PER_BEFORE.search(normal, 0, match.start())
            if said := match["per"] or match["per2"] or (beside and beside["per"]):
                per = next(kind for kind in "年月日" if kind in said)
        start = match.start() + len(match.group()) - len(match.group().lstrip())
        here = Quantity(amount, name, bound, per, places[start], places[end - 1] + 1, "")
        if name != BARE and (first := _RANGE.search(normal, previous_end, match.start())):
            _prepend_range(found, first, here, places, normal, match)
        found.append(here)
        if name != BARE:
            previous_end = match.end()
    return [replace(q, text=text[q.start : q.end]) for q in found]


def _prepend_range(
    found: list[Quantity],
    first: re.Match[str],
    here: Quantity,
    places: list[int],
    normal: str,
    match: re.Match[str],
) -> None:
    """Give the unitless first number of a range or alternative the unit of the second."""
    low = value(first["n"])
    second = match["n"] or match["wari"] or ""
    raw = value(second or "x")
    start = places[first.start("n")]
    if low is None or not raw:
        return
    size = re.search("[万億兆]$", second)
    if size and not re.search("[万億兆]", first["n"]):  # 10～100万円 begins at 10万円
        low *= {"万": 10**4, "億": 10**8, "兆": 10**12}[size[0]]
    while found and found[-1].unit == BARE and found[-1].end > start:
        found.pop()
    end = places[first.end("n") - 1] + 1
    found.append(replace(here, value=low * here.value / raw, bound="", start=start, end=end))


def canonical(amount: Fraction | int | float | str, unit: str, bound: str = "") -> Quantity:
    """The quantity that an item records, in canonical units.

    Raises:
        ValueError: the unit is empty.
    """
    name = normalise(unit)[0].strip()
    if not name:
        raise ValueError("a quantity needs a unit")
    number = amount if isinstance(amount, Fraction) else Fraction(str(amount))
    kind = {"以内": "以下"}.get(bound, bound)
    if name == RATIO:
        return Quantity(number, RATIO, kind)
    if name == "割":
        return Quantity(number / 10, RATIO, kind)
    for scale, size in (("千", 10**3), ("百万", 10**6), ("万", 10**4), ("億", 10**8), ("兆", 10**12)):
        if name == f"{scale}円":
            return Quantity(number * size, "円", kind)
    for row in units():
        if re.fullmatch(row.pattern, name):
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
    return found[0] if not re.sub(r"[\s。、．.「」（）()]|です|である|だ$", "", rest) else None
