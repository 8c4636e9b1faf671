"""Canaries: which tasks a canary or corpus file asks for."""

from __future__ import annotations

from pathlib import Path


def task_names(canaries: Path | None, corpus: Path | None) -> list[str]:
    """Tasks that need a file of the user's."""
    return ["jeval_leak_canary"] * (canaries is not None) + ["jeval_leak_corpus"] * (corpus is not None)
