"""Japanese numerals to exact numbers: Arabic, 漢数字 with 大字, and both mixed (3億5千万, 1.5億, 百九・五).

Works on text already normalised by :func:`normalise`.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

# 大字 and variants (the ones of 商業登記規則 48条 and 戸籍法施行規則 31条 are 壱弐参拾; the others stand on bills and deeds).
_DAIJI = str.maketrans(
    {
        **dict.fromkeys("壱壹弌", "一"),
        **dict.fromkeys("弐貳貮弍", "二"),
        **dict.fromkeys("参參弎", "三"),
        **dict.fromkeys("肆", "四"),
        **dict.fromkeys("伍", "五"),
        **dict.fromkeys("陸", "六"),
        **dict.fromkeys("漆柒", "七"),
        **dict.fromkeys("捌", "八"),
        **dict.fromkeys("玖", "九"),
        **dict.fromkeys("拾", "十"),
        **dict.fromkeys("佰陌", "百"),
        **dict.fromkeys("阡仟", "千"),
        **dict.fromkeys("萬", "万"),
        "廿": "二十",
        "卅": "三十",
        "−": "-",
        "‐": "-",
        "‑": "-",
        "〜": "~",
    }
)
_LIST_MARK = re.compile(r"[①-⑳⓪❶-❿㈠-㈩⑴-⒇]")
_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "億": 10**8, "兆": 10**12}

KANJI = "〇零一二三四五六七八九十百千万億兆"
_KD = "〇零一二三四五六七八九"
# One number: digits, kanji and separators that stand between digits; a space may stand beside 万, 億, 兆.
NUMBER = (
    rf"(?:[0-9{KANJI}]"
    rf"(?:[0-9{KANJI}]|,(?=[0-9]{{3}}(?![0-9]))|(?<=[0-9])\.(?=[0-9])|(?<=[{KANJI}])[・.](?=[{_KD}])| (?=[万億兆])|(?<=[万億兆]) (?=[0-9]))*)"
)
_TOKEN = re.compile(rf"[0-9][0-9,]*(?:\.[0-9]+)?|[{_KD}]+|[十百千]|[万億兆]|[・.][{_KD}]+")


def normalise(text: str) -> tuple[str, list[int]]:
    """NFKC with 大字 as plain numerals, and for every character of the result its place in ``text``.

    Circled list marks (①) become spaces: as digits they would join the number that follows. The full-width space, which
    parts an item's number from its text, stays. The list has one more entry than the result, the length of ``text``.
    """
    pieces: list[str] = []
    places: list[int] = []
    index = 0
    while index < len(text):
        end = index + 1
        while end < len(text) and text[end] in "ﾞﾟ゙゚":
            end += 1
        raw = text[index:end]
        if _LIST_MARK.match(raw):
            piece = " "
        elif raw == "　":
            piece = raw
        else:
            piece = unicodedata.normalize("NFKC", raw).translate(_DAIJI)
        pieces.append(piece)
        places += [index] * len(piece)
        index = end
    places.append(len(text))
    return "".join(pieces), places


def value(number: str) -> Fraction | None:
    """The exact value of one number, or ``None`` where the characters make none (二万三億, 万 alone).

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
            unit = _LARGE[token]
            section += current or 0
            if unit >= last_large or (section == 0 and current is None):
                return None
            total += section * unit
            section, current, last_small, last_large = Fraction(0), None, 10**4, unit
    if not seen or position != len(text):
        return None
    return total + section + (current or 0)
