"""Items on disk (JSON Lines under ``data/``) to the dataset that lm-eval reads."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.resources import data_path


@lru_cache(maxsize=64)
def read_jsonl(path: Path) -> tuple[dict[str, Any], ...]:
    """Read a JSON Lines file.

    Raises:
        InputError: the file is missing, a line is not a JSON object, or an ``id`` occurs twice.
    """
    if not path.is_file():
        raise InputError(f"no item file at {path}; expected JSON Lines (reinstall jeval or check the path)")
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as err:
            raise InputError(f"{path}:{number}: not JSON ({err.msg}); expected one object a line") from err
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: expected a JSON object, got {type(row).__name__}")
        key = row.get("id")
        if key in seen:
            raise InputError(f"{path}:{number}: id {key!r} occurs twice; ids are unique within a file")
        seen.add(str(key))
        rows.append(row)
    return tuple(rows)


def dataset(file: str, suite: str = "audit", **_: Any) -> dict[str, Any]:
    """``custom_dataset`` hook: the items of ``data/<file>`` that belong to ``suite`` (all, if an item names none).

    lm-eval calls it with the task's ``metadata`` and ``dataset_kwargs``; anything else in them is ignored.
    """
    import datasets

    rows = [row for row in read_jsonl(data_path(*file.split("/"))) if row.get("suite", suite) == suite]
    return {"test": datasets.Dataset.from_list(rows)}
