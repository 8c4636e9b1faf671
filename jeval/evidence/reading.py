"""The second reading: who tried to refute an item, what was found, and whether the item is still the one that was read.

``data/<room>/labels/readings.jsonl`` holds one object a reading.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from jeval.errors import InputError
from jeval.reading import dump_jsonl, numbered_jsonl
from jeval.record.schema import Written
from jeval.writing import SHARED, write_text

Verdict = Literal["stands", "repaired", "dropped"]
Blind = Literal["", "agrees", "doubts", "differs"]


class Reading(Written):
    """One reading.

    Attributes:
        id: what was read: an item, or an entry of a source file.
        verdict: it stands as written, was repaired, or was dropped.
        kind_of_flaw: one of the room's kinds, "" for none.
        found: what was found, in words.
        sha256: digest of what was read when the reading was closed; "" while it is open.
        blind: how the reader's own answer, given before the key was seen, compares with the key: agrees, doubts (the key,
            but something else can be defended) or differs; "" where the key was seen first.
        struck: how many wrong options, in the reader's judgement, somebody who knows nothing would strike out at sight.
    """

    id: str
    verdict: Verdict
    kind_of_flaw: str = ""
    found: str = ""
    sha256: str = ""
    blind: Blind = ""
    struck: int = 0


def load(path: Path, flaws: Collection[str]) -> list[Reading]:
    """All readings in the order they were made.

    Args:
        flaws: the kinds of flaw that the room knows.

    Raises:
        InputError: naming the line, what it holds and what is expected.
    """
    readings = []
    for number, row in numbered_jsonl(path, what="readings"):
        try:
            reading = Reading.model_validate(row)
        except ValidationError as err:
            first = err.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(f"{path}:{number}: {where}: {first['msg']}, found {first['input']!r}") from err
        if reading.kind_of_flaw and reading.kind_of_flaw not in flaws:
            raise InputError(
                f"{path}:{number}: kind_of_flaw {reading.kind_of_flaw!r}; expected {', '.join(flaws)} or nothing"
            )
        readings.append(reading)
    return readings


def save(path: Path, readings: Sequence[Reading]) -> None:
    """Write the readings back, fields that say nothing left out."""
    rows = dump_jsonl(reading.model_dump(exclude_defaults=True) for reading in readings)
    write_text(path, rows, mode=SHARED)


def unread(readings: Sequence[Reading], digests: Mapping[str, str]) -> dict[str, str]:
    """What nobody has read in its present words: id → why.

    Args:
        digests: digest of each item as it is.
    """
    last = {reading.id: reading for reading in readings}
    found = {}
    for name, digest in digests.items():
        reading = last.get(name)
        if reading is None:
            found[name] = "no reading"
        elif reading.verdict == "dropped":
            found[name] = "dropped by its reader"
        elif reading.sha256 != digest:
            found[name] = "changed since it was read"
    return found


def close(readings: Sequence[Reading], digests: Mapping[str, str]) -> tuple[list[Reading], int]:
    """Stamp open readings with the digest of the item as it is; readings of an item that was dropped later stay open.

    Returns:
        All readings, and how many were stamped.

    Raises:
        InputError: an open reading of something that is not there.
    """
    closed, stamped = [], 0
    gone = {reading.id for reading in readings if reading.verdict == "dropped"} - set(digests)
    for reading in readings:
        if not reading.sha256 and reading.verdict != "dropped" and reading.id not in gone:
            if reading.id not in digests:
                raise InputError(f"reading of {reading.id!r}: there is no such item; mend the id or remove the reading")
            reading = reading.model_copy(update={"sha256": digests[reading.id]})
            stamped += 1
        closed.append(reading)
    return closed, stamped
