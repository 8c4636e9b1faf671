"""Guessers that know no law: what they score beyond chance is a shortcut in the items, not knowledge.

``jeval bank guessers`` runs them over the bank and names the items that give a guesser its advantage, so that they can be
rewritten. All are blind to the question except for the option texts:

- ``longest``, ``shortest``: length alone (characters);
- ``specific``, ``unspecific``: digits, numerals, katakana words, quoted terms and article numbers, most or fewest;
- ``ngram``: naive Bayes over character 1- to 4-grams of right and wrong texts, trained on all other items, those that
  rest on the same article left out;
- ``larger``, ``smaller``, ``negated``, ``absolute`` (statements only): the twin with the larger or smaller figure, with a
  negation, with すべて, 必ず, いかなる and the like.

Ties share. Length and specificity are held within 5 points of chance on either side by a test, the n-gram guesser below
chance + 5 points; the others are reported. (Why one-sided: in a bank that uses every word equally often in right and
wrong texts, leaving an item out tips the balance of its words against it, and the guesser falls below chance for a reason
that helps nobody.)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from jeval.evidence.guesser import Candidate, Outcome, by_ngram, by_rule, drivers, telling_ngrams
from jeval.finreg import knowledge
from jeval.finreg.bank import select
from jeval.finreg.quantity import canonical, parse
from jeval.finreg.schema import CHANCE, SUITES, AnyItem
from jeval.record.schema import Written

HELD = ("longest", "shortest", "specific", "unspecific", "ngram")
GUESSED = ("statement", "choice", "case")


class _Words(Written):
    """``guessers.yaml``, and its words as patterns."""

    negation: list[str]
    absolute: list[str]
    specific: list[str]

    @cached_property
    def negates(self) -> re.Pattern[str]:
        return re.compile("|".join(self.negation))

    @cached_property
    def leaves_no_exception(self) -> re.Pattern[str]:
        return re.compile("|".join(self.absolute))

    @cached_property
    def is_specific(self) -> re.Pattern[str]:
        return re.compile("|".join(self.specific))


@lru_cache(maxsize=1)
def _words() -> _Words:
    return knowledge.document("guessers.yaml", _Words)


def candidates(items: Sequence[AnyItem]) -> list[Candidate]:
    """Candidates of statements, choices and cases; figures have nothing to choose from."""
    return [Candidate(item.id, item.cluster, item.alternatives, item.right) for item in items if item.kind != "figure"]


def length(text: str) -> float:
    """How many characters a text has."""
    return float(len(text))


def specificity(text: str) -> float:
    """How many figures, numerals with a unit, katakana words and quoted terms a text names."""
    return _matches(_words().is_specific, text)


def _figure(text: str) -> float:
    values = [float(q.value) for q in parse(text)]
    return sum(values) if values else 0.0


def _matches(pattern: re.Pattern[str], text: str) -> float:
    return float(len(pattern.findall(text)))


RULES: dict[str, Callable[[str], float]] = {
    "longest": length,
    "shortest": lambda text: -length(text),
    "specific": specificity,
    "unspecific": lambda text: -specificity(text),
}
STATEMENT_RULES: dict[str, Callable[[str], float]] = {
    "larger": _figure,
    "smaller": lambda text: -_figure(text),
    "negated": lambda text: _matches(_words().negates, text),
    "absolute": lambda text: _matches(_words().leaves_no_exception, text),
}


def run(items: Sequence[AnyItem]) -> list[Outcome]:
    """Every guesser on items of one kind; none on figures."""
    found = candidates(items)
    if not found:
        return []
    rules = RULES | (STATEMENT_RULES if items[0].kind == "statement" else {})
    return [*(by_rule(name, rule, found) for name, rule in rules.items()), by_ngram(found)]


@dataclass(frozen=True)
class Modal:
    """On ``n`` figures, the share right of who names the commonest value."""

    n: int
    accuracy: float


def modal_figure(items: Sequence[AnyItem]) -> Modal:
    """Figures: share right when always naming the commonest value of the same unit among the other articles' items."""
    asked = [
        (item.cluster, canonical(item.quantity.exact, item.quantity.unit)) for item in items if item.kind == "figure"
    ]
    right = 0
    for cluster, wanted in asked:
        others = Counter(q.value for other, q in asked if other != cluster and q.unit == wanted.unit)
        right += bool(others) and min(others, key=lambda v: (-others[v], v)) == wanted.value
    return Modal(len(asked), right / len(asked) if asked else 0.0)


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
