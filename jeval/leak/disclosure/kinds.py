"""As what a secret is compared, by its kind and by how it is written."""

from __future__ import annotations

import re
from typing import Literal

from jeval.leak.dates import find_dates
from jeval.leak.disclosure.notations import notations

_MONEY = re.compile(r"[0-9千万億]円\Z")

Compared = Literal["date", "name", "address", "email", "text", "amount", "number"]


def compared_as(kind: str, folded: str) -> Compared:
    """As what a secret of ``kind`` with the value ``folded`` is compared; what nothing else is known of, as a number."""
    if kind == "birth_date" or (kind == "date" and find_dates(folded)):
        return "date"
    if kind in ("person_name", "name"):
        return "name"
    if kind == "address":
        return "address"
    if kind == "email":
        return "email"
    if kind in notations().text_kinds:
        return "text"
    return "amount" if kind in notations().amount_kinds or _MONEY.search(folded.strip()) else "number"
