"""The run folder: ``run.json``, ``samples/<task>.parquet``, ``manifest.json``, ``report.html``."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from jeval.results.schema import RunRecord

SAMPLE_COLUMNS = ("id", "cluster", "prompt", "outputs", "loglikelihoods", "score", "metrics", "evidence", "doc")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all. Lone surrogates of a hostile output become U+FFFD."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(text.encode("utf-8", "replace").decode("utf-8"), encoding="utf-8", newline="\n")
    os.replace(partial, path)


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n")


def write_samples(folder: Path, task: str, rows: list[dict[str, Any]]) -> None:
    """One Parquet file per task, one row per item; nested fields are JSON text."""
    import pandas as pd

    def text(value: Any) -> Any:
        raw = value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False, default=str)
        return raw.encode("utf-8", "replace").decode("utf-8") if isinstance(raw, str) else raw

    frame = pd.DataFrame(
        [{c: row.get(c) if c == "score" else text(row.get(c)) for c in SAMPLE_COLUMNS} for row in rows],
        columns=list(SAMPLE_COLUMNS),
    )
    frame["score"] = frame["score"].astype("float64")
    target = folder / "samples" / f"{task}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    frame.to_parquet(partial, index=False)
    os.replace(partial, target)


def read_samples(folder: Path, task: str) -> pd.DataFrame:
    """The samples of a task with nested fields decoded: ``doc`` a dict, ``outputs`` and ``loglikelihoods`` lists."""
    import pandas as pd

    frame = pd.read_parquet(folder / "samples" / f"{task}.parquet")
    for column in ("prompt", "outputs", "loglikelihoods", "metrics", "evidence", "doc"):
        frame[column] = [json.loads(value) if isinstance(value, str) else None for value in frame[column]]
    return frame


def sections_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame that a domain's ``summary.sections`` gets: own metrics become columns."""
    import pandas as pd

    metrics = pd.DataFrame([m or {} for m in frame["metrics"]], index=frame.index)
    keep = [c for c in metrics.columns if c not in frame.columns]
    return pd.concat([frame, metrics[keep]], axis=1)


def read_record(folder: Path) -> RunRecord:
    """Read ``run.json``.

    Raises:
        InputError: no run there, or a record of another schema version.
    """
    from pydantic import ValidationError

    from jeval.results.schema import SCHEMA_VERSION, RunRecord

    path = folder / "run.json"
    if not path.is_file():
        raise InputError(f"{folder} holds no run (run.json is missing); give the folder that `jeval run` printed")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.get("schema_version") != SCHEMA_VERSION:
            raise InputError(
                f"{path} has schema version {raw.get('schema_version')!r}, this jeval reads {SCHEMA_VERSION!r}; "
                "use the jeval version named in it"
            )
        return RunRecord.model_validate(raw)
    except (json.JSONDecodeError, ValidationError, AttributeError) as err:
        raise InputError(f"{path} is not a run record ({' '.join(str(err).split())[:200]})") from err


def digest_tree(root: Path, pattern: str = "**/*") -> str:
    """One SHA-256 over the names and bytes of the files below ``root`` (caches left out)."""
    digest = hashlib.sha256()
    for file in sorted(root.glob(pattern)):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
