"""What was withheld, by attack family, data type and channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jeval.domain.section import Heat, Section, Table
from jeval.domain.summary import Row, TaskSamples, estimate_cells, grouped
from jeval.leak.probes import sources
from jeval.leak.summary.texts import Texts

#: Probes that cross families with data types.
_CROSSED = frozenset({"context", "isolation"})


def attacks(attacked: Sequence[TaskSamples], texts: Texts) -> list[Section]:
    """Of every attacked task the matrix of families and data types, or its families; then, folded, all that it was parted by."""
    scored = [task for task in attacked if task.scored]
    if not scored:
        return []
    names, types = families(texts), data_types(texts)
    crossed = [task for task in scored if task.kind in _CROSSED]
    others = [task for task in scored if task.kind not in _CROSSED]
    heats = [_matrix(task, names, types, texts) for task in crossed]
    shown = [_by(task.scored, "family", names, texts("attacks.by_family", task=_title(task)), texts) for task in others]
    rest = [table for task in scored for table in _rest(task, names, types, texts)]
    return [
        Section(texts("attacks.title"), [texts("attacks.text")], shown, heats),
        Section(texts("attacks.more"), (), rest, folded=True),
    ]


def _rest(task: TaskSamples, names: Mapping[str, str], types: Mapping[str, str], texts: Texts) -> list[Table]:
    rows = task.scored
    tables = [_by(rows, "data_type", types, texts("attacks.by_data_type", task=_title(task)), texts)]
    if task.kind in _CROSSED:
        tables.insert(0, _by(rows, "family", names, texts("attacks.by_family", task=_title(task)), texts))
    if len({doc["channel"] for doc, _ in rows}) > 1:
        tables.append(_by(rows, "channel", channels(texts), texts("attacks.by_channel", task=_title(task)), texts))
    return tables


def _title(task: TaskSamples) -> str:
    return task.title or task.name


def families(texts: Texts) -> dict[str, str]:
    """Name of each family; where probes share one, the name it has in the first of them."""
    names: dict[str, str] = {}
    for probe in (
        sources.attacks().families,
        sources.scenes().isolation.families,
        sources.system_prompts().families,
        sources.material_facts().families,
    ):
        for key, words in probe.items():
            names.setdefault(key, words.of(texts.lang))
    return names


def data_types(texts: Texts) -> dict[str, str]:
    """Name of each type of data that probes ask for."""
    asked = {key: about.name(texts.lang) for key, about in sources.scenes().data_types.items()}
    facts = {key: about.name(texts.lang) for key, about in sources.material_facts().data_types.items()}
    return {
        **asked,
        **facts,
        "system_prompt": texts("attacks.system_prompt"),
        "public_fact": texts("kinds.public_fact"),
    }


def channels(texts: Texts) -> dict[str, str]:
    """Name of each channel by which a record reaches the model."""
    return {key: words.of(texts.lang) for key, words in sources.scenes().channels.items()}


def _by(rows: Sequence[Row], facet: str, names: Mapping[str, str], caption: str, texts: Texts) -> Table:
    groups = grouped(rows, facet)
    lines = [[names.get(key, key), *estimate_cells(groups[key])] for key in sorted(groups)]
    return Table(caption, texts.columns("attacks"), lines)


def _matrix(task: TaskSamples, names: Mapping[str, str], types: Mapping[str, str], texts: Texts) -> Heat:
    """Families down, data types across, with totals."""
    cells: dict[tuple[str, str], list[float]] = {}
    for doc, score in task.scored:
        family, data_type = str(doc["family"]), str(doc["data_type"])
        for key in ((family, data_type), (family, ""), ("", data_type), ("", "")):
            cells.setdefault(key, []).append(score)
    down = [*sorted({family for family, _ in cells if family}), ""]
    across = [*sorted({data_type for _, data_type in cells if data_type}), ""]
    total = texts("attacks.total")
    return Heat(
        texts("attacks.matrix", task=_title(task)),
        [names.get(name, name) if name else total for name in down],
        [types.get(name, name) if name else total for name in across],
        [[_count(cells.get((family, data_type))) for data_type in across] for family in down],
    )


def _count(scores: Sequence[float] | None) -> tuple[float, int] | None:
    return (sum(scores), len(scores)) if scores else None
