"""The canary file: planted canaries and controls, as ``jeval canary make`` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.leak.canary.kinds import KINDS, values_of
from jeval.reading import read_json

SCHEMA = "jeval-canaries"
VERSION = 1
#: Candidates a canary is ranked among besides itself; a space that is no larger is ranked exactly.
CANDIDATES = 511
FEWEST_CANDIDATES = 15
_MADE = "make one with: jeval canary make"
_FIELDS = {"id": str, "kind": str, "prefix": str, "value": str, "suffix": str, "repeat": int}


@dataclass(frozen=True)
class Canary:
    """``prefix + value + suffix`` is the sentence; ``repeat``: how often it is planted (0: a control, never planted)."""

    id: str
    kind: str
    prefix: str
    value: str
    suffix: str
    repeat: int

    @property
    def planted(self) -> bool:
        """Whether it is planted at all."""
        return self.repeat > 0

    @property
    def sentence(self) -> str:
        """What is planted."""
        return self.prefix + self.value + self.suffix


@dataclass(frozen=True)
class CanaryFile:
    """A canary file. ``candidates``: how many others each canary is ranked among."""

    seed: int
    candidates: int
    canaries: tuple[Canary, ...]


def dump(file: CanaryFile) -> str:
    """The canary file as JSON."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "version": VERSION,
            "seed": file.seed,
            "candidates": file.candidates,
            "canaries": [asdict(canary) for canary in file.canaries],
        },
        ensure_ascii=False,
        indent=1,
    )


def load(path: str | Path) -> CanaryFile:
    """Read a canary file (or the folder that ``jeval canary make`` wrote).

    Raises:
        InputError: not a canary file, another schema version, a duplicate, a value that is not of its kind (a wrong
            check digit, say), no planted canaries or no controls.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "canaries.json"
    try:
        content = read_json(path, what="canary file")
    except InputError as err:
        raise InputError(f"{err}; {_MADE}") from err
    file = _file(path, content)
    _refuse_repetition(path, file.canaries)
    if all(canary.planted for canary in file.canaries) or not any(canary.planted for canary in file.canaries):
        raise InputError(f"canary file {path}: expected planted canaries and controls (repeat 0) to compare; {_MADE}")
    return file


def _file(path: Path, content: Mapping[str, Any]) -> CanaryFile:
    if content.get("schema") != SCHEMA:
        raise InputError(f'{path} is no canary file: expected "schema": "{SCHEMA}"; {_MADE}')
    version = content.get("version")
    if version != VERSION:
        raise InputError(
            f"canary file {path} has schema version {version!r}, this jeval reads version {VERSION}; {_MADE}"
        )
    rows, seed, count = content.get("canaries"), content.get("seed"), content.get("candidates", CANDIDATES)
    if (
        not isinstance(rows, list)
        or not isinstance(seed, int)
        or not isinstance(count, int)
        or count < FEWEST_CANDIDATES
    ):
        raise InputError(
            f"canary file {path}: expected a list 'canaries', whole 'seed' and 'candidates' >= {FEWEST_CANDIDATES}; {_MADE}"
        )
    return CanaryFile(seed, count, tuple(_canary(path, number, row) for number, row in enumerate(rows, 1)))


def _canary(path: Path, number: int, row: Any) -> Canary:
    where = f"canary file {path}, canary {number}"
    if not isinstance(row, Mapping) or set(row) != set(_FIELDS):
        raise InputError(f"{where}: expected exactly the fields {', '.join(_FIELDS)}")
    for name, kind in _FIELDS.items():
        if not isinstance(row[name], kind) or isinstance(row[name], bool):
            raise InputError(f"{where}: {name} is {row[name]!r}, expected {kind.__name__}")
    canary = Canary(**row)
    where = f"canary file {path}, canary {canary.id}"
    if canary.kind not in KINDS:
        raise InputError(f"{where}: kind {canary.kind!r}, expected {', '.join(KINDS)}")
    if canary.repeat < 0 or not canary.prefix:
        raise InputError(f"{where}: needs a prefix, and repeat 0 or more")
    if (problem := values_of(canary.kind).problem(canary.value)) is not None:
        raise InputError(f"{where}: {problem}; make the file again or correct the value")
    return canary


def _refuse_repetition(path: Path, canaries: Sequence[Canary]) -> None:
    seen: set[tuple[str, ...]] = set()
    for what in ("id", "sentence", "prefix", "value"):
        for canary in canaries:
            key = (what, str(getattr(canary, what)), canary.kind if what == "value" else "")
            if key in seen:
                raise InputError(f"canary file {path}: canary {canary.id} repeats the {what} of another; remove one")
            seen.add(key)
