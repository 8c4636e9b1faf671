"""What an item is about, as a compliance officer would sort it: ``data/finreg/knowledge/themes.yaml``, themes by law and articles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml

from jeval.resources import data_path

Place = tuple[int, ...]


@dataclass(frozen=True)
class Theme:
    """A theme with its titles; ``spans`` maps a law's short title to the first and last articles it takes in."""

    id: str
    ja: str
    en: str
    spans: Mapping[str, tuple[tuple[Place, Place], ...]]

    def takes(self, law: str, article: str) -> bool:
        """Whether the theme names this article; a span ends with the branches of its last article (37の6 in 36..37)."""
        here = place(article)
        return any(first <= here and here[: len(last)] <= last for first, last in self.spans.get(law, ()))


@lru_cache(maxsize=1)
def themes() -> tuple[Theme, ...]:
    """The themes in the order of the file."""
    rows = yaml.safe_load(data_path("finreg", "knowledge", "themes.yaml").read_text(encoding="utf-8"))
    return tuple(
        Theme(row["id"], row["ja"], row["en"], {law: _spans(str(text)) for law, text in row["articles"].items()})
        for row in rows
    )


def theme_of(law: str, article: str) -> str:
    """Id of the first theme that takes in an article of a law (short title), or "" where none does."""
    return next((theme.id for theme in themes() if theme.takes(law, article)), "")


def place(article: str) -> Place:
    """The numbers of an article, by which articles are ordered: 36の3 is (36, 3), a schedule without a number ()."""
    return tuple(int(number) for number in re.findall(r"\d+", article))


def _spans(text: str) -> tuple[tuple[Place, Place], ...]:
    ends = [part.partition("..") for part in text.split(", ")]
    return tuple((place(first), place(last or first)) for first, _, last in ends)
