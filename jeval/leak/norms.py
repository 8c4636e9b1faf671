"""The norm that an item touches where its source does not name it (``data/leak/knowledge/norms.tsv``)."""

from __future__ import annotations

from functools import lru_cache

from jeval.leak.knowledge import by_class


@lru_cache(maxsize=16)
def norm(subject: str) -> str:
    """The norm of a subject of the table.

    Raises:
        InputError: the table does not hold it.
    """
    return by_class("norms.tsv", ("subject", "norm"), [subject])[subject][0]
