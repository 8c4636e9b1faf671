"""The sentences, headings and names of the regulation part of the report: ``data/finreg/knowledge/report.yaml``."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from jeval.finreg import knowledge
from jeval.record.schema import Written

Lang = Literal["ja", "en"]


class _Phrase(Written):
    ja: str
    en: str


class _Columns(Written):
    ja: list[str]
    en: list[str]


class _Report(Written):
    texts: dict[str, _Phrase]
    columns: dict[str, _Columns]
    verdicts: dict[str, _Phrase]
    guessers: dict[str, _Phrase]
    businesses: dict[str, _Phrase]
    tiers: dict[str, _Phrase]


class Phrases:
    """The phrases of one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def text(self, name: str, **values: object) -> str:
        """A sentence or heading, its places filled in."""
        return _in(_report().texts[name], self.lang).format(**values)

    def columns(self, name: str) -> list[str]:
        """The headings of a table."""
        found = _report().columns[name]
        return list(found.ja if self.lang == "ja" else found.en)

    def verdict(self, outcome: str) -> str:
        """What the judge of figures decided."""
        return _in(_report().verdicts[outcome], self.lang)

    def finding(self, words: str) -> str:
        """The judge's reason, ``<outcome>: <detail>``, or as it stands where it is of another kind."""
        outcome, sign, detail = words.partition(": ")
        return self.verdict(outcome) + sign + detail if outcome in _report().verdicts else words

    def business(self, name: str) -> str:
        """What a kind of firm is called."""
        return _in(_report().businesses[name], self.lang)

    def tier(self, name: str) -> str:
        """What a tier is called."""
        return _in(_report().tiers[name], self.lang)

    def guesser(self, name: str) -> str:
        """What a guesser is called."""
        return _in(_report().guessers[name], self.lang)


def _in(phrase: _Phrase, lang: Lang) -> str:
    return phrase.ja if lang == "ja" else phrase.en


@lru_cache(maxsize=1)
def _report() -> _Report:
    return knowledge.document("report.yaml", _Report)
