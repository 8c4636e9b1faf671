"""A finished run for a notebook: its record, and its items as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from jeval.errors import InputError
from jeval.record.samples import Sample, path_of, read_samples
from jeval.record.schema import RunRecord
from jeval.record.store import read_record

_FIRST = ("task", "domain", "id", "cluster", "score")
_LAST = ("prompt", "outputs", "loglikelihoods", "evidence")


class FinishedRun(NamedTuple):
    """A run folder as it was read; also unpacks as ``record, folder``.

    Attributes:
        record: what ``run.json`` says.
        folder: where the run lies.
    """

    record: RunRecord
    folder: Path

    def samples(self) -> pd.DataFrame:
        """The items of all tasks, one row an item, in the order of the record and of the items.

        Columns: ``task``, ``domain``, ``id``, ``cluster``; ``score`` in [0, 1], NaN where the item was not scored; the tasks' own
        metrics as ``metrics.*`` (NaN where a task has none of that name); the fields of the item as ``doc.*`` (``None`` where a
        task's items have none of that name); ``prompt``, ``outputs``, ``loglikelihoods`` (nats) and ``evidence`` as
        :class:`jeval.record.samples.Sample` has them. Items left out by a date (``record.left_out``) have no row.

        Raises:
            InputError: a file of samples is missing or damaged.
        """
        rows = [
            _row(name, task.domain, sample)
            for name, task in self.record.tasks.items()
            if task.n or path_of(self.folder, name).is_file()
            for sample in read_samples(self.folder, name)
        ]
        names = dict.fromkeys(name for row in rows for name in row)
        metrics = sorted(name for name in names if name.startswith("metrics."))
        docs = [name for name in names if name.startswith("doc.")]
        columns = [*_FIRST, *metrics, *docs, *_LAST]
        numbers = {"score", *metrics}
        table: dict[str, pd.Series[Any]] = {name: _column(name, rows, number=name in numbers) for name in columns}
        frame: pd.DataFrame = pd.DataFrame(table)
        return frame


def load(folder: str | Path) -> FinishedRun:
    """Open the folder of a finished run.

    Whether the folder is unchanged since it was written is not asked here: ``jeval verify`` does that.

    Raises:
        InputError: no run there, one of another schema version, or a damaged record.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} {what}; expected the folder that `jeval run` printed")
    return FinishedRun(read_record(path), path)


def _row(task: str, domain: str, sample: Sample) -> dict[str, Any]:
    evidence = None if sample.evidence is None else sample.evidence.model_dump()
    return {
        "task": task,
        "domain": domain,
        "id": sample.id,
        "cluster": sample.cluster,
        "score": sample.score,
        **{f"metrics.{name}": value for name, value in sample.metrics.items()},
        **{f"doc.{name}": value for name, value in sample.doc.items()},
        "prompt": sample.prompt,
        "outputs": sample.outputs,
        "loglikelihoods": sample.loglikelihoods,
        "evidence": evidence,
    }


def _column(name: str, rows: Sequence[Mapping[str, Any]], *, number: bool) -> pd.Series[Any]:
    """A column keeps its values as they are: where some are missing, whole numbers would otherwise become fractions."""
    values = [row.get(name) for row in rows]
    if number:
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype="object" if name in _LAST or any(value is None for value in values) else None)
