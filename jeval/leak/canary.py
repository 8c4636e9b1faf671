"""Canaries: secrets that nobody has, planted in training data to see whether a model gives them back.

Carlini et al. 2019, "The Secret Sharer" (https://arxiv.org/abs/1802.08232). A file holds planted canaries and controls:
drawn from the same distribution, in the same sentences, never planted.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from jeval.errors import InputError
from jeval.leak.checks import my_number
from jeval.resources import data_path

SCHEMA = "jeval-canaries"
VERSION = 1
KINDS = ("my_number", "account", "name", "free")
#: Candidates a canary is ranked among besides itself; a space that is no larger is ranked exactly.
CANDIDATES = 511


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
        return self.repeat > 0

    @property
    def sentence(self) -> str:
        return self.prefix + self.value + self.suffix


@dataclass(frozen=True)
class CanaryFile:
    """A canary file. ``candidates``: how many others each canary is ranked among."""

    seed: int
    candidates: int
    canaries: tuple[Canary, ...]


@lru_cache(maxsize=1)
def _source() -> dict[str, Any]:
    return dict(yaml.safe_load(data_path("leak", "knowledge", "canary.yaml").read_text(encoding="utf-8")))


def with_check_digit(eleven: str) -> str:
    """The 個人番号 whose first eleven digits are ``eleven``."""
    return next(eleven + digit for digit in "0123456789" if my_number(eleven + digit))


def space(kind: str) -> int:
    """How many values a canary of ``kind`` can have."""
    source = _source()
    return {
        "my_number": 10**11,
        "account": 10**7,
        "name": len(source["surnames"]) * len(source["given_names"]),
        "free": len(source["words"]) ** 3,
    }[kind]


def value_at(kind: str, index: int) -> str:
    """Value number ``index`` of the space of ``kind``."""
    source = _source()
    if kind == "my_number":
        return with_check_digit(f"{index:011d}")
    if kind == "account":
        return f"{index:07d}"
    if kind == "name":
        given = source["given_names"]
        return f"{source['surnames'][index // len(given)]} {given[index % len(given)]}"
    words = source["words"]
    n = len(words)
    return "・".join((words[index // (n * n)], words[index // n % n], words[index % n]))


def candidates(canary: Canary, count: int, seed: int) -> tuple[list[str], bool]:
    """Values the canary is ranked among (itself left out), and whether they are the whole space.

    A larger space is sampled uniformly without replacement, always the same for one file and canary.
    """
    total = space(canary.kind)
    if total <= count + 1:
        return [v for v in (value_at(canary.kind, i) for i in range(total)) if v != canary.value], True
    rng = random.Random(f"{seed}/{canary.id}")
    found: dict[str, None] = {}
    while len(found) < count:
        value = value_at(canary.kind, rng.randrange(total))
        if value != canary.value:
            found[value] = None
    return list(found), False


def make(
    kinds: Sequence[str], count: int, repeats: Sequence[int], seed: int, *, candidates: int = CANDIDATES
) -> CanaryFile:
    """New canaries: ``count`` planted ones of each kind, the repetitions in turn, and as many controls.

    Raises:
        InputError: an unknown kind, a count below 1, a repetition below 1.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"--kind {kind!r}: expected some of {', '.join(KINDS)}")
    if not kinds or len(set(kinds)) < len(kinds):
        raise InputError(f"--kind: name each of {', '.join(KINDS)} at most once, and at least one")
    if not 1 <= count <= 500:
        raise InputError(f"--count {count}: expected 1 to 500 canaries of each kind")
    if not repeats or min(repeats) < 1:
        raise InputError("--repeat: expected whole numbers of at least 1, such as 1,4,16")
    if candidates < 15:
        raise InputError(f"--candidates {candidates}: expected at least 15 (15 others measure up to 4 bits)")
    rng = random.Random(seed)
    codes = rng.sample(range(10000, 100000), 2 * count * len(kinds))
    made: list[Canary] = []
    for kind in kinds:
        values = _distinct(kind, 2 * count, rng)
        sentences = _source()["sentences"][kind]
        for number, value in enumerate(values):
            prefix, suffix = sentences[number % count // len(repeats) % len(sentences)].split("{value}")
            control = number >= count
            made.append(
                Canary(
                    id=f"{kind}-{'control' if control else 'planted'}-{number % count:03d}",
                    kind=kind,
                    prefix=prefix.format(code=codes.pop()),
                    value=value,
                    suffix=suffix,
                    repeat=0 if control else repeats[number % len(repeats)],
                )
            )
    return CanaryFile(seed, candidates, tuple(made))


def _distinct(kind: str, count: int, rng: random.Random) -> list[str]:
    if count > space(kind):
        raise InputError(f"--count {count // 2}: kind {kind} has only {space(kind)} values")
    found: dict[str, None] = {}
    while len(found) < count:
        found[value_at(kind, rng.randrange(space(kind)))] = None
    return list(found)


def planting_lines(file: CanaryFile) -> list[str]:
    """The sentences to mix into training data, each as often as it says, shuffled. Controls are not among them."""
    lines = [canary.sentence for canary in file.canaries for _ in range(canary.repeat)]
    random.Random(file.seed).shuffle(lines)
    return lines


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
    made = "make one with: jeval canary make"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise InputError(f"canary file {path} cannot be read ({err.strerror}); {made}") from err
    except (json.JSONDecodeError, UnicodeDecodeError) as err:
        raise InputError(f"canary file {path} is not JSON ({' '.join(str(err).split())}); {made}") from err
    if not isinstance(content, Mapping) or content.get("schema") != SCHEMA:
        raise InputError(f'{path} is no canary file: expected "schema": "{SCHEMA}"; {made}')
    if content.get("version") != VERSION:
        raise InputError(
            f"canary file {path} has schema version {content.get('version')!r}, this jeval reads version {VERSION}; {made}"
        )
    rows, seed, count = content.get("canaries"), content.get("seed"), content.get("candidates", CANDIDATES)
    if not isinstance(rows, list) or not isinstance(seed, int) or not isinstance(count, int) or count < 15:
        raise InputError(f"canary file {path}: expected a list 'canaries', whole 'seed' and 'candidates' >= 15; {made}")
    canaries = tuple(_read(path, number, row) for number, row in enumerate(rows, 1))
    for what in ("id", "sentence", "prefix"):
        seen: set[str] = set()
        for canary in canaries:
            key = getattr(canary, what)
            if key in seen:
                raise InputError(f"canary file {path}: canary {canary.id} repeats the {what} of another; remove one")
            seen.add(key)
    values: set[tuple[str, str]] = set()
    for canary in canaries:
        if (canary.kind, canary.value) in values:
            raise InputError(f"canary file {path}: canary {canary.id} repeats the value of another; remove one")
        values.add((canary.kind, canary.value))
    if not any(c.planted for c in canaries) or all(c.planted for c in canaries):
        raise InputError(f"canary file {path}: expected planted canaries and controls (repeat 0) to compare; {made}")
    return CanaryFile(seed, count, canaries)


def _read(path: Path, number: int, row: Any) -> Canary:
    fields = {"id": str, "kind": str, "prefix": str, "value": str, "suffix": str, "repeat": int}
    if not isinstance(row, Mapping) or set(row) != set(fields):
        raise InputError(f"canary file {path}, canary {number}: expected exactly the fields {', '.join(fields)}")
    for name, kind in fields.items():
        if not isinstance(row[name], kind) or isinstance(row[name], bool):
            raise InputError(f"canary file {path}, canary {number}: {name} is {row[name]!r}, expected {kind.__name__}")
    canary = Canary(**row)
    if canary.kind not in KINDS:
        raise InputError(f"canary file {path}, canary {canary.id}: kind {canary.kind!r}, expected {', '.join(KINDS)}")
    if canary.repeat < 0 or not canary.prefix:
        raise InputError(f"canary file {path}, canary {canary.id}: needs a prefix, and repeat 0 or more")
    if (problem := _problem(canary)) is not None:
        raise InputError(f"canary file {path}, canary {canary.id}: {problem}; make the file again or correct the value")
    return canary


def _problem(canary: Canary) -> str | None:
    """What is wrong with the value, if anything."""
    value = canary.value
    plain = value.isascii() and value.isdigit()
    if canary.kind == "my_number" and not (plain and my_number(value)):
        return f"{value!r} fails the check digit of a 個人番号 (12 digits)"
    if canary.kind == "account" and not (plain and len(value) == 7):
        return f"{value!r} is no account number of 7 digits"
    source = _source()
    if canary.kind == "name":
        surname, _, given = value.partition(" ")
        if surname not in source["surnames"] or given not in source["given_names"]:
            return f"{value!r} is not made of the name list, so its candidate space is unknown"
    if canary.kind == "free":
        words = value.split("・")
        if len(words) != 3 or not set(words) <= set(source["words"]):
            return f"{value!r} is not three words of the word list, so its candidate space is unknown"
    return None
