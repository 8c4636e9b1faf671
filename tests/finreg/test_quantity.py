"""Quantities: every value, written in every notation, reads as itself; what is no quantity is not read as one."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jeval.finreg import grammar
from jeval.finreg.quantity import Quantity, canonical, only_quantity, parse, same
from jeval.finreg.units import AMBIGUOUS_BU, RATIO
from jeval.japanese import eras
from jeval.japanese.numerals import DAIJI as DAIJI_TABLE
from jeval.japanese.numerals import fold, value

DIGITS = "〇一二三四五六七八九"
DAIJI = str.maketrans("一二三十百千万", "壱弐参拾佰阡萬")
WIDE = str.maketrans("0123456789,.%", "０１２３４５６７８９，．％")


def kanji(number: int) -> str:
    """一億二千万 as the statutes write it (千 and 百 without 一, 万 and above with it)."""
    if number == 0:
        return "〇"
    parts = []
    for size, name in ((10**12, "兆"), (10**8, "億"), (10**4, "万"), (1, "")):
        section = number // size % 10**4
        if not section:
            continue
        text = ""
        for small, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit = section // small % 10
            if digit:
                text += ("" if digit == 1 and unit else DIGITS[digit]) + unit
        parts.append(text + name)
    return "".join(parts)


def mixed(number: int) -> str:
    """1億2,000万5 : Arabic digits with 兆, 億, 万."""
    parts = [
        f"{number // size % 10**4:,}{name}"
        for size, name in ((10**12, "兆"), (10**8, "億"), (10**4, "万"), (1, ""))
        if number // size % 10**4
    ]
    return "".join(parts) or "0"


INTEGER: dict[str, Callable[[int], str]] = {
    "ascii": str,
    "commas": lambda n: f"{n:,}",
    "full width": lambda n: f"{n:,}".translate(WIDE),
    "kanji": kanji,
    "daiji": lambda n: kanji(n).translate(DAIJI),
    "positional": lambda n: "".join(DIGITS[int(c)] for c in str(n)),
    "mixed": mixed,
    "mixed full width": lambda n: mixed(n).translate(WIDE),
}
UNITS = {
    "円": ["円"],
    "月": ["月", "か月", "ヶ月", "カ月", "ヵ月", "箇月", "ケ月", "か月間", "月間"],
    "日": ["日", "日間"],
    "営業日": ["営業日", "営業日間"],
    "人": ["人", "名"],
    "社": ["社"],
    "件": ["件"],
    "回": ["回"],
    "口": ["口"],
    "時間": ["時間"],
}
BOUNDS = {
    "以上": "以上",
    "以下": "以下",
    "超": "超",
    "未満": "未満",
    "を超える": "超",
    "以内": "以下",
    "に満たない": "未満",
}


@given(st.integers(1, 10**15 - 1), st.sampled_from(sorted(INTEGER)))
def test_every_number_in_every_notation_has_its_value(number: int, notation: str) -> None:
    written = INTEGER[notation](number)
    assert value(fold(written).text) == number, written


@given(
    st.integers(1, 10**13),
    st.sampled_from(sorted(INTEGER)),
    st.sampled_from([(unit, word) for unit, words in UNITS.items() for word in words]),
    st.sampled_from(["", *BOUNDS]),
    st.sampled_from(["", "答えは", "約", "法令により、", "「"]),
)
@settings(max_examples=600, deadline=None)
def test_every_quantity_in_every_notation_parses_to_itself(
    number: int, notation: str, unit: tuple[str, str], bound: str, before: str
) -> None:
    written = INTEGER[notation](number) + unit[1]
    if number > 999 and unit[0] in {"月", "日"}:
        return  # 二〇二六日 has no use, and 1999月 borders on a date
    found = parse(before + written + bound + "です。")
    assert [(q.value, q.unit, q.bound) for q in found] == [(Fraction(number), unit[0], BOUNDS.get(bound, ""))], written
    assert written in found[0].text


@given(st.integers(1, 999), st.sampled_from(sorted(INTEGER)), st.sampled_from(["年", "年間", "か年", "箇年"]))
def test_years_in_every_notation_are_twelve_months_each(number: int, notation: str, unit: str) -> None:
    found = parse(INTEGER[notation](number) + unit)
    assert [(q.value, q.unit) for q in found] == [(Fraction(12 * number), "月")]


@given(st.integers(1, 9999), st.sampled_from([1, 10, 100]))
@settings(deadline=None)
def test_every_rate_in_every_notation_is_the_same_ratio(numerator: int, scale: int) -> None:
    percent = Fraction(numerator, scale)
    whole, rest = divmod(numerator, scale)
    decimals = str(rest).zfill(len(str(scale)) - 1) if scale > 1 else ""
    ascii_ = f"{whole}.{decimals}" if decimals else str(whole)
    written = [f"{ascii_}%", f"{ascii_}％", f"{ascii_}パーセント".translate(WIDE), f"年{ascii_}%", f"年率{ascii_} %"]
    kanji_ = kanji(whole) + ("・" + "".join(DIGITS[int(c)] for c in decimals) if decimals else "")
    written += [f"{kanji_}パーセント", f"年{kanji_}パーセント", f"{kanji_.translate(DAIJI)}パーセント"]
    if not decimals:
        written += [f"百分の{kanji_}", f"100分の{whole}", f"{whole}/100", f"百分の{kanji_}を超えるもの"]
    if scale == 1 and whole < 100:
        tenths, hundredths = divmod(whole, 10)
        if tenths:
            written.append(f"{DIGITS[tenths]}割" + (f"{DIGITS[hundredths]}分" if hundredths else ""))
        written.append(f"年{kanji(whole)}分" if whole < 10 else f"年{whole}％")
    for text in written:
        found = parse(text)
        assert [(q.value, q.unit) for q in found] == [(percent / 100, RATIO)], text


@given(st.integers(1, 99), st.integers(2, 100))
def test_every_fraction_in_every_notation_is_the_same_ratio(numerator: int, denominator: int) -> None:
    for text in (
        f"{denominator}分の{numerator}",
        f"{kanji(denominator)}分の{kanji(numerator)}",
        f"{numerator}/{denominator}",
        f"{numerator}／{denominator}",
        f"{kanji(denominator).translate(DAIJI)}分の{kanji(numerator).translate(DAIJI)}以上",
    ):
        assert [(q.value, q.unit) for q in parse(text)] == [(Fraction(numerator, denominator), RATIO)], text


@given(st.integers(1, 10**6), st.sampled_from(["千円", "万円", "百万円", "億円", "十億円", "千万円"]))
def test_scaled_yen_are_yen(number: int, scale: str) -> None:
    size = {"千円": 10**3, "万円": 10**4, "百万円": 10**6, "億円": 10**8, "十億円": 10**9, "千万円": 10**7}[scale]
    for written in (f"{number}{scale}", f"{number:,}{scale}", f"{number:,}{scale}".translate(WIDE)):
        assert [(q.value, q.unit) for q in parse(written)] == [(Fraction(number * size), "円")], written


@given(st.integers(1, 10**9), st.sampled_from(["△", "▲", "-", "－", "−", "マイナス", "△ "]))
def test_minus_signs_are_read(number: int, sign: str) -> None:
    assert [q.value for q in parse(f"{sign}{number}円")] == [-number]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20%", [("1/5", RATIO)]),
        ("二割", [("1/5", RATIO)]),
        ("年２割", [("1/5", RATIO)]),
        ("年二十パーセント", [("1/5", RATIO)]),
        ("ﾊﾟｰｾﾝﾄで20ﾊﾟｰｾﾝﾄ", [("1/5", RATIO)]),
        ("一割八分", [("9/50", RATIO)]),
        ("1割5分6厘", [("39/250", RATIO)]),
        ("三厘", [("3/1000", RATIO)]),
        ("百九・五パーセント", [("219/200", RATIO)]),
        ("〇・三パーセント", [("3/1000", RATIO)]),
        ("一・四六倍", [("73/50", "倍")]),
        ("半数以上", [("1/2", RATIO)]),
        ("万分の〇・〇四", [("1/250000", RATIO)]),
        ("半年", [("6", "月")]),
        ("一年六月", [("18", "月")]),
        ("1年半", [("18", "月")]),
        ("1年と6か月", [("18", "月")]),
        ("2週間以内", [("14", "日")]),
        ("5銀行営業日", [("5", "営業日")]),
        ("3 years", [("36", "月")]),
        ("￥2,000,000", [("2000000", "円")]),
        ("2,000千円", [("2000000", "円")]),
        ("1億2,000万円", [("120000000", "円")]),
        ("1.5億円", [("150000000", "円")]),
        ("100 万円", [("1000000", "円")]),
        ("20ポイント", [("20", "ポイント")]),
        ("①5年 ②7年", [("60", "月"), ("84", "月")]),
        ("5～7年", [("60", "月"), ("84", "月")]),
        ("五年又は七年", [("60", "月"), ("84", "月")]),
        ("5か7年", [("60", "月"), ("84", "月")]),
        ("10％、20％", [("1/10", RATIO), ("1/5", RATIO)]),
        ("年1回以上", [("1", "回")]),
        ("5,7年", [("60", "月"), ("84", "月")]),
        ("5と7年", [("60", "月"), ("84", "月")]),
        ("5及び7年", [("60", "月"), ("84", "月")]),
        ("10～100万円", [("100000", "円"), ("1000000", "円")]),
        ("五十から百万円", [("500000", "円"), ("1000000", "円")]),
        ("1/2年", [("6", "月")]),
        ("2分の1か月", [("1/2", "月")]),
        ("3分の1日", [("1/3", "日")]),
        ("1割 5分", [("3/20", RATIO)]),
        ("1年 6か月", [("18", "月")]),
        ("20　％", [("1/5", RATIO)]),
        ("▲年5％", [("-1/20", RATIO)]),
        ("- 7年", [("84", "月")]),
        ("第7条の7年間", [("84", "月")]),
        ("法第七条の七年間", [("84", "月")]),
        ("第27条の2の5％", [("1/20", RATIO)]),
        ("第一号の20％", [("1/5", RATIO)]),
        ("同条第2項の200万円", [("2000000", "円")]),
        ("第3条の2割", [("1/5", RATIO)]),
    ],
)
def test_known_notations(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(str(q.value), q.unit) for q in parse(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026年7月10日",
        "令和八年七月十日",
        "平成十九年法律第二十二号",
        "第4条第2項第1号",
        "第三十六条の三",
        "別表第一",
        "2回目の違反",
        "数十人",
        "十数年",
        "何百万円",
        "十分な説明をする",
        "一般に、一定の場合",
        "万一の場合",
        "第三者に提供する",
        "個人情報の割合",
        "千葉県の業者",
        "6月30日",
        "毎月10日",
        "三　株式交換をする場合",
        "同一種類の有価証券",
        "百分率で表示する",
    ],
)
def test_dates_articles_ordinals_and_words_are_no_quantities(text: str) -> None:
    assert parse(text) == []


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("5%超", "超"),
        ("5％を超える", "超"),
        ("5%を上回る", "超"),
        ("5%を超えない", "以下"),
        ("年20%を超えてはならない", "以下"),
        ("3年以内", "以下"),
        ("最長3年", "以下"),
        ("少なくとも3年", "以上"),
        ("10万円未満", "未満"),
        ("10万円に満たない", "未満"),
        ("十億円を下回ってはならない", "以上"),
        ("過半数", "超"),
        ("3年", ""),
        ("10億円を下回ることができない", "以上"),
        ("3人を下ることができません", "以上"),
        ("3人を下らない", "以上"),
        ("5％を超えることができない", "以下"),
        ("5年を上限とする", "以下"),
        ("下限は3人", "以上"),
        ("3人が下限", "以上"),
    ],
)
def test_bounds_are_part_of_the_quantity(text: str, bound: str) -> None:
    assert [q.bound for q in parse(text)] == [bound]


@pytest.mark.parametrize("row", [*grammar.bounds("after"), *grammar.bounds("before")], ids=lambda row: row.example)
def test_the_example_of_a_bound_has_it(row: grammar.Bound) -> None:
    assert [q.bound for q in parse(row.example)] == [row.bound]


@pytest.mark.parametrize("row", grammar.no_quantities(), ids=lambda row: row.example)
def test_the_example_of_what_is_no_quantity_has_none(row: grammar.NoQuantity) -> None:
    assert parse(row.example) == []


def test_daiji_have_the_value_that_unicode_gives_them() -> None:
    assert {kanji: value(plain) for kanji, plain in DAIJI_TABLE.items()} == {
        kanji: unicodedata.numeric(kanji) if kanji != "萬" else None for kanji in DAIJI_TABLE
    }


def test_what_the_law_keeps_apart_is_not_equal() -> None:
    assert same(parse("1年")[0], parse("12か月")[0])
    assert same(parse("2週間")[0], parse("14日")[0])
    assert not same(parse("1か月")[0], parse("30日")[0])
    assert not same(parse("10日")[0], parse("10営業日")[0])
    assert not same(parse("24時間")[0], parse("1日")[0])
    assert not same(parse("20%")[0], parse("20ポイント")[0])
    assert not same(parse("20%")[0], parse("20円")[0])
    assert not same(parse("月2%")[0], parse("年2%")[0])
    assert same(parse("年2%")[0], parse("2%")[0])


@pytest.mark.parametrize(
    ("text", "per"),
    [
        ("月2%", "月"), ("月々2%", "月"), ("毎月2%", "月"), ("1か月2%", "月"), ("2％/月", "月"), ("2％（月利）", "月"),
        ("日利2%", "日"), ("1日2%", "日"), ("1日当たり2％", "日"), ("年2%", "年"), ("年利2%", "年"), ("2%", ""),
        ("11日、2%", ""), ("21日2%", ""),
    ],
)  # fmt: skip
def test_the_period_of_a_rate_stands_before_or_behind_it(text: str, per: str) -> None:
    assert [q.per for q in parse(text) if q.unit == RATIO] == [per]


def test_bu_alone_may_be_a_rate_or_minutes_but_not_both_at_once() -> None:
    (bu,) = parse("五分")
    assert bu.unit == AMBIGUOUS_BU
    assert same(bu, canonical("5", "%")) and same(bu, canonical("5", "分間"))
    assert not same(bu, canonical("50", "%"))
    assert parse("年五分")[0].unit == RATIO


def test_offsets_count_the_text_as_given() -> None:
    text = "上限はﾏｲﾅｽ金利でなく　年２０パーセント（弐割）"
    found = parse(text)
    assert [text[q.start : q.end] for q in found] == ["年２０パーセント", "弐割"]
    assert all(q.text == text[q.start : q.end] for q in found)


def test_a_counter_the_table_lacks_can_be_asked_for() -> None:
    assert parse("3冊")[0].unit == ""
    assert [(q.value, q.unit) for q in parse("3冊", unit="冊")] == [(Fraction(3), "冊")]


def test_item_quantities_become_canonical() -> None:
    assert canonical("20", "％") == Quantity(Fraction(1, 5), RATIO)
    assert canonical("1/3", "割合") == Quantity(Fraction(1, 3), RATIO)
    assert canonical("7", "年") == Quantity(Fraction(84), "月")
    assert canonical("200", "万円") == Quantity(Fraction(2_000_000), "円")
    assert canonical("5", "営業日", "以内") == Quantity(Fraction(5), "営業日", "以下")


def test_a_text_that_says_more_is_not_only_a_quantity() -> None:
    assert only_quantity("年20％") is not None
    assert only_quantity("年20％までは有効") is None
    assert only_quantity("5年か7年") is None
    assert only_quantity("説明する") is None


@given(st.text(alphabet="0123456789０１一二十百千万億年月日割分％%円,.・、△▲-/超以上 第のか①ﾟ", max_size=40))
@settings(max_examples=800, deadline=None)
def test_no_text_breaks_the_parser_and_spans_are_sound(text: str) -> None:
    last = -1
    for found in parse(text):
        assert 0 <= found.start < found.end <= len(text)
        assert found.start >= last
        last = found.start


def test_an_era_is_known_by_name_and_letter() -> None:
    assert (eras.FIRST_YEARS["令和"], eras.FIRST_YEARS["R"], eras.FIRST_YEARS["S"]) == (2019, 2019, 1926)
    assert eras.NAMES.split("|") == [era.name for era in eras.ERAS] and eras.LETTERS == "MTSHR"
    assert [era.first for era in eras.ERAS] == sorted(era.first for era in eras.ERAS)
