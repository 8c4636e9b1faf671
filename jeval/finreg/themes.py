"""What an item is about, as a compliance officer would sort it: ``data/finreg/knowledge/themes.yaml``, themes by law and articles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jeval.finreg import knowledge
from jeval.finreg.citation import Spans, place, spans, within
from jeval.record.schema import Written


class _Entry(Written):
    """An entry of the file; ``articles``: a law's short title → articles and ranges (``36, 39..44``)."""

    id: str
    ja: str
    en: str
    articles: dict[str, str | int]


@dataclass(frozen=True)
class Theme:
    """A theme with its titles; ``spans`` maps a law's short title to the first and last articles it takes in."""

    id: str
    ja: str
    en: str
    spans: Mapping[str, Spans]

    def takes(self, law: str, article: str) -> bool:
        """Whether the theme names this article."""
        return within(self.spans.get(law, ()), place(article))


@lru_cache(maxsize=1)
def themes() -> tuple[Theme, ...]:
    """The themes in the order of the file."""
    return tuple(
        Theme(entry.id, entry.ja, entry.en, {law: spans(str(text)) for law, text in entry.articles.items()})
        for entry in knowledge.document("themes.yaml", list[_Entry])
    )


def theme_of(law: str, article: str) -> str:
    """Id of the first theme that takes in an article of a law (short title), or "" where none does."""
    return next((theme.id for theme in themes() if theme.takes(law, article)), "")
