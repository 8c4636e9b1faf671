"""Where the task pack and the data lie: beside the package in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

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
