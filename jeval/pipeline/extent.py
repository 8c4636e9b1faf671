"""How much of its suite a run took: a domain has a number only where the run has it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jeval.pipeline import domains
from jeval.record.schema import Extent, RunRecord


@dataclass(frozen=True)
class Part:
    """How much of its suite, or of a domain, a run took. ``known``: whether the record says how much there is."""

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
    own = [name for name, task in record.tasks.items() if name not in domains.tasks_of_files()]
    scored = sum(record.tasks[name].n + record.tasks[name].not_scored for name in own)
    if record.extent is None:
        left = 0 if record.settings.limit is None else 1
        return Part(len(own), len(own), scored, scored + left, known=False)
    missing = record.extent.missing
    run = [name for name in own if name in record.extent.items]
    return Part(len(run), len(run) + sum(map(len, missing.values())), *_asked(record, record.extent, run), missing)


def _asked(record: RunRecord, extent: Extent, names: Sequence[str]) -> tuple[int, int]:
    """How many items of these tasks were asked, scored or not, and how many they have."""
    sizes = {name: extent.items.get(name, 0) for name in names}
    limit, whole = record.settings.limit, record.settings.whole
    taken = sum(size if limit is None or name in whole else min(limit, size) for name, size in sizes.items())
    others = sum(len(record.left_out.get(name, ())) for name in sizes) if record.settings.business else 0
    return taken - others, sum(sizes.values())


def part_of_domain(record: RunRecord, name: str) -> Part:
    """How much of a domain of its suite a run took, tasks that need a file of the user's apart."""
    suite = record.domains[name].suite
    members = [
        task
        for task, one in record.tasks.items()
        if one.suite == suite and one.domain == name.removesuffix("_search") and task not in domains.tasks_of_files()
    ]
    run = len(members)
    if record.extent is None:
        n = record.domains[name].n
        return Part(run, run, n, n + (record.settings.limit is not None), known=False)
    return Part(run, run + len(record.extent.missing.get(name, ())), *_asked(record, record.extent, members))


def whole_domains(record: RunRecord) -> set[str]:
    """The domains that a run has whole."""
    return {name for name in record.domains if part_of_domain(record, name).whole}
