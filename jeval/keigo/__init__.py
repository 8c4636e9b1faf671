"""Keigo: honorific expressions and their misuses, and what jeval scores with them.

>>> from jeval.keigo import analyze
>>> [form.type for form in analyze("社長がお読みになりました。").forms]
['sonkeigo', 'teineigo']

Everything is imported on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jeval.keigo.analysis import analyze
    from jeval.keigo.judge import Judgement, judge_conversion
    from jeval.keigo.types import Analysis, HonorificForm, Misuse

__all__ = ["Analysis", "HonorificForm", "Judgement", "Misuse", "analyze", "judge_conversion"]

_LAZY = {
    "analyze": "jeval.keigo.analysis",
    "Analysis": "jeval.keigo.types",
    "HonorificForm": "jeval.keigo.types",
    "Misuse": "jeval.keigo.types",
    "Judgement": "jeval.keigo.judge",
    "judge_conversion": "jeval.keigo.judge",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'jeval.keigo' has no attribute {name!r}")
