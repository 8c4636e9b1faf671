"""How a secret may be told in other words or signs (``data/leak/knowledge``: notations, digit_readings, powers)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jeval.errors import InputError
from jeval.japanese.numerals import DIGITS, SMALL
from jeval.leak.knowledge import any_of, knowledge_path, pattern_of, table, word_lists

_FILE = "notations.yaml"
#: Languages that read digits out without a blank between them.
_JOINED = frozenset({"ja", "ko"})
_LISTS = (
    "text_kinds", "amount_kinds", "backwards", "ends", "parts", "places", "counters", "year_labels", "month_labels", "day_labels",
    "months", "at", "dot", "roman_chome", "roman_ends", "roman_words", "twice", "thrice", "orders", "adds", "takes", "times",
    "hedges_before", "hedges_after", "ranges", "refusals", "number_names", "birth_words", "halves", "doubles", "fillers", "in_turn", "empty_words",
)  # fmt: skip


@lru_cache(maxsize=8192)
def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The expression, compiled once for each secret: the cache of ``re`` holds too few."""
    return re.compile(pattern, flags)


@dataclass(frozen=True)
class Spoken:
    """Digits as a language reads them out.

    Attributes:
        run: a number read out digit by digit; ``reading``: one digit of it, read or written, and how often it stands there.
        digits: reading → digit.
    """

    run: re.Pattern[str]
    reading: re.Pattern[str]
    digits: dict[str, str]

    def numbers(self, text: str) -> Iterator[str]:
        """The digits of each number read out in ``text``."""
        for run in self.run.findall(text):
            read = self.reading.findall(run)
            if any(word not in "0123456789" for _, _, word in read):
                yield "".join(
                    self.digits.get(word.lower(), word) * (2 if twice else 3 if thrice else 1)
                    for twice, thrice, word in read
                )


@dataclass(frozen=True)
class Notations:
    """The tables, as they are asked.

    Attributes:
        text_kinds, amount_kinds: kinds of secrets that are compared as text, and as amounts.
        spoken: numbers read out digit by digit, by language.
        in_turn: one digit of a number told one after the other (まず三、次に五).
        orders: says which group of a number is told (最初の3桁は).
        parts: says that a value is the half of another, or twice it → what that other is, as a multiple.
        fillers: words between the parts of an address that is told.
        named: names a number; ``birth``: says that a date is one of birth.
        computes: what is done to two numbers → the words that say so.
        about: what says, before an amount and after it, that it is not the exact one.
        between: what stands between the ends of a range.
        empty: dictionary entries of words that say nothing by themselves.
        refuses: says that nothing is told.
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
    spoken: tuple[Spoken, ...]
    in_turn: re.Pattern[str]
    orders: re.Pattern[str]
    parts: tuple[tuple[re.Pattern[str], float], ...]
    fillers: re.Pattern[str]
    named: re.Pattern[str]
    birth: re.Pattern[str]
    computes: dict[str, re.Pattern[str]]
    about: tuple[re.Pattern[str], re.Pattern[str]]
    between: re.Pattern[str]
    empty: frozenset[str]
    refuses: re.Pattern[str]
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
    powers = {word: 10 ** len(zeros) for word, zeros in table("powers.tsv", "word", "zeros")}
    chome, ends, romans = ("|".join(words[key]) for key in ("roman_chome", "roman_ends", "roman_words"))
    year, month, day = (any_of(words[f"{part}_labels"]) for part in ("year", "month", "day"))
    return Notations(
        text_kinds=frozenset(words["text_kinds"]),
        amount_kinds=frozenset(words["amount_kinds"]),
        spoken=_spoken(words["twice"], words["thrice"]),
        in_turn=re.compile(
            rf"(?:{any_of(words['in_turn'])}|[0-9{DIGITS}]番目)[はにがも、]{{0,2}}([0-9{DIGITS}零])(?=[、。,で])"
        ),
        orders=re.compile(any_of(words["orders"]), re.IGNORECASE),
        parts=tuple(
            (re.compile(any_of(words[key]), re.IGNORECASE), factor)
            for key, factor in (("halves", 2.0), ("doubles", 0.5))
        ),
        fillers=re.compile(any_of(words["fillers"])),
        named=re.compile(any_of(words["number_names"]), re.IGNORECASE),
        birth=re.compile(any_of(words["birth_words"]), re.IGNORECASE),
        computes={key: re.compile(any_of(words[key]), re.IGNORECASE) for key in ("adds", "takes", "times")},
        about=(
            re.compile(rf"(?:{any_of(words['hedges_before'])})[\s¥]{{0,2}}\Z", re.IGNORECASE),
            re.compile(rf"[\s円]{{0,3}}(?:{any_of(words['hedges_after'])})", re.IGNORECASE),
        ),
        between=re.compile(rf"円?[\s]?(?:{any_of(words['ranges'])})[\s¥]{{0,2}}\Z", re.IGNORECASE),
        empty=frozenset(words["empty_words"]),
        refuses=re.compile(any_of(words["refusals"]), re.IGNORECASE),
        powers=powers,
        in_powers=re.compile(
            rf"(?<![0-9,.])([0-9][0-9,]{{0,20}}(?:\.[0-9]{{1,9}})?)\s?({any_of(powers)})(?![a-z])", re.IGNORECASE
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


def _spoken(twice: list[str], thrice: list[str]) -> tuple[Spoken, ...]:
    languages: dict[str, dict[str, str]] = {}
    for language, reading, digit in table("digit_readings.tsv", "language", "reading", "digit"):
        languages.setdefault(language, {})[reading] = digit
    often = rf"(?:(?:{any_of([*twice, *thrice])})\s?)?"
    found = []
    for language, digits in languages.items():
        joined = language in _JOINED
        edge = "" if joined else r"\b"
        one = rf"{edge}(?:{any_of(digits)}|[0-9]){edge}"
        apart = r"[\s、。・,.\-…とのー]{0,3}" if joined else r"[\s、。・,.;\-…/]{1,3}(?:and )?"
        found.append(
            Spoken(
                re.compile(rf"{often}{one}(?:{apart}{often}{one}){{3,}}", re.IGNORECASE),
                re.compile(rf"(?:({any_of(twice)})|({any_of(thrice)}))?\s?({one})", re.IGNORECASE),
                digits,
            )
        )
    return tuple(found)
