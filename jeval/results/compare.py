"""Runs compared item by item."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.results.statistics import paired_difference
from jeval.results.store import read_record, read_samples


def compare_runs(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Paired differences of every run from the first, over the items that both have scored.

    Returns:
        One row per task and run: ``task``, ``run``, ``reference``, ``difference``, ``interval``, ``n``.

    Raises:
        InputError: fewer than two runs, a folder without a run, or runs over different task packs.
    """
    if len(folders) < 2:
        raise InputError("compare needs at least two run folders")
    records = [read_record(Path(folder)) for folder in folders]
    for folder, record in zip(folders[1:], records[1:], strict=True):
        if record.task_pack != records[0].task_pack:
            raise InputError(
                f"{folder} was run on other items or tasks than {folders[0]} (their digests differ); run both again"
            )
    reference = Path(folders[0])
    rows: list[dict[str, Any]] = []
    for task in (name for name, result in records[0].tasks.items() if result.score is not None):
        base = _scores(reference, task)
        for folder, record in zip(folders[1:], records[1:], strict=True):
            if task not in record.tasks or record.tasks[task].score is None:
                continue
            other = _scores(Path(folder), task)
            shared = [key for key in base if key in other]
            if not shared:
                continue
            mean, low, high = paired_difference([other[k] for k in shared], [base[k] for k in shared])
            rows.append(
                {
                    "task": task,
                    "run": str(folder),
                    "reference": str(folders[0]),
                    "difference": mean,
                    "interval": [low, high],
                    "n": len(shared),
                }
            )
    return rows


def _scores(folder: Path, task: str) -> dict[str, float]:
    frame = read_samples(folder, task)
    return {row["id"]: row["score"] for row in frame.dropna(subset=["score"]).to_dict("records")}
