"""Whom an item binds: what it says itself, else what ``data/finreg/knowledge/business.tsv`` says of its article."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from jeval.errors import InputError
from jeval.finreg import knowledge
from jeval.finreg.citation import Spans, place, spans, within
from jeval.finreg.schema import BUSINESSES, AnyItem, Business

#: What ``jeval run --business`` takes.
CHOICES: tuple[Business, ...] = tuple(one for one in BUSINESSES if one != "all")


@dataclass(frozen=True)
class Bound:
    """A row of the table; ``spans`` is ``None`` for every article."""

    law_id: str
    spans: Spans | None
    business: tuple[str, ...]
    reason: str

    def takes(self, law_id: str, article: str) -> bool:
        """Whether the row speaks of this article of a law, or clause of a document."""
        return law_id == self.law_id and (self.spans is None or within(self.spans, place(article)))


@lru_cache(maxsize=1)
def bounds() -> tuple[Bound, ...]:
    """The rows in order.

    Raises:
        InputError: a kind of business that is none, or all beside another.
    """
    rows = []
    for law_id, articles, business, reason in knowledge.table(
        "business.tsv", ("law_id", "articles", "business", "reason")
    ):
        kinds = tuple(business.split(", "))
        if set(kinds) - set(get_args(Business)) or ("all" in kinds and len(kinds) > 1):
            where = f"{knowledge.path('business.tsv')}: {law_id} {articles}"
            raise InputError(f"{where}: business {business!r}; expected some of {', '.join(CHOICES)}, or all alone")
        rows.append(Bound(law_id, None if articles == "*" else spans(articles), kinds, reason))
    return tuple(rows)


def of_article(law_id: str, article: str) -> tuple[str, ...]:
    """Whom an article binds; nobody where no row speaks of it."""
    return next((row.business for row in bounds() if row.takes(law_id, article)), ())


def of_item(item: AnyItem) -> tuple[str, ...]:
    """Whom an item binds."""
    return tuple(item.business) or of_article(item.law_id, item.article)


def of_doc(doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Whom the item of a document binds; documents of earlier versions do not say, their articles do."""
    said = str(doc.get("business") or "")
    return tuple(said.split(", ")) if said else of_article(str(doc.get("law_id")), str(doc.get("article")))


def binds(doc: Mapping[str, Any], business: str) -> bool:
    """Whether the item of a document binds firms of this kind."""
    return not {"all", business}.isdisjoint(of_doc(doc))
