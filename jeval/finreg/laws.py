"""The texts that the item bank covers: ``data/finreg/knowledge/laws.tsv`` and ``documents.tsv``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from jeval.finreg import knowledge

_COLUMNS = ("law_id", "number", "title", "short_title", "daily", "file")


@dataclass(frozen=True)
class KnownLaw:
    """A row of the table.

    Attributes:
        law_id: e-Gov's id of the law.
        number: the number it was promulgated under (平成十九年法律第二十二号).
        daily: one of the five that a bank meets every day.
        file: name of the file that holds its items.
    """

    law_id: str
    number: str
    title: str
    short_title: str
    daily: bool
    file: str
    tier: str = "law"


@lru_cache(maxsize=1)
def known_laws() -> tuple[KnownLaw, ...]:
    """The laws in the order of the coverage table."""
    return tuple(
        KnownLaw(law_id, number, title, short, daily == "daily", file)
        for law_id, number, title, short, daily, file in knowledge.table("laws.tsv", _COLUMNS)
    )


@lru_cache(maxsize=1)
def known_documents() -> tuple[KnownLaw, ...]:
    """The guidelines that items may rest on (``data/finreg/knowledge/documents.tsv``), the document in place of the law id."""
    return tuple(
        KnownLaw(document, "", title, short, daily=False, file=file, tier=tier)
        for document, title, short, tier, file in knowledge.table(
            "documents.tsv", ("document", "title", "short_title", "tier", "file")
        )
    )


@lru_cache(maxsize=1)
def files() -> dict[str, str]:
    """Law id or document → name of the file that holds its items."""
    return {text.law_id: text.file for text in (*known_laws(), *known_documents())}
