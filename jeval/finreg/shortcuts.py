"""The shortcuts in the bank: what the guessers earn, and which items to rewrite (``jeval bank guessers``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from jeval.evidence.guesser import Outcome, drivers, telling_ngrams
from jeval.finreg.bank import select
from jeval.finreg.guessers import GUESSED, HELD, candidates, modal_figure, run
from jeval.finreg.schema import CHANCE, SUITES, AnyItem
from jeval.record.schema import Written


class Guess(Written):
    """A guesser on a group of items.

    Attributes:
        advantage: accuracy above chance.
        within: the advantage is no shortcut.
        to_repair: how many of its hits must go for that.
        hits: the items it gets right on its own, the clearest first.
    """

    n: int
    accuracy: float
    advantage: float
    within: bool
    to_repair: int
    hits: list[str]

    @classmethod
    def of(cls, outcome: Outcome) -> Guess:
        """Rounded for the report."""
        return cls(
            n=outcome.n,
            accuracy=round(outcome.accuracy, 4),
            advantage=round(outcome.advantage, 4),
            within=outcome.within,
            to_repair=outcome.to_repair,
            hits=[name for name, _ in outcome.hits],
        )


Grams = list[tuple[str, int, int]]
"""n-grams, each with how many right and wrong texts have it."""


class KindGuesses(Written):
    """The guessers on one kind of items.

    Attributes:
        positions: how many right answers stand at each place as written; empty for statements.
        audit, search, both: guesser → what it earns.
        telling: the n-grams that divide right from wrong texts most.
        drivers: where the n-gram guesser is beyond the tolerance, what leads it to each item it gets right.
    """

    chance: float
    positions: list[int]
    audit: dict[str, Guess]
    search: dict[str, Guess]
    both: dict[str, Guess]
    telling: Grams
    drivers: dict[str, Grams]


class FigureGuesses(Written):
    """The share of ``n`` figures for which the commonest value of the unit is right."""

    n: int
    commonest_value: float


class Report(Written):
    """All guessers; ``ok`` where none of :data:`HELD` is beyond its tolerance."""

    ok: bool
    kinds: dict[str, KindGuesses]
    figure: FigureGuesses


def report(items: Sequence[AnyItem]) -> Report:
    """All guessers by kind, over both suites and each alone, with the items to repair."""
    ok = True
    kinds = {}
    for kind in GUESSED:
        groups: dict[str, list[AnyItem]] = {suite: select(items, kind, suite) for suite in SUITES}
        both = [item for group in groups.values() for item in group]
        outcomes = {name: run(group) for name, group in {**groups, "both": both}.items()}
        ok = ok and all(o.within for found in outcomes.values() for o in found if o.guesser in HELD)
        guesses = {name: {o.guesser: Guess.of(o) for o in found} for name, found in outcomes.items()}
        kinds[kind] = KindGuesses(
            chance=CHANCE[kind],
            positions=_positions(both),
            audit=guesses["audit"],
            search=guesses["search"],
            both=guesses["both"],
            telling=telling_ngrams(candidates(both)),
            drivers=_drivers(both, outcomes["both"]),
        )
    modal = modal_figure(items)
    return Report(ok=ok, kinds=kinds, figure=FigureGuesses(n=modal.n, commonest_value=round(modal.accuracy, 4)))


def _drivers(items: Sequence[AnyItem], outcomes: Sequence[Outcome]) -> dict[str, Grams]:
    ngram = next((o for o in outcomes if o.guesser == "ngram" and not o.within), None)
    if ngram is None:
        return {}
    found = candidates(items)
    return {name: drivers(found, name) for name, _ in ngram.hits[: ngram.to_repair + 10]}


def _positions(items: Sequence[AnyItem]) -> list[int]:
    counts = Counter(item.answer for item in items if item.kind in ("choice", "case"))
    return [counts[index] for index in range(4)] if counts else []


def lines(result: Report) -> Iterator[str]:
    """A report in words, line by line."""
    for kind, data in result.kinds.items():
        yield f"{kind} (chance {data.chance:.2f}; answers as written at {data.positions or '-'})"
        for group, guesses in (("both", data.both), ("audit", data.audit), ("search", data.search)):
            for name, guess in guesses.items():
                yield from _guess_lines(group, name, guess)
        told = ", ".join(f"{gram}({right}/{wrong})" for gram, right, wrong in data.telling[:12])
        yield f"  telling n-grams (right/wrong): {told}"
        for name, grams in data.drivers.items():
            yield f"    {name}: " + ", ".join(f"{gram}({right}/{wrong})" for gram, right, wrong in grams)
    figure = result.figure
    yield f"figure: commonest value of the unit is right for {figure.commonest_value:.3f} of {figure.n}"


def _guess_lines(group: str, name: str, guess: Guess) -> Iterator[str]:
    held = name in HELD
    mark = "" if guess.within else "  <-- beyond 5 points" if held else "  (reported only)"
    yield f"  {group:6} {name:10} n={guess.n:4} {guess.accuracy:.3f} ({guess.advantage:+.3f}){mark}"
    if held and guess.to_repair:
        clearest = ", ".join(guess.hits[: guess.to_repair + 4])
        yield f"         rewrite at least {guess.to_repair} of: {clearest}"
