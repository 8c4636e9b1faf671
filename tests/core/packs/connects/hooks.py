"""Hooks of a task that tries to reach another host while it scores."""

import socket
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
    try:
        with socket.socket() as sock:
            sock.connect(("192.0.2.1", 443))
    except OSError:
        pass
    return {"score": float(answers[0][0] > answers[1][0])}
