"""The laws that the item bank covers: ``data/finreg/knowledge/laws.tsv``."""

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


@lru_cache(maxsize=1)
def known_laws() -> tuple[KnownLaw, ...]:
    """The laws in the order of the coverage table."""
    return tuple(
        KnownLaw(law_id, number, title, short, daily == "daily", file)
        for law_id, number, title, short, daily, file in knowledge.table("laws.tsv", _COLUMNS)
    )


@lru_cache(maxsize=1)
def files() -> dict[str, str]:
    """Law id → name of the file that holds its items."""
    return {law.law_id: law.file for law in known_laws()}
