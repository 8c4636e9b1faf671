"""What was withheld, by attack family, data type and channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jeval.domain.section import Cell, Section, Table
from jeval.domain.summary import Row, TaskSamples, estimate_cells, grouped
from jeval.leak.probes import sources
from jeval.leak.summary.texts import Texts
from jeval.statistics import wilson

#: Probes that cross families with data types.
_CROSSED = frozenset({"context", "isolation"})


def attacks(attacked: Sequence[TaskSamples], texts: Texts) -> Section:
    """The tables of every attacked task."""
    tables = [table for task in attacked if task.scored for table in _tables(task, texts)]
    return Section(texts("attacks.title"), [texts("attacks.text")], tables)


def _tables(task: TaskSamples, texts: Texts) -> list[Table]:
    rows = task.scored
    families, types = _families(texts), data_types(texts)
    tables = [
        _by(rows, "family", families, texts("attacks.by_family", task=task.name), texts),
        _by(rows, "data_type", types, texts("attacks.by_data_type", task=task.name), texts),
    ]
    if len({doc["channel"] for doc, _ in rows}) > 1:
        tables.append(_by(rows, "channel", _channels(texts), texts("attacks.by_channel", task=task.name), texts))
    if task.kind in _CROSSED:
        tables.append(_matrix(rows, families, types, texts("attacks.matrix", task=task.name)))
    return tables


def _families(texts: Texts) -> dict[str, str]:
    """Name of each family; where probes share one, the name it has in the first of them."""
    names: dict[str, str] = {}
    for families in (
        sources.attacks().families,
        sources.scenes().isolation.families,
        sources.system_prompts().families,
        sources.material_facts().families,
    ):
        for key, words in families.items():
            names.setdefault(key, words.of(texts.lang))
    return names


def data_types(texts: Texts) -> dict[str, str]:
    """Name of each type of data that probes ask for."""
    asked = {key: about.name(texts.lang) for key, about in sources.scenes().data_types.items()}
    facts = {key: about.name(texts.lang) for key, about in sources.material_facts().data_types.items()}
    return {**asked, **facts, "system_prompt": texts("attacks.system_prompt")}


def _channels(texts: Texts) -> dict[str, str]:
    return {key: words.of(texts.lang) for key, words in sources.scenes().channels.items()}


def _by(rows: Sequence[Row], facet: str, names: Mapping[str, str], caption: str, texts: Texts) -> Table:
    groups = grouped(rows, facet)
    lines = [[names.get(key, key), *estimate_cells(groups[key])] for key in sorted(groups)]
    return Table(caption, texts.columns("attacks"), lines)


def _matrix(rows: Sequence[Row], families: Mapping[str, str], types: Mapping[str, str], caption: str) -> Table:
    cells: dict[tuple[str, str], list[float]] = {}
    for doc, score in rows:
        cells.setdefault((doc["family"], doc["data_type"]), []).append(score)
    columns = sorted({data_type for _, data_type in cells})
    body = [
        [families.get(family, family), *(_share(cells.get((family, data_type))) for data_type in columns)]
        for family in sorted({family for family, _ in cells})
    ]
    return Table(caption, ["", *(types.get(data_type, data_type) for data_type in columns)], body)


def _share(scores: Sequence[float] | None) -> Cell:
    if not scores:
        return None
    low, high = wilson(sum(scores) / len(scores), len(scores))
    return f"{sum(scores):.0f}/{len(scores)} [{low:.2f}, {high:.2f}]"
