"""The search items, and what becomes of their scores: task and domain results, as an audit makes them of the same items."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jeval.errors import InputError
from jeval.pipeline.evaluate import Rows, choose_items
from jeval.pipeline.score import domain_results, task_results
from jeval.pipeline.taskpack import LoadedTasks, load_tasks
from jeval.pipeline.window import Fit
from jeval.record.samples import Sample
from jeval.record.schema import DomainResult, TaskResult
from jeval.thoughts import said

_KANA, _LETTER = re.compile(r"[ぁ-んァ-ヶー]"), re.compile(r"[^\W\d_]")
_JAPANESE = re.compile(r"[ぁ-んァ-ヶー一-鿿々〆]")


@dataclass(frozen=True)
class Item:
    """One item of one candidate.

    Attributes:
        score: in [0, 1]; ``None``: not scored.
        silent: its thought did not come to an end.
        japanese: whether what was written is Japanese; ``None`` where nothing was written freely, or no letter.
    """

    score: float | None
    silent: bool = False
    japanese: bool | None = None


Table = dict[str, dict[str, Item]]
"""Task → item id → item."""


def item_of(sample: Sample, *, generated: bool) -> Item:
    """What is kept of a sample."""
    output = sample.outputs[0] if generated and sample.outputs else None
    if not isinstance(output, str):
        return Item(sample.score)
    heard = said(output)
    return Item(sample.score, heard.unfinished, is_japanese(heard.answer.text))


def is_japanese(text: str) -> bool | None:
    """Whether at least half the letters are Japanese and kana is among them or the text is short; ``False`` for an empty one,
    ``None`` where it holds digits and signs only.
    """
    if not text.strip():
        return False
    letters = _LETTER.findall(text)
    if not letters:
        return None
    own = len(_JAPANESE.findall(text))
    return 2 * own >= len(letters) and (len(letters) <= 8 or bool(_KANA.search(text)))


class _Known(NamedTuple):
    """What the statistics need of an item, read once: a row of a data set takes as long as the scoring of an answer."""

    cluster: str
    chance: Any


@dataclass
class SearchItems:
    """The items that candidates are measured on.

    Attributes:
        rows: per task the numbers of its items.
        objectives: the domains that the tasks cover, sorted.
    """

    loaded: LoadedTasks
    rows: Rows
    objectives: list[str] = field(default_factory=list)
    _known: dict[str, dict[str, _Known]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, tasks: Sequence[str] | None, limit: int | None, fresh: int | None = None) -> SearchItems:
        """Load tasks of the search suite, with ``fresh`` the minimal pairs drawn anew by that seed.

        Raises:
            InputError: tasks that are not known, or of the audit suite.
        """
        drawn = {} if fresh is None else {"fresh": fresh}
        loaded = load_tasks(list(tasks) if tasks is not None else ["jeval_search"], metadata=drawn)
        audit = sorted(name for name in loaded.tasks if loaded.meta(name).suite != "search")
        if audit:
            raise InputError(
                f"Fitness refuses audit tasks ({', '.join(audit[:3])}): a search must not see the items its result is "
                "audited on; name tasks of jeval_search"
            )
        return cls(
            loaded, choose_items(loaded, limit=limit).rows, sorted({loaded.meta(n).domain for n in loaded.tasks})
        )

    @property
    def tasks(self) -> list[str]:
        return list(self.loaded.tasks)

    def generated(self, task: str) -> bool:
        """Whether the model writes the answers of a task, which costs more than to weigh given ones."""
        return bool(self.loaded.tasks[task].OUTPUT_TYPE == "generate_until")

    def domain(self, task: str) -> str:
        return self.loaded.meta(task).domain

    def ids(self, task: str) -> list[str]:
        """Ids of the items of a task, in order."""
        every = self.loaded.ids(task)
        return [every[number] for number in self.rows[task]]

    def withheld(self) -> list[str]:
        """Tasks whose score is the share of items in which nothing leaked."""
        return [name for name in self.tasks if self.loaded.meta(name).side == "withheld"]

    def clusters(self, task: str) -> dict[str, str]:
        """Item id → what it shares with dependent items."""
        return {name: known.cluster for name, known in self._items(task).items()}

    def _items(self, task: str) -> dict[str, _Known]:
        """Item id → what is known of it, in order."""
        if task not in self._known:
            docs = self.loaded.docs(task)
            found = ((name, docs[row]) for name, row in zip(self.ids(task), self.rows[task], strict=True))
            self._known[task] = {n: _Known(str(doc.get("cluster") or n), doc.get("chance")) for n, doc in found}
        return self._known[task]

    def shares(self, weights: Mapping[str, float]) -> dict[str, float]:
        """What each task counts in the score, 1 in all: a domain is the mean of its sides, a side of its tasks."""
        total = sum(weights.values())
        found: dict[str, float] = {}
        for name in self.tasks:
            meta = self.loaded.meta(name)
            own = [
                other for other in map(self.loaded.meta, self.tasks) if other.domain == meta.domain and not other.apart
            ]
            sides = {other.side for other in own}
            alike = sum(other.side == meta.side for other in own)
            found[name] = 0.0 if meta.apart else weights[meta.domain] / total / len(sides) / alike
        return found

    def results(self, table: Table) -> tuple[dict[str, TaskResult], dict[str, DomainResult]]:
        """Task results and domain results (``keigo``, …) of the items in ``table``."""
        samples = {name: list(self._samples(name, table.get(name, {}))) for name in self.tasks}
        tasks = task_results(self.loaded, samples, {}, Fit({}), {})
        domains = domain_results(self.loaded, tasks)
        return tasks, {name.removesuffix("_search"): domain for name, domain in domains.items()}

    def _samples(self, task: str, items: Mapping[str, Item]) -> Iterable[Sample]:
        for name, known in self._items(task).items():
            if name in items:
                yield Sample(
                    id=name,
                    cluster=known.cluster,
                    prompt=[],
                    outputs=[],
                    loglikelihoods=None,
                    score=items[name].score,
                    doc={"chance": known.chance},
                )

    def chances(self) -> dict[str, float | None]:
        """What guessing earns in each domain; ``None`` where that is not known."""
        table: Table = {name: dict.fromkeys(self.ids(name), Item(0.0)) for name in self.tasks}
        return {name: domain.chance for name, domain in self.results(table)[1].items()}
