"""Wordings that took effect on a day which the statute files do not tell: ``data/finreg/knowledge/changes.tsv``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from jeval.finreg import knowledge
from jeval.finreg.schema import AnyItem


@dataclass(frozen=True)
class Change:
    """A row of the table: items of a law and article whose basis has ``words`` hold from ``since``; "*" is any."""

    law_id: str
    article: str
    words: str
    since: date

    def concerns(self, item: AnyItem) -> bool:
        """Whether the wording that the item rests on took effect with this change."""
        return (
            self.law_id in ("*", item.law_id)
            and self.article in ("*", item.article)
            and (self.words == "*" or self.words in item.basis)
        )


@lru_cache(maxsize=1)
def known_changes() -> tuple[Change, ...]:
    """The rows of the table."""
    rows = knowledge.table("changes.tsv", ("law_id", "article", "words", "since", "change"))
    return tuple(Change(law_id, article, words, date.fromisoformat(day)) for law_id, article, words, day, _ in rows)
