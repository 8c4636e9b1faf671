"""The files of a run folder: written whole or not at all, read with one clear line when they are damaged."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.record.schema import SCHEMA_VERSION, RunRecord

PARTIAL = f".{'?' * 16}.part"  # names of files that are being written


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name of its own to write ``path`` under: renamed when the block ends well, removed when it does not.

    Raises:
        OSError: as the system says it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all. Lone surrogates of a hostile output become U+FFFD."""
    with whole(path) as partial:
        partial.write_text(text.encode("utf-8", "replace").decode("utf-8"), encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_record(folder: Path) -> RunRecord:
    """Read ``run.json``.

    Raises:
        InputError: no run there, or a record of another schema version.
    """
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
    except OSError as err:
        raise InputError(f"{path} cannot be read ({err.strerror}); check its permissions") from err
    except (ValueError, AttributeError, RecursionError) as err:  # no JSON, no UTF-8, or not a record's
        raise InputError(f"{path} is not a run record ({' '.join(str(err).split())[:200]})") from err
