"""What a search reports: a stretch of folded text with its kind and how sure it is."""

from __future__ import annotations

from typing import Literal, NamedTuple

Tier = Literal["checked", "shaped", "likely"]


class Found(NamedTuple):
    """A stretch ``text[start:end]`` of folded text.

    ``checked``: a check digit validates it; ``shaped``: form and the words beside it say so; ``likely``: a name that a dictionary
    of names and the sentence around it make one, without a label.
    """

    start: int
    end: int
    kind: str
    tier: Tier
