"""Japanese numerals to exact numbers: Arabic, 漢数字 with 大字, and both mixed (3億5千万, 1.5億, 百九・五).

:func:`fold` brings a text to the spelling that :data:`NUMBER` and :func:`value` read. Sources: 壱弐参拾 are the 大字 of
商業登記規則 48条 and 戸籍法施行規則 31条; the value of every other character is its Numeric_Value in the Unicode Character
Database (kPrimaryNumeric, kAccountingNumeric and kOtherNumeric of Unihan, UAX #38); a test compares them.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from jeval.japanese.folding import PLAIN, Folded, Folding

#: 大字 and their variants, and the plain numerals that they stand for.
DAIJI = {
    **dict.fromkeys("壱壹弌", "一"),
    **dict.fromkeys("弐貳貮弍", "二"),
    **dict.fromkeys("参參弎", "三"),
    "肆": "四",
    "伍": "五",
    "陸": "六",
    **dict.fromkeys("漆柒", "七"),
    "捌": "八",
    "玖": "九",
    "拾": "十",
    **dict.fromkeys("佰陌", "百"),
    **dict.fromkeys("阡仟", "千"),
    "萬": "万",
    "廿": "二十",
    "卅": "三十",
}
#: The powers of ten that begin a new section of a number: 一億二千万 has two.
LARGE = {"万": 10**4, "億": 10**8, "兆": 10**12}
KANJI = "〇零一二三四五六七八九十百千万億兆"
#: The digits of a number written digit by digit (二〇二六); as the inside of a character class.
DIGITS = "〇一二三四五六七八九"
#: As the inside of a character class: what a number below a hundred is written with (二十三).
SMALL = "一二三四五六七八九十"

_DASHES = {"−": "-", "‐": "-", "‑": "-", "〜": "~"}
_PLAIN_SPELLING = str.maketrans(DAIJI | _DASHES)
_LIST_MARK = re.compile(r"[①-⑳⓪❶-❿㈠-㈩⑴-⒇]")
_DIGITS = {c: i for i, c in enumerate(DIGITS)} | {"零": 0}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_KD = f"零{DIGITS}"
_ASCII_DIGITS = str.maketrans(DIGITS, "0123456789")
_LONGEST_AMOUNT = 40
#: Characters of a number; without an end to it, a text of numerals alone would be searched in quadratic time.
_LONGEST = 80
_SMALL_NUMBER = re.compile(rf"[0-9]+|[{DIGITS}]?十[{DIGITS}]?|[{DIGITS}]+")

#: A regular expression of one number: digits, kanji and separators that stand between digits; a space may stand beside 万, 億, 兆.
NUMBER = (
    rf"(?:[0-9{KANJI}]"
    rf"(?:[0-9{KANJI}]|,(?=[0-9]{{3}}(?![0-9]))|(?<=[0-9])\.(?=[0-9])|(?<=[{KANJI}])[・.](?=[{_KD}])| (?=[万億兆])|(?<=[万億兆]) (?=[0-9])){{0,{_LONGEST}}})"
)
_TOKEN = re.compile(rf"[0-9][0-9,]*(?:\.[0-9]+)?|[{_KD}]+|[十百千]|[万億兆]|[・.][{_KD}]+")


def _piece(raw: str) -> str:
    """A character with its sound marks as :func:`fold` writes it."""
    if _LIST_MARK.match(raw):
        return " "
    if raw == "　":
        return raw
    return unicodedata.normalize("NFKC", raw).translate(_PLAIN_SPELLING)


_fold = Folding(
    f"[^{PLAIN}]|[{''.join(DAIJI)}]",
    _piece,
    joins=lambda character: character in "\uff9e\uff9f\u3099\u309a",  # sound marks, half width and combining
    longest=10**9,
)


def fold(text: str) -> Folded:
    """NFKC with 大字 as plain numerals and every dash as a hyphen.

    Circled and bracketed list marks (①) become spaces: as digits they would join the number that follows. The full-width
    space, which parts an item's number from its text, stays.
    """
    return _fold(text)


def value(number: str) -> Fraction | None:
    """The exact value of one number in the spelling of :func:`fold`; ``None`` where its characters make none (二万三億, 万 alone).

    >>> value("1億2,000万"), value("百九・五"), value("三〇"), value("2百万")
    (Fraction(120000000, 1), Fraction(219, 2), Fraction(30, 1), Fraction(2000000, 1))
    """
    text = number.replace(" ", "")
    total = section = Fraction(0)
    current: Fraction | None = None
    last_small, last_large = 10**4, 10**16
    seen = position = 0
    for match in _TOKEN.finditer(text):
        if match.start() != position:
            return None
        position, seen = match.end(), seen + 1
        token = match.group()
        if token[0] in "・.":
            digits = "".join(str(_DIGITS[c]) for c in token[1:])
            current = (current or Fraction(0)) + Fraction(int(digits), 10 ** len(digits))
        elif token[0] in _DIGITS or token[0].isdigit():
            if current is not None:
                return None
            if token[0] in _DIGITS:
                current = Fraction(int("".join(str(_DIGITS[c]) for c in token)))
            else:
                current = Fraction(token.replace(",", ""))
        elif token in _SMALL:
            unit = _SMALL[token]
            if unit >= last_small:
                return None
            section += (1 if current is None else current) * unit
            current, last_small = None, unit
        else:
            unit = LARGE[token]
            section += current or 0
            if unit >= last_large or (section == 0 and current is None):
                return None
            total += section * unit
            section, current, last_small, last_large = Fraction(0), None, 10**4, unit
    if not seen or position != len(text):
        return None
    return total + section + (current or 0)


def small_number(text: str) -> int | None:
    """A month, a day, a number of a block: a whole number in digits, or in kanji up to 九十九 (二十三, 二三).

    ``None`` where ``text`` is none (二三十, 十十).
    """
    number = value(text) if _SMALL_NUMBER.fullmatch(text) else None
    return None if number is None else int(number)


def amount(text: str) -> int | None:
    """The value of an amount of money, rounded to units (1,200,000, 百二十万, 120万, 1.2億, 壱百万).

    ``None`` where ``text`` is none; more than 40 characters are a stream of digits, no amount of money.
    """
    number = value(fold(text).text) if len(text) <= _LONGEST_AMOUNT else None
    return None if number is None else round(number)


def ascii_digits(text: str) -> str:
    """``text`` with every kanji digit as an ASCII digit (二〇二六 → 2026)."""
    return text.translate(_ASCII_DIGITS)
