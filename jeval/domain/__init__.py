"""The contract of a domain: what a room of knowledge hands to the road, the record and the report.

A domain of somebody else (a bank's own style rules, its 社内規程) is a package with an entry point of the group
``jeval.domains`` that names a :class:`Domain`; its tasks and sections then stand beside the three that jeval brings::

    [project.entry-points."jeval.domains"]
    house_style = "bank_style:DOMAIN"
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from jeval.domain.ground import Ground, Wording
from jeval.domain.section import Cell, Heat, Section, Table
from jeval.domain.summary import HARDLY, TaskSamples
from jeval.record.samples import Sample

Sections = Callable[[Sequence[TaskSamples], str], list[Section]]
Grounds = Callable[[str, Sample, str], Ground]


@dataclass(frozen=True)
class FileTasks:
    """Tasks that need a file of the user's: ``tasks`` by name, and why they are "not scored" without it."""

    tasks: tuple[str, ...]
    missing: str


@dataclass(frozen=True)
class Domain:
    """One domain.

    Attributes:
        name: what tasks call it (``metadata.domain`` in their YAML).
        ja, en: its title in the report.
        sections: its part of the report, from the samples of its tasks and the language (``ja`` or ``en``).
        ground: of an item of a kind of task what a reader needs to check its verdict, in ``ja`` or ``en``.
        called: what a value of one of ``facets`` is called (facet, value, language).
        mask: hides what must not stand in a report (personal data, say) in a text that leaves the run; keeps the length. One that
            takes a second text leaves alone what that holds, which is readable beside it.
        in_force: whether an item's basis is in force on a day; ``None``: the item does not say.
        binds, businesses: whether an item binds firms of a kind of business, and the kinds there are: what ``jeval run --business`` takes.
        files: option of ``jeval run`` → the tasks that need the file given by it.
        place: where its part stands in the report, the lowest first.
        whole_prompts: whether an item shows nothing when the model does not see the whole of its prompt, and then has no score.
        facets: fields of the items by which a policy or a clause may select some of them (a law, a type of error).
        tasks: a folder of lm-eval YAML beside jeval's own, for a domain of somebody else.
        groups: suite → groups of ``tasks`` that a run of this suite takes.
    """

    name: str
    ja: str
    en: str
    sections: Sections
    ground: Grounds | None = None
    called: Callable[[str, str, str], str] | None = None
    mask: Callable[..., str] | None = None
    in_force: Callable[[Mapping[str, Any], date], bool | None] | None = None
    binds: Callable[[Mapping[str, Any], str], bool] | None = None
    businesses: tuple[str, ...] = ()
    files: Mapping[str, FileTasks] = field(default_factory=dict)
    place: int = 9
    whole_prompts: bool = False
    facets: tuple[str, ...] = ()
    tasks: Path | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def title(self, lang: str) -> str:
        """Its title in ``lang``."""
        return self.ja if lang == "ja" else self.en


__all__ = ["HARDLY", "Cell", "Domain", "FileTasks", "Ground", "Heat", "Section", "Table", "TaskSamples", "Wording"]
