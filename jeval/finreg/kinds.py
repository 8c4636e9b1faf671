"""What the kinds of items are called: ``data/finreg/knowledge/kinds.tsv``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from jeval.finreg import knowledge


@dataclass(frozen=True)
class KindName:
    """A row of the table: the name in the report (``ja``, ``en``) and at the head of a column (``short``)."""

    kind: str
    ja: str
    en: str
    short: str


@lru_cache(maxsize=1)
def kind_names() -> dict[str, KindName]:
    """The names by kind, in the order of every table."""
    return {row[0]: KindName(*row) for row in knowledge.table("kinds.tsv", ("kind", "ja", "en", "short"))}
