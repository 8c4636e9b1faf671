"""Keigo: honorific expressions and their misuses, and what jeval scores with them.

>>> from jeval.keigo import analyze
>>> [form.type for form in analyze("社長がお読みになりました。").forms]
['sonkeigo', 'teineigo']

Everything is imported on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jeval.lazy import attributes

if TYPE_CHECKING:
    from jeval.keigo.analysis import analyze
    from jeval.keigo.judge import Judgement, judge_conversion
    from jeval.keigo.types import Analysis, HonorificForm, Misuse

__all__ = ["Analysis", "HonorificForm", "Judgement", "Misuse", "analyze", "judge_conversion"]

__getattr__ = attributes(
    __name__,
    {
        "analyze": "jeval.keigo.analysis",
        **dict.fromkeys(("Analysis", "HonorificForm", "Misuse"), "jeval.keigo.types"),
        **dict.fromkeys(("Judgement", "judge_conversion"), "jeval.keigo.judge"),
    },
)
