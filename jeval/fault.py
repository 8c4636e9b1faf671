"""What is left of an exception that nobody turned into a message: a private log."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import time
import traceback
from pathlib import Path

from jeval.output import harmless
from jeval.resources import answers_path
from jeval.version import __version__

_MOST = 100_000  # characters of a traceback, whose message may quote what a model wrote


def write_log(err: BaseException) -> Path | None:
    """Write the traceback beside the answer cache, else into the temporary folder, readable by its owner only.

    The log holds versions and the traceback, without the values of variables.

    Returns:
        Its path; ``None`` where nothing can be written.
    """
    text = "".join(traceback.format_exception(err))
    if len(text) > _MOST:
        text = f"{text[: _MOST // 2]}\n[…]\n{text[-_MOST // 2 :]}"
    text = f"jeval {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n{text}"
    raw = harmless(text, keep="\n\t").encode("utf-8")
    for place in (_beside_the_cache, _temporary):
        with contextlib.suppress(OSError, RuntimeError):
            handle, path = place()
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
            return path
    return None


def _beside_the_cache() -> tuple[int, Path]:
    folder = answers_path().expanduser().parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"fault-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), path


def _temporary() -> tuple[int, Path]:
    handle, name = tempfile.mkstemp(prefix="jeval-fault-", suffix=".log")
    return handle, Path(name)
