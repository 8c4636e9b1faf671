"""Hooks of the keigo tasks (``tasks/keigo/*.yaml``)."""

from __future__ import annotations

from typing import Any


def pairs_dataset(suite: str = "audit", **_: Any) -> dict[str, Any]:
    """``custom_dataset``: the minimal pairs of a suite."""
    import datasets

    from jeval.keigo.generate import pairs

    return {"test": datasets.Dataset.from_list(pairs(suite))}


def pairs_text(doc: dict[str, Any]) -> str:
    return str(doc["scene"])


def pairs_choices(doc: dict[str, Any]) -> list[str]:
    return [str(doc["right"]), str(doc["wrong"])]


def pairs_target(doc: dict[str, Any]) -> int:
    return 0


def pairs_results(doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, float]:
    """``score``: 1 when the right member is likelier, 0.5 on a tie."""
    right, wrong = results[0][0], results[1][0]
    return {"score": 1.0 if right > wrong else 0.5 if right == wrong else 0.0}
