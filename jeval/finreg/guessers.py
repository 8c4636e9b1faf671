"""Guessers that know no law: what they score beyond chance is a shortcut in the items, not knowledge.

:mod:`jeval.finreg.shortcuts` runs them over the bank and names the items that give a guesser its advantage. All are blind to the question except for the option texts:

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from jeval.evidence.guesser import Candidate, Outcome, by_ngram, by_rule
from jeval.finreg import knowledge
from jeval.finreg.quantity import canonical, parse
from jeval.finreg.schema import AnyItem
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
