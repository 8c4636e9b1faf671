"""How much of its suite a run took: a domain has a number only where the run has it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jeval.pipeline import domains
from jeval.record.schema import Extent, RunRecord


@dataclass(frozen=True)
class Part:
    """How much of its suite, or of a domain, a run took. ``known``: whether the record says how much there is;
    where it does not, ``of_items`` says no more than that something was left out.
    """

    tasks: int
    of_tasks: int
    items: int
    of_items: int
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    known: bool = True

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return self.tasks == self.of_tasks and self.items == self.of_items


def part_of(record: RunRecord) -> Part:
    """How much of its suite a run took, tasks that need a file of the user's apart."""
    of_files, extent = domains.tasks_of_files(), record.extent
    own = [name for name in record.tasks if name not in of_files and (extent is None or name in extent.items)]
    return _part(record, own, extent.missing if extent else {})


def part_of_domain(record: RunRecord, name: str) -> Part:
    """The same of a domain of its suite."""
    of_files, suite, base = domains.tasks_of_files(), record.domains[name].suite, name.removesuffix("_search")
    own = [
        task for task, one in record.tasks.items() if (one.suite, one.domain) == (suite, base) and task not in of_files
    ]
    return _part(record, own, {name: record.extent.missing.get(name, ())} if record.extent else {})


def _part(record: RunRecord, names: Sequence[str], missing: Mapping[str, Sequence[str]]) -> Part:
    """Of tasks that the run has, and of those that it did not take."""
    n = len(names)
    if record.extent is None:
        scored = sum(record.tasks[name].n + record.tasks[name].not_scored for name in names)
        left = record.settings.limit is not None  # nobody knows how many
        return Part(n, n, scored, scored + left, known=False)
    return Part(n, n + sum(map(len, missing.values())), *_asked(record, record.extent, names), missing)


def _asked(record: RunRecord, extent: Extent, names: Sequence[str]) -> tuple[int, int]:
    """How many items of these tasks were asked, scored or not, and how many they have."""
    sizes = {name: extent.items.get(name, 0) for name in names}
    limit, whole = record.settings.limit, record.settings.whole
    taken = sum(size if limit is None or name in whole else min(limit, size) for name, size in sizes.items())
    others = sum(len(record.left_out.get(name, ())) for name in sizes) if record.settings.business else 0
    return taken - others, sum(sizes.values())


def whole_domains(record: RunRecord) -> set[str]:
    """The domains that a run has whole."""
    return {name for name in record.domains if part_of_domain(record, name).whole}
