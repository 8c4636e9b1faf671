"""The folder of a run: new, empty, or holding this model's run under these settings."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jeval.audit.lock import locked
from jeval.digests import value_digest
from jeval.errors import InputError
from jeval.reading import read_json
from jeval.record.manifest import LOCK, OWN, STARTED
from jeval.record.samples import path_of
from jeval.record.schema import Identity, Settings
from jeval.record.store import RECORD
from jeval.writing import PARTIAL, write_json

_NAME = 120  # bytes of a model's name in the default folder; file systems take 255, some 143


@dataclass(frozen=True)
class RunFolder:
    """A folder that this run alone writes into."""

    path: Path
    digest: str
    settings: dict[str, Any]

    def begin(self) -> None:
        """Mark the folder as this run's: what was computed so far is resumed under these settings only."""
        write_json(self.path / STARTED, {"digest": self.digest, "settings": self.settings})

    def end(self) -> None:
        """All is written."""
        (self.path / STARTED).unlink(missing_ok=True)


@contextlib.contextmanager
def open_folder(out: Path | None, name: str, identity: Identity | None, settings: Settings) -> Iterator[RunFolder]:
    """Open the folder of a run and hold it. A run that ends with an error before it wrote anything leaves no trace there, so
    that the corrected command finds the folder as it was.

    Args:
        out: where; by default ``reports/<name>-<digest>-<settings>``.
        name: of the model.
        identity: ``None`` for a model behind another process, which is then known by its arguments.

    Raises:
        InputError: the folder is a file, cannot be written, or holds something else or another run; or another process is
            writing there.
    """
    wanted = settings.model_dump(mode="json")
    digest = identity.digest if identity else "remote:" + json.dumps(settings.model_args, sort_keys=True)
    mark = f"{digest[:8] if identity else 'remote'}-{value_digest(wanted)[:6]}"
    folder = out or Path("reports") / f"{_safe(name)}-{mark}"
    with contextlib.ExitStack() as stack:
        try:
            _check(folder, digest, wanted)
            stack.enter_context(_made(folder))
            stack.enter_context(locked(folder))
            _check(folder, digest, wanted)  # another run may have ended in between
            begun = (folder / STARTED).exists()
            for file in folder.rglob(PARTIAL):  # of a run that was killed
                file.unlink()
            if not begun:  # answers are of the run that is resumed, or nobody's
                for name in OWN - {LOCK}:
                    (folder / name).unlink(missing_ok=True)
        except OSError as err:
            raise InputError(f"--out {folder} cannot be written ({err.strerror}); choose another folder") from err
        try:
            yield RunFolder(folder, digest, wanted)
        except Exception:
            if not begun:
                _forget(folder)
            raise


def law_of(out: Path | None, default: date) -> date | None:
    """The day by whose law a run in this folder is: the day of the one that was begun there (``None``: of all items), else ``default``."""
    for name in (STARTED, RECORD) if out is not None else ():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, InputError):
            day = read_json(Path(str(out)) / name)["settings"]["as_of"]
            return None if day is None else date.fromisoformat(day)
    return default


def check_names(folder: Path, tasks: Iterable[str]) -> None:
    """Whether the file system takes the names of the tasks' files.

    Raises:
        InputError: it does not.
    """
    for task in tasks:
        try:
            os.stat(folder / path_of(folder, task).name)  # its own folder may not be there yet
        except FileNotFoundError:
            continue
        except OSError as err:
            raise InputError(f"task {task}: no file of that name can be written ({err.strerror}); rename it") from err


def _forget(folder: Path) -> None:
    """Take the mark away where nothing is written yet."""
    with contextlib.suppress(OSError):
        there = list(folder.rglob("*"))
        if {path.name for path in there if not path.is_dir()} <= {STARTED, LOCK}:
            (folder / STARTED).unlink(missing_ok=True)
            for path in reversed(there):
                if path.is_dir():
                    path.rmdir()


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make the folder; what was made and is still empty at the end goes again."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            for path in made:
                path.rmdir()


def _check(folder: Path, digest: str, wanted: dict[str, Any]) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder} is a file; expected a folder that is new, empty or holds this model's run")
    held = [file for file in (folder / STARTED, folder / "run.json") if file.is_file()]
    if link := next((path for path in folder.rglob("*") if path.is_symlink()), None) if held else None:
        raise InputError(f"--out {folder} holds a link ({link.relative_to(folder)}); choose another folder")
    for file in held:
        _check_held(file, digest, wanted)
    if held or not folder.is_dir():
        return
    strangers = sorted(path.name for path in folder.iterdir() if path.name not in OWN and not path.match(PARTIAL))
    if strangers:
        raise InputError(f"--out {folder} is not empty ({', '.join(strangers[:3])} …); choose another folder")


def _check_held(file: Path, digest: str, wanted: dict[str, Any]) -> None:
    """Whether what the folder holds is a run of this model under these settings."""
    folder = file.parent
    try:
        there = json.loads(file.read_text(encoding="utf-8"))
        other = there["digest"] if "digest" in there else (there["model"]["identity"] or {}).get("digest", digest)
        changed = _differences(dict(there["settings"]), wanted)
        mark = str(other)[:12]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise InputError(f"--out {folder} holds a damaged {file.name}; choose another folder") from err
    if other != digest:
        raise InputError(
            f"--out {folder} holds a run of another model ({mark}…, this one is {digest[:12]}…); choose another folder"
        )
    if changed:
        raise InputError(
            f"--out {folder} holds a run of this model with other settings ({'; '.join(changed)}); "
            "run with the former to go on there, or choose another folder"
        )


def _differences(there: dict[str, Any], wanted: dict[str, Any], within: str = "") -> list[str]:
    """Each setting that differs, with its value there and its value now."""
    found = []
    for name in sorted({*there, *wanted}):
        old, new = there.get(name), wanted.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{within}{name}.")
        elif old != new:
            if isinstance(old, list) and isinstance(new, list):  # of long lists, what is in one of them
                old, new = [x for x in old if x not in new], [x for x in new if x not in old]
            found.append(f"{within}{name}: {_value(old)} there, {_value(new)} now")
    return found


def _value(value: Any) -> str:
    if value is None:
        return "not given"
    text = ", ".join(map(str, value)) or "no other" if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _safe(name: str) -> str:
    """The name as a file's, short enough whatever its characters."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[:80].lstrip(".")
    return safe.encode("utf-8")[:_NAME].decode("utf-8", "ignore") or "model"
