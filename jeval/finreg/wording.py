"""A law as the check knows it, whatever form it came in, and the digest of a wording."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from jeval.japanese.numerals import NUMBER, value


@dataclass(frozen=True)
class Article:
    """One article or schedule; ``text`` has one line per 項, 号 and table row."""

    number: str
    caption: str
    text: str

    @property
    def paragraphs(self) -> list[str]:
        """The 項 in order; the first has no number, later ones begin with theirs (２　…)."""
        parts: list[list[str]] = [[]]
        for line in self.text.split("\n"):
            if re.match(r"[０-９0-9]+　", line) and int(line.split("　")[0]) == len(parts) + 1:
                parts.append([])
            parts[-1].append(line)
        return ["\n".join(part) for part in parts]

    def part(self, paragraph: str) -> str | None:
        """The text of one 項 ("1", "2" …), the whole for "", ``None`` where there is no such 項."""
        if not paragraph:
            return self.text
        parts = self.paragraphs
        return parts[int(paragraph) - 1] if 1 <= int(paragraph) <= len(parts) else None


@dataclass(frozen=True)
class Wording:
    """Articles as they read before (``until``, exclusive) or from (``since``) a day, beside the main text."""

    articles: Mapping[str, Article]
    since: date | None = None
    until: date | None = None
    fixed: bool = True
    gone: frozenset[str] = frozenset()
    edition: str = ""


@dataclass(frozen=True)
class Law:
    """One statute, or one guideline with its clauses as articles; ``as_of`` is the day its text took effect, ``None`` where the
    source does not say. ``edition``: what a guideline calls the edition, "" for statutes.
    """

    law_id: str
    title: str
    short_title: str
    as_of: date | None
    articles: Mapping[str, Article]
    source: str
    previous: tuple[Wording, ...] = ()
    later: tuple[Wording, ...] = ()
    edition: str = ""


def normalised(text: str) -> str:
    """The wording alone: NFKC, without white space, cell borders (｜) and ditto marks (〃).

    The forms a statute comes in differ in exactly these; every other character counts.
    """
    return re.sub(r"[\s|〃]+", "", unicodedata.normalize("NFKC", text))


def figures(text: str) -> str:
    """The normalised wording with every number as a figure: lists of changes write 10年 where the statute has 十年."""
    return re.sub(NUMBER, lambda number: str(value(number[0]) or number[0]), normalised(text))


def digest(text: str) -> str:
    """SHA-256 (hex) of the normalised wording."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()
