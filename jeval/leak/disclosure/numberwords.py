"""Numbers written as words: in kana (せんきゅうひゃくななじゅうきゅうねん) and in English (nineteen seventy-six)."""

from __future__ import annotations

import re
from functools import lru_cache

from jeval.japanese.numerals import KANJI, fold, value
from jeval.leak.knowledge import any_of, table

#: Longer runs are no number.
_NUMERAL = re.compile(f"(?<![{KANJI}])[{KANJI}]{{1,24}}(?![{KANJI}])")
_ENGLISH_APART = r"(?:\s+and\s+|[\s-]+)"


def kana_numbers(text: str) -> str:
    """``text`` with numbers that are written in kana in digits: at least two number words in a row, or one before a counter."""
    words, run, word = _kana()

    def digits(found: re.Match[str]) -> str:
        written = fold("".join(words[one] for one in word.findall(found[0]))).text
        return _NUMERAL.sub(_in_digits, written)

    return run.sub(digits, text)


def _in_digits(numeral: re.Match[str]) -> str:
    number = value(numeral[0])
    return numeral[0] if number is None else str(number)


@lru_cache(maxsize=1)
def _kana() -> tuple[dict[str, str], re.Pattern[str], re.Pattern[str]]:
    """Word → kanji; a number in words; one word."""
    words = dict(table("kana_numbers.tsv", "kana", "kanji"))
    numbers = any_of(word for word, kanji in words.items() if kanji in KANJI)
    counters = any_of(word for word, kanji in words.items() if kanji not in KANJI)
    run = re.compile(rf"(?:{numbers})+(?:{counters})|(?:{numbers}){{2,}}")
    return words, run, re.compile(any_of(words))


def english_numbers(text: str) -> str:
    """``text`` with numbers that are written in English words in digits; two of two digits side by side are a year."""
    words, run = _english()

    def digits(found: re.Match[str]) -> str:
        parts = [words[one.lower()] for one in re.findall(r"[A-Za-z]+", found[0]) if one.lower() in words]
        return " ".join(_read(parts))

    return run.sub(digits, text)


def _read(parts: list[tuple[str, int]]) -> list[str]:
    """The numbers that a run of number words makes: hundred multiplies what stands before it, thousand and million end a section."""
    found: list[int] = []
    total = current = 0
    last = 0
    for kind, number in parts:
        if kind == "hundred":
            current = (current or 1) * number
        elif kind == "power":
            total += (current or 1) * number
            current = 0
        elif current and not (current % 100 == 0 or (last in range(20, 100, 10) and number < 10)):
            found.append(total + current)
            total, current = 0, number
        else:
            current += number
        last = number
    found.append(total + current)
    joined: list[str] = []
    for number in found:
        if joined and 10 <= number < 100 and joined[-1] in ("19", "20"):
            joined[-1] += str(number)
        else:
            joined.append(str(number))
    return joined


@lru_cache(maxsize=1)
def _english() -> tuple[dict[str, tuple[str, int]], re.Pattern[str]]:
    rows = table("english_numbers.tsv", "word", "kind", "number")
    words = {word: (kind, int(number)) for word, kind, number in rows}
    one = any_of(words)
    return words, re.compile(rf"\b(?:{one})(?:{_ENGLISH_APART}(?:{one}))+\b", re.IGNORECASE)
