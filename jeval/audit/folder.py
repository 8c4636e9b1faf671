"""The folder of a run: new, empty, or holding this model's run under these settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jeval.digests import value_digest
from jeval.errors import InputError
from jeval.record.schema import Identity, Settings
from jeval.record.store import write_json

STARTED = ".started.json"


def open_folder(out: Path | None, name: str, identity: Identity | None, settings: Settings) -> Path:
    """Open the folder of a run and mark it as begun.

    Args:
        out: where; by default ``reports/<name>-<digest>-<settings>``.
        name: of the model.
        identity: ``None`` for a model behind another process, which is then known by its arguments.

    Raises:
        InputError: the folder is a file, cannot be written, or holds something else or another run.
    """
    wanted = settings.model_dump(mode="json")
    digest = identity.digest if identity else "remote:" + json.dumps(settings.model_args, sort_keys=True)
    mark = f"{digest[:8] if identity else 'remote'}-{value_digest(wanted)[:6]}"
    folder = out or Path("reports") / f"{_safe(name)}-{mark}"
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder} is a file; expected a folder that is new, empty or holds this model's run")
    held = [file for file in (folder / STARTED, folder / "run.json") if file.is_file()]
    for file in held:
        _check_held(file, digest, wanted)
    if folder.is_dir() and not held and (strangers := sorted(path.name for path in folder.iterdir())):
        raise InputError(f"--out {folder} is not empty ({', '.join(strangers[:3])} …); choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / STARTED, {"digest": digest, "settings": wanted})
    except OSError as err:
        raise InputError(f"--out {folder} cannot be written ({err.strerror}); choose another folder") from err
    return folder


def _check_held(file: Path, digest: str, wanted: dict[str, Any]) -> None:
    """Whether what the folder holds is a run of this model under these settings."""
    folder = file.parent
    try:
        there = json.loads(file.read_text(encoding="utf-8"))
        other = there["digest"] if "digest" in there else (there["model"]["identity"] or {}).get("digest", digest)
        same = there["settings"] == wanted
    except (json.JSONDecodeError, KeyError, TypeError) as err:
        raise InputError(f"--out {folder} holds a damaged {file.name}; choose another folder") from err
    if other != digest:
        raise InputError(
            f"--out {folder} holds a run of another model ({other[:12]}…, this one is {digest[:12]}…); "
            "choose another folder"
        )
    if not same:
        raise InputError(f"--out {folder} holds a run of this model with other settings; choose another folder")


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[:80].lstrip(".") or "model"
