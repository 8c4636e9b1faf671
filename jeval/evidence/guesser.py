"""Guessers that know nothing of the subject: what they score beyond chance is a shortcut in the items, not knowledge."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TOLERANCE = 0.05


@dataclass(frozen=True)
class Candidate:
    """What a guesser sees of an item: the texts to choose from and, for scoring, which is right."""

    id: str
    cluster: str
    texts: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class Outcome:
    """A guesser on the items of one kind.

    ``hits``: items it gets right on its own (no tie), the clearest first, each with the guesser's margin.
    """

    guesser: str
    n: int
    accuracy: float
    chance: float
    hits: tuple[tuple[str, float], ...]

    @property
    def advantage(self) -> float:
        """Accuracy above chance."""
        return self.accuracy - self.chance

    @property
    def within(self) -> bool:
        """No shortcut: within the tolerance (n-grams: not above it)."""
        low = -1.0 if self.guesser == "ngram" else -TOLERANCE
        return low - 1e-9 <= self.advantage <= TOLERANCE + 1e-9

    @property
    def to_repair(self) -> int:
        """How many of its hits must go for it to be within the tolerance."""
        return max(0, math.ceil((self.advantage - TOLERANCE) * self.n - 1e-9))


def share_of_right(values: Sequence[float], right: int) -> float:
    """What choosing the highest value earns: 1 where the right one alone has it, ``1/k`` where it ties with k - 1 others, else 0.

    A NaN leaves nothing to choose by: every choice earns the same.
    """
    if any(value != value for value in values):
        return 1 / len(values)
    best = max(values)
    return 1 / values.count(best) if values[right] == best else 0.0


def by_rule(name: str, rule: Callable[[str], float], found: Sequence[Candidate]) -> Outcome:
    """Choose the text with the highest value of ``rule``; ties share."""
    return outcome(name, found, [[rule(text) for text in candidate.texts] for candidate in found])


def by_ngram(found: Sequence[Candidate], orders: Sequence[int] = (1, 2, 3, 4)) -> Outcome:
    """Naive Bayes over the presence of character n-grams, leaving out the items of the same cluster."""
    return outcome("ngram", found, _ngram_values(found, orders))


def outcome(name: str, found: Sequence[Candidate], values: Sequence[Sequence[float]]) -> Outcome:
    """What a guesser earns that gives each text of each candidate a value."""
    total = chance = 0.0
    hits: list[tuple[str, float]] = []
    for candidate, scores in zip(found, values, strict=True):
        share = share_of_right(scores, candidate.right)
        total += share
        chance += 1 / len(scores)
        if share == 1:
            hits.append((candidate.id, max(scores) - sorted(scores)[-2]))
    hits.sort(key=lambda hit: (-hit[1], hit[0]))
    n = len(found)
    return Outcome(name, n, total / n if n else 0.0, chance / n if n else 0.0, tuple(hits))


def drivers(found: Sequence[Candidate], name: str, top: int = 3) -> list[tuple[str, int, int]]:
    """The n-grams that lead the guesser to one item's right text: (n-gram, in right texts, in wrong texts) elsewhere."""
    right, wrong, sets = _grams(found, (2, 3, 4))
    index = next(i for i, candidate in enumerate(found) if candidate.id == name)
    for other, candidate in enumerate(found):
        if candidate.cluster == found[index].cluster:
            for place, grams in enumerate(sets[other]):
                (right if place == candidate.right else wrong).subtract(grams)
    odds = len(found[index].texts) - 1
    weights: dict[str, float] = {}
    for place, grams in enumerate(sets[index]):
        sign = 1 if place == found[index].right else -1
        for gram in grams:
            if right[gram] + wrong[gram]:
                weights[gram] = sign * math.log((odds * right[gram] + 1) / (wrong[gram] + 1))
    ranked = sorted((g for g in weights if weights[g] > 0), key=lambda gram: (-weights[gram], len(gram), gram))
    return [(gram, right[gram], wrong[gram]) for gram in ranked[:top]]


def telling_ngrams(found: Sequence[Candidate], top: int = 20) -> list[tuple[str, int, int]]:
    """The n-grams that divide right from wrong texts most: (n-gram, in right texts, in wrong texts)."""
    right, wrong, _ = _grams(found, (2, 3, 4, 5, 6))
    share = sum(len(c.texts) - 1 for c in found) / max(1, len(found))

    def weight(gram: str) -> float:
        expected = wrong[gram] / share
        return (right[gram] - expected) ** 2 / (right[gram] + expected)

    ranked = sorted({*right, *wrong}, key=lambda gram: (-weight(gram), len(gram), gram))
    return [(gram, right[gram], wrong[gram]) for gram in ranked[:top]]


def _grams(
    found: Sequence[Candidate], orders: Sequence[int]
) -> tuple[Counter[str], Counter[str], list[list[frozenset[str]]]]:
    """Presence counts in right and wrong texts. Only what not every text of an item contains can tell them apart."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    sets: list[list[frozenset[str]]] = []
    for candidate in found:
        grams = [
            frozenset(text[i : i + n] for n in orders for i in range(len(text) - n + 1)) for text in candidate.texts
        ]
        shared = frozenset.intersection(*grams)
        own = [gram - shared for gram in grams]
        sets.append(own)
        for index, gram in enumerate(own):
            (right if index == candidate.right else wrong).update(gram)
    return right, wrong, sets


def _ngram_values(found: Sequence[Candidate], orders: Sequence[int]) -> list[list[float]]:
    right, wrong, sets = _grams(found, orders)
    members: dict[str, list[int]] = defaultdict(list)
    for index, candidate in enumerate(found):
        members[candidate.cluster].append(index)
    values: list[list[float]] = [[] for _ in found]
    for indices in members.values():
        held_right: Counter[str] = Counter()
        held_wrong: Counter[str] = Counter()
        for index in indices:
            for place, grams in enumerate(sets[index]):
                (held_right if place == found[index].right else held_wrong).update(grams)
        texts_right = len(found) - len(indices)
        texts_wrong = sum(len(c.texts) - 1 for c in found) - sum(len(found[i].texts) - 1 for i in indices)
        base = math.log((texts_wrong + 2) / (texts_right + 2))
        for index in indices:
            values[index] = [
                sum(
                    math.log((right[g] - held_right[g] + 1) / (wrong[g] - held_wrong[g] + 1)) + base
                    for g in sorted(grams)
                    if right[g] - held_right[g] + wrong[g] - held_wrong[g]
                )
                for grams in sets[index]
            ]
    return values
