"""How a secret may be told in other words or signs (``data/leak/knowledge``: notations, digit_readings, powers)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from jeval.errors import InputError
from jeval.japanese.numerals import SMALL
from jeval.leak.knowledge import any_of, knowledge_path, pattern_of, table, word_lists

_FILE = "notations.yaml"
_LISTS = (
    "text_kinds", "amount_kinds", "backwards", "ends", "parts", "places", "counters", "year_labels", "month_labels", "day_labels",
    "months", "at", "dot", "roman_chome", "roman_ends", "roman_words",
)  # fmt: skip


@dataclass(frozen=True)
class Notations:
    """The tables, as they are asked.

    Attributes:
        text_kinds, amount_kinds: kinds of secrets that are compared as text, and as amounts.
        readings: how a digit is read → the digit.
        reading, spoken: one reading, and a number read out digit by digit.
        powers: english power of ten → its value; ``in_powers``: an amount told with one.
        backwards: says that a value stands backwards.
        listed: one digit of a number told place by place (三桁目は5); ``counted``: a number that only counts places.
        labels: year, month and day as labels.
        months: the months in English, in lower case.
        at, dot: signs of an e-mail address told in words.
        roman_chome: 丁目 in Latin letters or not; ``roman_place``: what stands around the numbers of an address in Latin letters.
    """

    text_kinds: frozenset[str]
    amount_kinds: frozenset[str]
    readings: dict[str, str]
    reading: re.Pattern[str]
    spoken: re.Pattern[str]
    powers: dict[str, int]
    in_powers: re.Pattern[str]
    backwards: re.Pattern[str]
    listed: re.Pattern[str]
    counted: re.Pattern[str]
    labels: tuple[str, str, str]
    months: list[str]
    at: re.Pattern[str]
    dot: re.Pattern[str]
    roman_chome: str
    roman_place: re.Pattern[str]


@lru_cache(maxsize=1)
def notations() -> Notations:
    """The tables.

    Raises:
        InputError: a table has another form; names the file.
    """
    words = word_lists(_FILE, _LISTS)
    if len(words["months"]) != 12:
        raise InputError(f"{knowledge_path(_FILE)}: {len(words['months'])} months; expected the twelve in order")
    readings = dict(table("digit_readings.tsv", "reading", "digit"))
    powers = {word: 10 ** len(zeros) for word, zeros in table("powers.tsv", "word", "zeros")}
    chome, ends, romans = ("|".join(words[key]) for key in ("roman_chome", "roman_ends", "roman_words"))
    year, month, day = (any_of(words[f"{part}_labels"]) for part in ("year", "month", "day"))
    return Notations(
        text_kinds=frozenset(words["text_kinds"]),
        amount_kinds=frozenset(words["amount_kinds"]),
        readings=readings,
        reading=re.compile(any_of(readings), re.IGNORECASE),
        spoken=re.compile(rf"(?:(?:{any_of(readings)})[\s、・,\-]{{0,2}}){{4,}}", re.IGNORECASE),
        powers=powers,
        in_powers=re.compile(
            rf"(?<![0-9,.])([0-9][0-9,]{{0,20}}(?:\.[0-9]{{1,9}})?)\s?({any_of(powers)})", re.IGNORECASE
        ),
        backwards=re.compile(
            rf"{any_of(words['backwards'])}|(?:{any_of(words['ends'])})(?:の(?:{any_of(words['parts'])}))?から",
            re.IGNORECASE,
        ),
        listed=re.compile(
            rf"(?:[0-9]{{1,2}}|[{SMALL}]{{1,3}})(?:{any_of(words['places'])})目[はが:=\s]{{0,3}}[「'\"]?([0-9])(?![0-9])"
        ),
        counted=re.compile(rf"[0-9]{{1,2}}(?:{any_of(words['counters'])})"),
        labels=(year, month, day),
        months=words["months"],
        at=pattern_of(_FILE, rf"\s?(?:{'|'.join(words['at'])})\s?", re.IGNORECASE),
        dot=pattern_of(_FILE, rf"\s?(?:{'|'.join(words['dot'])})\s?", re.IGNORECASE),
        roman_chome=rf"(?:\s?-?\s?(?:{chome}|丁目))",
        roman_place=pattern_of(
            _FILE, rf"{chome}|[a-zōū]-(?:{ends})(?![a-z])|(?<![a-z])(?:{romans})(?![a-z])", re.IGNORECASE
        ),
    )
