"""Scored items: what was asked, what the model said, what it earned and why. One Parquet file a task, one row an item."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ConfigDict, Field, ValidationError

from jeval.errors import InputError
from jeval.reading import check_regular, is_plain
from jeval.record.schema import Written, is_name
from jeval.writing import whole


class Span(Written):
    """A stretch ``output[start:end]`` with what it is (``type``) and which rule or tier says so (``note``)."""

    start: int
    end: int
    type: str
    note: str = ""


class Evidence(Written):
    """Why an item earned its score: stretches of the output, and grounds in words."""

    spans: list[Span] = Field(default_factory=list)
    reasons: list[str] = Field(default_factory=list)


class Sample(Written):
    """One item.

    Attributes:
        id, cluster: the item, and what it shares with dependent items (article, frame, record).
        prompt: per request its text and what it asks for: a continuation, or generation settings.
        outputs: generated texts, or ``[log-likelihood, greedy]`` per request.
        loglikelihoods: in nats, one per request; ``None`` for generated text.
        score: in [0, 1]; ``None`` when the item was not scored.
        metrics: the task's own metrics of this item.
        evidence: ``None`` where the task explains nothing.
        doc: the item as its task has it.
    """

    model_config = ConfigDict(allow_inf_nan=True)  # of log-likelihoods and of metrics of others

    id: str
    cluster: str
    prompt: list[Any]
    outputs: list[Any]
    loglikelihoods: list[float] | None
    score: float | None = Field(allow_inf_nan=False)
    metrics: dict[str, float] = Field(default_factory=dict)
    evidence: Evidence | None = None
    doc: dict[str, Any]

    @property
    def asked(self) -> list[str]:
        """The texts of the requests; "" for one of another form."""
        return [str(one[0]) if isinstance(one, list) and one else "" for one in self.prompt]


def _column(kind: Any) -> pa.DataType:
    return pa.float64() if kind == float | None else pa.string()


#: The columns of a samples file, from the fields of :class:`Sample`; fields that are neither text nor number are JSON text.
SCHEMA = pa.schema([(name, _column(field.annotation)) for name, field in Sample.model_fields.items()])
_UNPACKED, _ROWS = 1 << 30, 10_000_000  # bytes and rows of one file, of which a run has a fraction
_NESTED = [name for name, field in Sample.model_fields.items() if field.annotation not in (str, float | None)]


def write_samples(folder: Path, task: str, samples: Sequence[Sample]) -> None:
    """Write ``samples/<task>.parquet`` whole or not at all. Lone surrogates of a hostile output become a question mark."""
    rows = [stored_row(sample) for sample in samples]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    with whole(path_of(folder, task)) as file:
        pq.write_table(table, file)


def stored_row(sample: Sample) -> dict[str, Any]:
    """An item as its file holds it, by column."""
    row = sample.model_dump()
    for name in _NESTED:
        if row[name] is not None:
            row[name] = json.dumps(row[name], ensure_ascii=False, default=str)
    return {name: _clean(value) if isinstance(value, str) else value for name, value in row.items()}


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def path_of(folder: Path, task: str) -> Path:
    """Where the samples of a task lie in a run folder.

    Raises:
        InputError: the name is none that a file of that folder can have.
    """
    if not is_name(task):
        raise InputError(f"task {task!r}: expected a name of letters, digits and -_.:+, and no path; rename the task")
    return folder / "samples" / f"{task}.parquet"


def read_samples(folder: Path, task: str) -> list[Sample]:
    """The samples of a task, in the order of its items.

    Raises:
        InputError: the file is missing or damaged, or lies elsewhere.
    """
    path = path_of(folder, task)
    if path.exists() and not is_plain(folder, *path.relative_to(folder).parts):
        raise InputError(f"{path} is a link or no file; expected the samples themselves, as `jeval run` wrote them")
    try:
        check_regular(path, what="samples file")
        rows = _unpacked(path)
        return [Sample.model_validate({**row, **_decoded(row)}) for row in rows]
    except (OSError, pa.ArrowException, ValueError, RecursionError, MemoryError, ValidationError, KeyError) as err:
        detail = " ".join(str(err).split())[:200]
        raise InputError(f"{path} is missing or damaged ({detail}); run the evaluation again") from err


def _unpacked(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, read piece by piece: a small one may unpack to more than fits.

    Raises:
        InputError: it unpacks to more than samples have.
    """
    refused = InputError(f"{path} unpacks to more than {_UNPACKED >> 20} MB; no run writes such samples")
    rows: list[dict[str, Any]] = []
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(number).total_byte_size for number in range(file.metadata.num_row_groups)]
        if max(sizes, default=0) > _UNPACKED or file.metadata.num_rows > _ROWS:
            raise refused
        taken, at_once = 0, max(1, min(4096, _UNPACKED // max([1, *sizes])))  # one value may stand in every row
        for piece in file.iter_batches(at_once, columns=SCHEMA.names):
            taken += piece.nbytes
            if taken > _UNPACKED:
                raise refused
            rows += piece.to_pylist()
    return rows


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: json.loads(row[name]) if isinstance(row[name], str) else None for name in _NESTED}
