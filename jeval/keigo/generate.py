"""Minimal pairs from frames × lexemes, and correct sentences of the demonstration's own lexemes."""

from __future__ import annotations

import itertools
import random
import re
from functools import lru_cache
from typing import Any

from jeval.resources import data_path

_SLOT = re.compile(r"\{(\w+)\}")


@lru_cache(maxsize=1)
def _source() -> dict[str, Any]:
    import yaml

    return dict(yaml.safe_load(data_path("keigo", "items", "frames.yaml").read_text(encoding="utf-8")))


def pairs(suite: str) -> list[dict[str, Any]]:
    """Every minimal pair of a suite's lexemes, in the order of the frames; paired slots advance together."""
    words = _source()["words"][suite]
    rows: list[dict[str, Any]] = []
    for frame in _source()["frames"]:
        slots = [s for s in dict.fromkeys(_SLOT.findall(frame["right"] + frame["wrong"])) if s != "go_noun"]
        for number, values in enumerate(itertools.product(*(range(len(words[s])) for s in slots))):
            chosen = {s: words[s][v] for s, v in zip(slots, values, strict=True)}
            if "o_noun" in chosen:
                chosen["go_noun"] = words["go_noun"][words["o_noun"].index(chosen["o_noun"])]
            rows.append(
                {
                    "id": f"{suite}-{frame['id']}-{number:03d}",
                    "suite": suite,
                    "cluster": frame["id"],
                    "chance": 0.5,
                    "error_type": frame["error"],
                    "scene": frame.get("scene", ""),
                    "right": frame["right"].format(**chosen),
                    "wrong": frame["wrong"].format(**chosen),
                }
            )
    return rows


def training_sentences(seed: int, n: int) -> list[str]:
    """Correct sentences of the ``demo`` lexemes, which neither suite uses."""
    rows = pairs("demo")
    rng = random.Random(seed)
    return [(row["scene"] + row["right"]) for row in rng.choices(rows, k=n)]
