"""Is the wording that an item rests on in force on a day?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any


def in_force(doc: Mapping[str, Any], day: date) -> bool | None:
    """Whether the wording that an item rests on is in force on ``day``.

    Args:
        doc: a document of a regulation task; keys ``in_force_from``, ``in_force_until`` (ISO dates, first and last day,
            inclusive; "" where not recorded), ``as_of`` (the day the text checked took effect) and ``tier``.

    Returns:
        ``False`` before the first or after the last recorded day; ``True`` from the first recorded day (or, without
        one, from ``as_of``); ``None`` before ``as_of`` where no first day is recorded: the item does not say. A guideline is
        cited by its edition, which is none before its day (``as_of``): ``False`` then.
    """
    first, last, checked = (_day(doc.get(key)) for key in ("in_force_from", "in_force_until", "as_of"))
    if (first and day < first) or (last and day > last):
        return False
    since = first or checked
    if since and day >= since:
        return True
    return None if doc.get("tier", "law") == "law" else False


def _day(value: object) -> date | None:
    if value in (None, ""):
        return None
    return value if isinstance(value, date) else date.fromisoformat(str(value))
