"""The packages by which a run is computed, with their versions."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (
    "jeval", "torch", "transformers", "lm_eval", "datasets", "tokenizers", "safetensors", "fugashi", "unidic-lite",
    "numpy", "scipy", "pandas",
)  # fmt: skip


def installed() -> dict[str, str]:
    """Name → version here."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
