"""A sentence and what is offered as its rendering, side by side: what every ground of refusal looks at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from jeval.keigo.analysis import analyze
from jeval.keigo.judge.carried import Carried, carried
from jeval.keigo.judge.matching import match
from jeval.keigo.judge.meaning import read
from jeval.keigo.judge.units import Unit
from jeval.keigo.types import Analysis


class Comparison:
    """``given`` is the meaning of ``source``, ``said`` that of ``answer``; the rest is found when it is asked for."""

    def __init__(self, source: str, answer: str, target: str, context: Mapping[str, object] | None) -> None:
        self.source, self.answer, self.target = source, answer, target
        self.context = context
        self.given, self.said = read(source), read(answer)

    @cached_property
    def before(self) -> Analysis:
        """The analysis of the source."""
        return analyze(self.source, self.context)

    @cached_property
    def after(self) -> Analysis:
        """The analysis of the answer."""
        return analyze(self.answer, self.context)

    @cached_property
    def carried_before(self) -> Carried:
        """The honorific types in the source."""
        return carried(self.before)

    @cached_property
    def carried_after(self) -> Carried:
        """The honorific types in the answer."""
        return carried(self.after)

    @cached_property
    def pairs(self) -> list[tuple[Unit, Unit]]:
        """Units of the source with the unit of the answer that says the same."""
        return [(self.given.units[i], self.said.units[j]) for i, j in self._matched.items()]

    @property
    def lost(self) -> list[Unit]:
        """Units of the source that the answer does not say."""
        return [unit for i, unit in enumerate(self.given.units) if i not in self._matched and not unit.optional]

    @property
    def added(self) -> list[Unit]:
        """Units of the answer that the source does not say."""
        taken = set(self._matched.values())
        return [unit for j, unit in enumerate(self.said.units) if j not in taken and not unit.optional]

    @property
    def requested(self) -> bool:
        """Whether both ask for something."""
        return self.given.request and self.said.request

    @cached_property
    def _matched(self) -> dict[int, int]:
        return match(self.given.units, self.said.units)
