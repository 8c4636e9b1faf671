"""The record of a run folder, read with one clear line when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

from jeval.errors import InputError
from jeval.reading import MAX_JSON, is_plain
from jeval.record.schema import SCHEMA_VERSION, RunRecord

RECORD = "run.json"


def read_record(folder: Path) -> RunRecord:
    """Read ``run.json``.

    Raises:
        InputError: no run there, or a record that is damaged or of another schema version.
    """
    path = folder / RECORD
    try:
        if not path.is_file():
            raise InputError(f"{folder} holds no run ({RECORD} is missing); give the folder that `jeval run` printed")
        if not is_plain(folder, RECORD):
            raise InputError(f"{path} is a link; expected the file itself, as `jeval run` wrote it")
        if (size := path.stat().st_size) > MAX_JSON:
            raise InputError(f"{path} is no run record: it has {size} bytes, expected at most {MAX_JSON}")
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


def outside_runs(*paths: Path | None) -> None:
    """See that files to be written do not lie in run folders, which would no longer verify.

    Raises:
        InputError: one does.
    """
    for path in paths:
        folder = next((up for up in path.absolute().parents if (up / RECORD).is_file()), None) if path else None
        if folder is not None:
            raise InputError(
                f"{path} lies in the run folder {folder}, which holds what was run and its own report and would no longer verify; "
                "choose a place outside it"
            )
