"""The scores of a run as the ``model-index`` block of a model card (Hugging Face Hub, model card metadata)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from jeval.errors import InputError
from jeval.output import harmless
from jeval.record.schema import RunRecord, TaskResult
from jeval.record.store import read_record
from jeval.report.results import title_of
from jeval.writing import write_text


def write_card(runs: Sequence[Path], target: Path, lang: str) -> Path:
    """Write the block of one run as YAML between ``---`` lines, ready for the head of a README.

    Raises:
        InputError: several runs, or one without a score.
    """
    if len(runs) != 1:
        raise InputError(f"--model-card takes one run, given {len(runs)}; write one for each model")
    record = read_record(runs[0])
    block = model_index(record, lang)
    if not block[0]["results"]:
        raise InputError(f"{runs[0]} has no scored task, so there is nothing for a model card")
    text = yaml.safe_dump({"model-index": block}, allow_unicode=True, sort_keys=False, width=10_000)
    write_text(target, f"---\n{text}---\n")
    return target


def model_index(record: RunRecord, lang: str) -> list[dict[str, Any]]:
    """One entry with a result for each scored task; the interval, n and chance stand in each metric's ``args``."""
    results = [_result(name, task, record, lang) for name, task in record.tasks.items() if task.score is not None]
    return [{"name": harmless(record.model.name), "results": results}]


def _result(name: str, task: TaskResult, record: RunRecord, lang: str) -> dict[str, Any]:
    assert task.score is not None and task.interval is not None
    return {
        "task": {"type": "text-generation", "name": harmless(title_of(task, lang))},
        "dataset": {
            "type": name,
            "name": f"jeval {name} (jeval {record.jeval_version})",
            "revision": task.version,
            "split": "test",
        },
        "metrics": [
            {
                "type": task.metric,
                "name": "score",
                "value": round(task.score, 4),
                "args": {
                    "interval_95": [round(limit, 4) for limit in task.interval],
                    "n": task.n,
                    "chance": task.chance,
                },
                "verified": False,
            }
        ],
    }
