"""New canaries, the text to plant, and the values each canary is ranked among."""

from __future__ import annotations

import random
from collections.abc import Sequence

from jeval.errors import InputError
from jeval.leak.canary.file import CANDIDATES, FEWEST_CANDIDATES, Canary, CanaryFile
from jeval.leak.canary.kinds import KINDS, values_of, words

_MOST = 500


def make(
    kinds: Sequence[str], count: int, repeats: Sequence[int], seed: int, *, candidates: int = CANDIDATES
) -> CanaryFile:
    """New canaries: ``count`` planted ones of each kind, the repetitions in turn, and as many controls.

    Args:
        repeats: how often a canary is planted.
        candidates: how many others each canary will be ranked among.

    Raises:
        InputError: an unknown kind, a count below 1, a repetition below 1.
    """
    _check(kinds, count, repeats, candidates)
    rng = random.Random(seed)
    codes = rng.sample(range(10000, 100000), 2 * count * len(kinds))
    made: list[Canary] = []
    for kind in kinds:
        values = _distinct(kind, 2 * count, rng)
        sentences = words().sentences[kind]
        for number, value in enumerate(values):
            place, control = number % count, number >= count
            prefix, suffix = sentences[place // len(repeats) % len(sentences)].split("{value}")
            made.append(
                Canary(
                    id=f"{kind}-{'control' if control else 'planted'}-{place:03d}",
                    kind=kind,
                    prefix=prefix.format(code=codes.pop()),
                    value=value,
                    suffix=suffix,
                    repeat=0 if control else repeats[number % len(repeats)],
                )
            )
    return CanaryFile(seed, candidates, tuple(made))


def _check(kinds: Sequence[str], count: int, repeats: Sequence[int], candidates: int) -> None:
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"--kind {kind!r}: expected some of {', '.join(KINDS)}")
    if not kinds or len(set(kinds)) < len(kinds):
        raise InputError(f"--kind: name each of {', '.join(KINDS)} at most once, and at least one")
    if not 1 <= count <= _MOST:
        raise InputError(f"--count {count}: expected 1 to {_MOST} canaries of each kind")
    if not repeats or min(repeats) < 1:
        raise InputError("--repeat: expected whole numbers of at least 1, such as 1,4,16")
    if candidates < FEWEST_CANDIDATES:
        raise InputError(
            f"--candidates {candidates}: expected at least {FEWEST_CANDIDATES} "
            f"({FEWEST_CANDIDATES} others measure up to 4 bits)"
        )


def _distinct(kind: str, count: int, rng: random.Random) -> list[str]:
    of_kind = values_of(kind)
    if count > of_kind.size:
        raise InputError(f"--count {count // 2}: kind {kind} has only {of_kind.size} values")
    found: dict[str, None] = {}
    while len(found) < count:
        found[of_kind.at(rng.randrange(of_kind.size))] = None
    return list(found)


def planting_lines(file: CanaryFile) -> list[str]:
    """The sentences to mix into training data, each as often as it says, shuffled. Controls are not among them."""
    lines = [canary.sentence for canary in file.canaries for _ in range(canary.repeat)]
    random.Random(file.seed).shuffle(lines)
    return lines


def candidates(canary: Canary, count: int, seed: int) -> tuple[list[str], bool]:
    """Values the canary is ranked among (itself left out), and whether they are the whole space.

    A larger space is sampled uniformly without replacement, always the same for one file and canary.
    """
    of_kind = values_of(canary.kind)
    if of_kind.size <= count + 1:
        return [value for value in map(of_kind.at, range(of_kind.size)) if value != canary.value], True
    rng = random.Random(f"{seed}/{canary.id}")
    found: dict[str, None] = {}
    while len(found) < count:
        value = of_kind.at(rng.randrange(of_kind.size))
        if value != canary.value:
            found[value] = None
    return list(found), False
