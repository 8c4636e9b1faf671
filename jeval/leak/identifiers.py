"""Japan's identifiers in text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from jeval.leak.normalise import fold

Tier = Literal["checked", "shaped"]


@dataclass(frozen=True)
class Identifier:
    """An identifier in a text: ``kind``, code point offsets, and ``checked`` (a check digit validates it) or ``shaped``."""

    kind: str
    start: int
    end: int
    tier: Tier


def my_number_valid(digits: str) -> bool:
    """個人番号: 12 digits, check digit of 番号利用法施行令 / 総務省令第85号 第5条."""
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % 11
    return len(digits) == 12 and int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def corporate_number_valid(digits: str) -> bool:
    """法人番号: 13 digits, check digit first (法人番号の指定等に関する省令 第2条), by python-stdnum."""
    from stdnum.jp import cn

    return len(digits) == 13 and cn.is_valid(digits)


def card_valid(digits: str) -> bool:
    """Payment card: 14 to 16 digits, Luhn."""
    from stdnum import luhn

    return 14 <= len(digits) <= 16 and digits[0] in "3456" and luhn.is_valid(digits)


_NUMBER = re.compile(r"(?<![0-9A-Za-z.])T?[0-9](?:[ \n-]{0,2}[0-9]){9,15}(?![0-9A-Za-z])")
_CHECKS: dict[int, list[tuple[str, Callable[[str], bool]]]] = {
    12: [("my_number", my_number_valid)],
    13: [("corporate_number", corporate_number_valid)],
    14: [("card", card_valid)],
    15: [("card", card_valid)],
    16: [("card", card_valid)],
}
_SHAPED = (
    ("email", re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")),
    ("phone", re.compile(r"(?<![0-9-])(?:0[5789]0[- ]?[0-9]{4}[- ]?[0-9]{4}|0120[- ]?[0-9]{3}[- ]?[0-9]{3}"
                         r"|0[0-9]{1,4}-[0-9]{1,4}-[0-9]{4})(?![0-9-])")),
    ("postal_code", re.compile(r"(?<=〒)[0-9]{3}-?[0-9]{4}(?![0-9-])")),
    ("bank_account", re.compile(r"(?:(?<=口座番号)|(?<=普通預金)|(?<=普通)|(?<=当座))[ :は]{0,2}([0-9]{7})(?![0-9])")),
    ("birth_date", re.compile(r"(?:(?<=生年月日)|(?<=誕生日))[ :は]{0,2}((?:19|20)[0-9]{2}[年/-][0-9]{1,2}[月/-][0-9]{1,2}日?"
                              r"|(?:明治|大正|昭和|平成|令和)[0-9元]{1,2}年[0-9]{1,2}月[0-9]{1,2}日)")),
)  # fmt: skip


def find_identifiers(text: str) -> list[Identifier]:
    """Identifiers of ``text`` in order, none overlapping another; offsets count code points of the text as given."""
    folded = fold(text)
    found: list[tuple[int, int, str, Tier]] = []
    for match in _NUMBER.finditer(folded.text):
        digits = re.sub(r"[^0-9]", "", match.group())
        if match.group().startswith("T"):
            if corporate_number_valid(digits):
                found.append((match.start(), match.end(), "invoice_number", "checked"))
            continue
        for kind, valid in _CHECKS.get(len(digits), []):
            if valid(digits):
                found.append((match.start(), match.end(), kind, "checked"))
                break
    for kind, pattern in _SHAPED:
        for match in pattern.finditer(folded.text):
            group = 1 if pattern.groups else 0
            found.append((match.start(group), match.end(group), kind, "shaped"))
    result: list[Identifier] = []
    for start, end, kind, tier in sorted(found, key=lambda f: (f[3] != "checked", f[0])):
        left, right = folded.span(start, end)
        if all(right <= other.start or left >= other.end for other in result):
            result.append(Identifier(kind, left, right, tier))
    return sorted(result, key=lambda identifier: identifier.start)


def mask(text: str) -> str:
    """``text`` with the characters of every identifier replaced by ``●`` (separators stay, so that its shape is seen)."""
    characters = list(text)
    for identifier in find_identifiers(text):
        for index in range(identifier.start, identifier.end):
            if characters[index].isalnum():
                characters[index] = "●"
    return "".join(characters)
