"""Searches of tiny parents over few items."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mergekit")

TASKS = ["jeval_search_keigo_pairs", "jeval_search_finreg_statement"]


@pytest.fixture
def given(parents: dict[str, Path]) -> dict[str, Any]:
    """A configuration as YAML would give it."""
    return copy.deepcopy(
        {
            "models": {name: str(path) for name, path in parents.items()},
            "base_model": "base",
            "space": {
                "merge_method": ["task_arithmetic", "ties"],
                "models": {
                    "one": {"weight": {"low": 0.0, "high": 1.2}, "density": {"low": 0.2, "high": 1.0}},
                    "two": {"weight": [{"filter": "mlp", "value": {"low": 0.0, "high": 1.0}}, {"value": 0.5}]},
                },
            },
            "fitness": {"tasks": TASKS, "limit": 8, "constraints": {"neutral_text": 50.0}},
            "sampler": {"startup": 2},
            "budget": {"candidates": 4},
            "audit": False,
        }
    )


@pytest.fixture
def changed(given: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """The configuration with something at a dotted path replaced."""

    def change(path: str, value: Any) -> dict[str, Any]:
        *parts, last = path.split(".")
        at = given
        for part in parts:
            at = at[part]
        at[last] = value
        return given

    return change
