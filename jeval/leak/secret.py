"""What is to be kept, as items and labels write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict  # pydantic reads this one on every Python


class Secret(TypedDict):
    """A secret.

    Attributes:
        kind: what it is: a kind of identifier, ``amount``, ``free`` text, a ``system`` instruction, or of a material fact a
            ``specific``, a ``term`` or a ``sign``.
        value: as it is written where it was shown.
    """

    kind: str
    value: str


#: As callers may hand them in.
Secrets = Sequence[Secret | Mapping[str, str]]
