"""The keigo part of the report: by misuse and by target, scenes, guessers.

Its words in both languages are in ``data/keigo/knowledge/report.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jeval.domain.section import Cell, Section, Table
from jeval.domain.summary import TaskSamples, estimate_cells, grouped
from jeval.evidence.guesser import share_of_right
from jeval.reading import read_yaml
from jeval.resources import data_path


@lru_cache(maxsize=1)
def report_words() -> dict[str, Any]:
    """The words of the keigo part of the report."""
    return dict(read_yaml(data_path("keigo", "knowledge", "report.yaml")))


class _Words:
    """The words of the report in one language: Japanese, or English for all others."""

    def __init__(self, lang: str) -> None:
        self.lang = "ja" if lang == "ja" else "en"
        self.said: dict[str, Any] = report_words()[self.lang]

    def names(self, facet: str) -> dict[str, str]:
        """The values of a facet in the order of the report, each with its name."""
        return {
            value: name if self.lang == "ja" else value.replace("_", " ") if facet == "part" else value
            for value, name in report_words()["facets"].get(facet, {}).items()
        }

    def caption(self, table: dict[str, str], suite: str) -> str:
        """The caption of a table, with the suite where it is not the audit."""
        return table[self.lang] + (self.said["search"] if suite == "search" else "")


def sections(samples: Sequence[TaskSamples], lang: str) -> list[Section]:
    """The keigo part of the report."""
    samples = [task for task in samples if task.scored]
    if not samples:
        return []
    words = _Words(lang)
    tables = [table for task in samples for table in _tables(task, words)]
    result = [Section(words.said["title"], [words.said["text"]], tables)]
    if guessers := _guessers(samples, words):
        result.append(guessers)
    return result


def _tables(task: TaskSamples, words: _Words) -> list[Table]:
    """The tables of one task, each over one facet of its items."""
    found = []
    for table in report_words()["tables"].get(task.kind, ()):
        caption = words.caption(table, task.suite)
        if table["facet"] == "part":
            found.append(_parts(task, caption, words))
        else:
            found.append(_by(task, table["facet"], caption, words))
    return found


def _by(task: TaskSamples, facet: str, caption: str, words: _Words) -> Table:
    """Scores by a facet; of pairs with what the guesser "the shorter" earns there, which differs from type to type."""
    groups, names = grouped(task.scored, facet), words.names(facet)
    order = [value for value in names if value in groups] + sorted(set(groups) - set(names))
    cells = [[names.get(value, value), *estimate_cells(groups[value])] for value in order]
    columns = list(words.said["columns"])
    if task.kind == "pairs":
        columns.append(words.said["shorter"])
        for line, value in zip(cells, order, strict=True):
            line.append(sum(shorter(doc) for doc, _ in groups[value]) / len(groups[value]))
    return Table(caption, columns, cells)


def _parts(task: TaskSamples, caption: str, words: _Words) -> Table:
    """What the score of a reply is made of."""
    lines: list[list[Cell]] = []
    for column, name in words.names("part").items():
        if values := task.metric(column):
            lines.append([name, len(values), sum(values) / len(values)])
    return Table(caption, words.said["reply"]["columns"], lines)


# ---------------------------------------------------------------------- guessers
def shorter(doc: Mapping[str, Any]) -> float:
    """What "the shorter member" earns on a pair."""
    return {"wrong": 1.0, "right": 0.0}.get(str(doc.get("longer")), 0.5)


def more_honorific(doc: Mapping[str, Any]) -> float:
    """What "the member with more honorific morphemes" earns on a pair."""
    return {"right": 1.0, "wrong": 0.0}.get(str(doc.get("more_honorific")), 0.5)


def _by_length(sign: int) -> Callable[[Mapping[str, Any]], float]:
    def earn(doc: Mapping[str, Any]) -> float:
        return share_of_right([sign * len(text) for text in doc["choices"]], int(doc["answer"]))

    return earn


shortest, longest = _by_length(-1), _by_length(1)

#: Guessers of a task, by their names in ``report.yaml``.
_GUESSERS: dict[str, dict[str, Callable[[Mapping[str, Any]], float]]] = {
    "pairs": {"shorter": shorter, "more_honorific": more_honorific},
    "choice": {"shortest": shortest, "longest": longest},
}


def _guessers(samples: Sequence[TaskSamples], words: _Words) -> Section | None:
    said = words.said["guessers"]
    lines: list[list[Cell]] = []
    for task in samples:
        found = task.scored
        for name, earn in _GUESSERS.get(task.kind, {}).items():
            value = sum(earn(doc) for doc, _ in found) / len(found)
            model = sum(score for _, score in found) / len(found)
            chance = float(found[0][0].get("chance", 0.0))
            lines.append([task.title or task.name, said["names"][name], len(found), value, chance, model])
    if not lines:
        return None
    return Section(said["title"], [said["text"]], [Table(said["caption"], said["columns"], lines)], folded=True)
