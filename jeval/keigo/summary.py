"""The keigo part of the report: by misuse and by target, scenes, guessers, and how good the instrument is.

Its words in both languages are in ``data/keigo/knowledge/report.yaml``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jeval.reading import read_json, read_yaml
from jeval.report.section import Cell, Section, Table
from jeval.resources import data_path
from jeval.results.statistics import mean_interval

if TYPE_CHECKING:
    import pandas as pd

Rows = list[tuple[dict[str, Any], float]]  # item, score

_GENERATIVE = frozenset({"convert", "correct", "reply"})


@lru_cache(maxsize=1)
def _report() -> dict[str, Any]:
    return dict(read_yaml(data_path("keigo", "knowledge", "report.yaml")))


class _Words:
    """The words of the report in one language: Japanese, or English for all others."""

    def __init__(self, lang: str) -> None:
        self.lang = "ja" if lang == "ja" else "en"
        self.said: dict[str, Any] = _report()[self.lang]

    def names(self, facet: str) -> dict[str, str]:
        """The values of a facet in the order of the report, each with its name."""
        return {
            value: name if self.lang == "ja" else value.replace("_", " ") if facet == "part" else value
            for value, name in _report()["facets"].get(facet, {}).items()
        }

    def caption(self, table: dict[str, str], task: str) -> str:
        """The caption of a table, with the suite where it is not the audit."""
        return table[self.lang] + (self.said["search"] if "search" in task else "")


def sections(samples: dict[str, pd.DataFrame], lang: str) -> list[Section]:
    """Sections of the report for the keigo tasks among ``samples`` (task name → frame of items)."""
    rows = {task: _scored(frame) for task, frame in samples.items() if "keigo" in task}
    rows = {task: found for task, found in rows.items() if found}
    if not rows:
        return []
    words = _Words(lang)
    tables = [table for task, found in rows.items() for table in _tables(task, found, samples[task], words)]
    result = [Section(words.said["title"], [words.said["text"]], tables)]
    guessers = _guessers(rows, words)
    if guessers:
        result.append(guessers)
    instrument = _instrument(words)
    if instrument and any(_kind(task) in _GENERATIVE for task in rows):
        result.append(instrument)
    return result


def _kind(task: str) -> str:
    return task.rpartition("_")[2]


def _scored(frame: pd.DataFrame) -> Rows:
    return [
        (doc, float(score))
        for doc, score in zip(frame["doc"], frame["score"], strict=True)
        if isinstance(doc, dict) and score is not None and score == score
    ]


def _tables(task: str, rows: Rows, frame: pd.DataFrame, words: _Words) -> list[Table]:
    """The tables of one task, each over one facet of its items."""
    found = []
    for table in _report()["tables"].get(_kind(task), ()):
        caption = words.caption(table, task)
        if table["facet"] == "part":
            found.append(_parts(frame, caption, words))
        else:
            found.append(_by(rows, table["facet"], caption, words))
    return found


def _by(rows: Rows, facet: str, caption: str, words: _Words) -> Table:
    groups: dict[str, Rows] = defaultdict(list)
    for doc, score in rows:
        groups[str(doc.get(facet) or "-")].append((doc, score))
    names = words.names(facet)
    order = [value for value in names if value in groups] + sorted(set(groups) - set(names))
    cells = [[names.get(value, value), *_estimate(groups[value])] for value in order]
    return Table(caption, words.said["columns"], cells)


def _estimate(rows: Iterable[tuple[dict[str, Any], float]]) -> list[Cell]:
    kept = list(rows)
    found = mean_interval([score for _, score in kept], [str(doc.get("cluster") or doc["id"]) for doc, _ in kept])
    return [found.n, found.score, found.low, found.high]


def _parts(frame: pd.DataFrame, caption: str, words: _Words) -> Table:
    """What the score of a reply is made of."""
    lines: list[list[Cell]] = []
    for column, name in words.names("part").items():
        values = [float(value) for value in frame.get(column, ()) if value is not None and value == value]
        if values:
            lines.append([name, len(values), sum(values) / len(values)])
    return Table(caption, words.said["reply"]["columns"], lines)


# ---------------------------------------------------------------------- guessers
def shorter(doc: dict[str, Any]) -> float:
    """What "the shorter member" earns on a pair."""
    return {"wrong": 1.0, "right": 0.0}.get(str(doc.get("longer")), 0.5)


def more_honorific(doc: dict[str, Any]) -> float:
    """What "the member with more honorific morphemes" earns on a pair."""
    return {"right": 1.0, "wrong": 0.0}.get(str(doc.get("more_honorific")), 0.5)


def _extreme(pick: Callable[[list[int]], int]) -> Callable[[dict[str, Any]], float]:
    def earn(doc: dict[str, Any]) -> float:
        sizes = [len(text) for text in doc["choices"]]
        end = pick(sizes)
        return 1 / sizes.count(end) if sizes[int(doc["answer"])] == end else 0.0

    return earn


shortest, longest = _extreme(min), _extreme(max)

#: Guessers of a task, by their names in ``report.yaml``.
_GUESSERS: dict[str, dict[str, Callable[[dict[str, Any]], float]]] = {
    "pairs": {"shorter": shorter, "more_honorific": more_honorific},
    "choice": {"shortest": shortest, "longest": longest},
}


def _guessers(rows: dict[str, Rows], words: _Words) -> Section | None:
    said = words.said["guessers"]
    lines: list[list[Cell]] = []
    for task, found in rows.items():
        for name, earn in _GUESSERS.get(_kind(task), {}).items():
            value = sum(earn(doc) for doc, _ in found) / len(found)
            model = sum(score for _, score in found) / len(found)
            chance = float(found[0][0].get("chance", 0.0))
            lines.append([task, said["names"][name], len(found), value, chance, model])
    if not lines:
        return None
    return Section(said["title"], [said["text"]], [Table(said["caption"], said["columns"], lines)])


# ---------------------------------------------------------------------- instrument
def _instrument(words: _Words) -> Section | None:
    said = words.said["instrument"]
    tables = [table for table in (_analyser(said["analyser"], words), _judge(said["judge"])) if table]
    return Section(said["title"], [said["text"]], tables) if tables else None


def _analyser(said: dict[str, Any], words: _Words) -> Table | None:
    path = data_path("keigo", "measured", "analysis.json")
    if not path.is_file():
        return None
    names = words.names("error_type")
    lines: list[list[Cell]] = [
        [names.get(kind, kind), part["n"], part["precision"], part["recall"], part["f1"]]
        for kind, part in read_json(path)["errors"].items()
    ]
    return Table(said["caption"], said["columns"], lines)


def _judge(said: dict[str, Any]) -> Table | None:
    path = data_path("keigo", "measured", "instruments.json")
    if not path.is_file():
        return None
    found = read_json(path)["convert"]
    answers = found["n_positive"] + found["n_negative"]
    return Table(said["caption"], said["columns"], [[answers, found["sensitivity"], found["specificity"]]])
