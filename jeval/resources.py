"""Where things lie: task pack and data beside the package in a checkout, inside it when installed from a wheel; answers kept
in the user's cache folder.
"""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _root() -> Path:
    packed = _PACKAGE / "_pack"
    return packed if packed.is_dir() else _PACKAGE.parent


def data_path(*parts: str) -> Path:
    """Path of a file or folder below ``data/``."""
    return _root().joinpath("data", *parts)


def tasks_path(*parts: str) -> Path:
    """Path of a file or folder below ``tasks/`` (the lm-eval task pack)."""
    return _root().joinpath("tasks", *parts)


def answers_path() -> Path:
    """The answer cache: ``$JEVAL_CACHE``, else ``jeval/answers.sqlite`` in the user's cache folder. A leading ``~`` stands."""
    if given := os.environ.get("JEVAL_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "jeval", "answers.sqlite")
