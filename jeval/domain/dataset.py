"""Items as lm-eval reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def as_dataset(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a ``custom_dataset`` hook returns: the rows as the split ``test``."""
    from datasets import Dataset

    return {"test": Dataset.from_list([dict(row) for row in rows])}
