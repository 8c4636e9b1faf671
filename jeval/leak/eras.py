"""The eras of Japan since 1868, by name and by the letter of forms and identity cards (M, T, S, H, R)."""

from __future__ import annotations

#: Name or letter of an era → the Gregorian year that is its year 1.
FIRST_YEARS = {"明治": 1868, "大正": 1912, "昭和": 1926, "平成": 1989, "令和": 2019}
#: The names as alternatives of a regular expression.
NAMES = "|".join(FIRST_YEARS)

_BY_LETTER = dict(zip("MTSHR", FIRST_YEARS.values(), strict=True))
FIRST_YEARS |= _BY_LETTER
#: The letters, for a character class of a regular expression.
LETTERS = "".join(_BY_LETTER)
