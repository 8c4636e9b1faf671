"""Constraints: what a candidate must keep to, whatever it scores. A value of at most 0 is feasible, in the constraint's unit.

An objective or task by name: at least this score. Besides these:

``leak_rate``
    At most this rate of leaks, by the upper limit of its 95 % interval: a rate that only happens to be low does not do. Over
    all tasks that must withhold, each counting the same; ``leak_rate:TASK`` for one of them.
``below_reference``
    At most this much below the reference in any domain, by the lower limit of the paired 95 % interval: shown not to be worse. The
    reference itself misses it where the limit is finer than the items can show. One constraint for each domain,
    ``below_reference:keigo`` …
``surely_below_reference``
    The same by the upper limit: what the items do not show to be worse is let pass.
``japanese``
    At least this share of freely written answers is Japanese (:func:`jeval.fitness.items.is_japanese`).
``neutral_text``
    At most this many nats per character of ordinary Japanese (:mod:`jeval.fitness.neutral`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from jeval.errors import InputError
from jeval.fitness.items import Item, SearchItems, Table
from jeval.fitness.paired import PerItem, difference
from jeval.fitness.result import BROKEN, Difference, FitnessResult
from jeval.record.schema import DomainResult, TaskResult
from jeval.statistics import combine
from jeval.suggest import near

LEAKS, BELOW, SURELY, JAPANESE, NEUTRAL = (
    "leak_rate", "below_reference", "surely_below_reference", "japanese", "neutral_text",
)  # fmt: skip
_LOST = 1000.0  # nats per character, and anything else without an upper end


@dataclass(frozen=True)
class Outcome:
    """What constraints look at.

    Attributes:
        objectives: as the result has them, adjusted for chance where that was asked for.
        neutral: nats per character of neutral text.
    """

    table: Table
    tasks: Mapping[str, TaskResult]
    domains: Mapping[str, DomainResult]
    neutral: float | None


class Constraints:
    """The constraints of a search.

    Args:
        given: name → limit.
        items: what candidates are measured on.
        reference: what ``below_reference`` compares with: a full result on the same items.

    Raises:
        InputError: an unknown name, a limit that is no number, or a reference that is missing or of other items.
    """

    def __init__(
        self, given: Mapping[str, float] | None, items: SearchItems, reference: FitnessResult | None = None
    ) -> None:
        self._items, self._reference = items, reference
        known = [*items.objectives, *items.tasks, BELOW, SURELY, JAPANESE, NEUTRAL]
        if items.withheld():
            known += [LEAKS, *(f"{LEAKS}:{task}" for task in items.withheld())]
        self.limits: dict[str, float] = {}
        for name, limit in (given or {}).items():
            if name not in known:
                raise InputError(f"constraints name {name!r}; {near(name, known, limit=6)}")
            if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not math.isfinite(limit):
                raise InputError(f"constraint {name}: {limit!r}; expected a number")
            if name in (BELOW, SURELY):
                self._check_reference(name, reference)
                self.limits.update((f"{name}:{domain}", float(limit)) for domain in items.objectives)
            else:
                self.limits[name] = float(limit)
        self._check_reachable()

    def _check_reachable(self) -> None:
        """A limit that no candidate can keep to would make a whole search infeasible."""
        clean: Table = {task: dict.fromkeys(self._items.ids(task), Item(1.0)) for task in self._items.tasks}
        for name, limit in self.limits.items():
            if name.startswith(LEAKS):
                least = limit + self._value(name, limit, Outcome(clean, *self._items.results(clean), None))
                if least > limit:
                    raise InputError(
                        f"constraint {name}: {limit:g} is out of reach: with these items the upper limit of a model that leaks "
                        f"nothing is {least:.3f}; allow more, or ask more items (limit=)"
                    )

    def _check_reference(self, name: str, reference: FitnessResult | None) -> None:
        if reference is None or reference.error is not None or reference.stopped_early:
            raise InputError(
                f"constraint {name} needs reference=, the full result of a model to compare with: "
                "reference=Fitness(...)(parent)"
            )
        for domain in self._items.objectives:
            if self._paired(domain, reference.per_item, reference.per_item) is None:
                raise InputError(
                    f"the reference has no item of {domain} that is asked here; evaluate it on the same items"
                )

    @property
    def neutral(self) -> bool:
        """Whether neutral text must be scored."""
        return NEUTRAL in self.limits

    def values(self, outcome: Outcome) -> dict[str, float]:
        """By how much each constraint is missed. What was not scored does not keep to any."""
        return {name: self._value(name, limit, outcome) for name, limit in self.limits.items()}

    def broken(self) -> dict[str, float]:
        """The values of a candidate that could not be scored: beyond those of any that could."""
        return {name: self._worst(name, limit) for name, limit in self.limits.items()}

    def _worst(self, name: str, limit: float) -> float:
        kind = name.partition(":")[0]
        if kind == NEUTRAL:
            return _LOST
        return 2.0 - limit if kind in (LEAKS, BELOW, SURELY) else limit - BROKEN

    def _value(self, name: str, limit: float, outcome: Outcome) -> float:
        kind, _, of = name.partition(":")
        if kind == LEAKS:
            found = self._leaks([of] if of else self._items.withheld(), outcome)
        elif kind in (BELOW, SURELY):
            found = self._below(of, outcome, surely=kind == SURELY)
        elif kind == NEUTRAL:
            found = outcome.neutral
        elif kind == JAPANESE:
            found = _japanese(outcome.table)
        else:
            found = (outcome.domains[name] if name in outcome.domains else outcome.tasks[name]).score
        if found is None:
            return self._worst(name, limit)
        return found - limit if kind in (LEAKS, BELOW, SURELY, NEUTRAL) else limit - found

    def _leaks(self, tasks: list[str], outcome: Outcome) -> float | None:
        parts = [part for name in tasks if (part := outcome.tasks[name].estimate) is not None]
        return 1.0 - combine(parts).low if len(parts) == len(tasks) else None

    def _below(self, domain: str, outcome: Outcome, *, surely: bool) -> float | None:
        assert self._reference is not None  # checked when the constraint was taken
        scores = {task: {name: item.score for name, item in found.items()} for task, found in outcome.table.items()}
        found = self._paired(domain, scores, self._reference.per_item)
        return None if found is None else -(found.high if surely else found.low)

    def _paired(self, domain: str, scores: PerItem, reference: PerItem) -> Difference | None:
        only = {name: float(name == domain) for name in self._items.objectives}
        return difference(self._items, self._items.shares(only), scores, reference)


def _japanese(table: Table) -> float | None:
    said = [item.japanese for items in table.values() for item in items.values() if item.japanese is not None]
    return sum(said) / len(said) if said else None
