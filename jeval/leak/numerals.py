"""Kanji numerals as identifiers, dates, addresses and amounts are written with them."""

from __future__ import annotations

import re

#: The digits of a number written digit by digit (二〇二六); as the inside of a character class.
DIGITS = "〇一二三四五六七八九"
#: As the inside of a character class: what a small number is written with (二十三).
SMALL = "一二三四五六七八九十"
#: As the inside of a character class: what an amount is written with, besides commas and points.
AMOUNT = "0-9〇零一二三四五六七八九十百千拾壱弐参万億兆"
#: The value of a digit, formal ones (大字) included.
VALUES = {**{digit: value for value, digit in enumerate(DIGITS)}, "零": 0, "壱": 1, "弐": 2, "参": 3}

_PLACES = {"十": 10, "百": 100, "千": 1000, "拾": 10}
_BIG = {"万": 10**4, "億": 10**8, "兆": 10**12}
_LONGEST = 40
_TOKEN = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?|.")
_ASCII = str.maketrans(DIGITS, "0123456789")


def ascii_digits(text: str) -> str:
    """``text`` with every kanji digit as an ASCII digit."""
    return text.translate(_ASCII)


def read_number(text: str) -> int | None:
    """The value of a small number: 1 to 99 in kanji (二十三, 二三), or in digits; 元 is 1, as in 元年.

    ``None`` where ``text`` is none (二三十).
    """
    if text == "元":
        return 1
    if text.isdigit():
        return int(text)
    tens, mark, ones = text.rpartition("十")
    if not mark:
        return int(ascii_digits(text)) if text and all(character in DIGITS for character in text) else None
    if len(tens) > 1 or len(ones) > 1 or not all(character in DIGITS for character in tens + ones):
        return None
    return (VALUES[tens] if tens else 1) * 10 + (VALUES[ones] if ones else 0)


def read_amount(text: str) -> int | None:
    """The value of an amount in digits, kanji, or both (1,200,000, 百二十万, 120万, 1.2億).

    ``None`` where ``text`` is none; more than 40 characters are a stream of digits, no amount of money.
    """
    if len(text) > _LONGEST:
        return None
    total = section = number = 0.0
    seen = False
    for token in _TOKEN.findall(text):
        if token[0].isdigit():
            number, seen = float(token.replace(",", "").rstrip(".")), True
        elif token in VALUES:
            number, seen = number * 10 + VALUES[token], True
        elif token in _PLACES:
            section += (number or 1) * _PLACES[token]
            number, seen = 0.0, True
        elif token in _BIG:
            total += (section + number or 1) * _BIG[token]
            section = number = 0.0
        else:
            return None
    return round(total + section + number) if seen else None
