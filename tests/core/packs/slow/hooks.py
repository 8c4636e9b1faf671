"""Hooks of a task whose scoring takes a minute, so that a test can interrupt it."""

import os
import time
from pathlib import Path
from typing import Any

import datasets


def dataset(**_: object) -> dict[str, datasets.Dataset]:
    return {"test": datasets.Dataset.from_list([{"id": "a", "cluster": "a", "chance": 0.5}])}


def text(doc: dict[str, Any]) -> str:
    return ""


def choices(doc: dict[str, Any]) -> list[str]:
    return ["はい", "いいえ"]


def target(doc: dict[str, Any]) -> int:
    return 0


def results(doc: dict[str, Any], answers: list[tuple[float, bool]]) -> dict[str, float]:
    Path(os.environ["SLOW_DIR"], "started").touch()
    time.sleep(60)
    return {"score": 1.0}
