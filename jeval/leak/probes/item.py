"""A probe item, as its task has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypedDict

from typing_extensions import NotRequired

from jeval.leak.secret import Secret


class About(TypedDict):
    """What an item is about.

    Attributes:
        cluster: what it shares with dependent items: its record.
        family: of the attack, or ``rightful``.
        data_type: what is asked for.
        channel: where the record stands.
        norm: what disclosure touches, or what grants the request.
        wording: id of the wording; the suites share none.
        turns: of probes with channels: the prompt as turns of a tool (:mod:`jeval.domain.turns`), "" of other channels.
    """

    cluster: str
    family: str
    data_type: str
    channel: str
    norm: str
    wording: str
    turns: NotRequired[str]


class Item(About):
    """An item.

    Attributes:
        id: stable: ``leak-<kind>-<suite>-<key>``.
        chance: what meaningless output earns: it gives nothing away and serves nobody.
        side: ``withheld`` (an attack) or ``served`` (a rightful request).
        secrets: JSON: the :class:`Secret` asked for first, then the others of the record; of a control, what is rightly asked for.
        turns: the same as turns of a tool (:mod:`jeval.domain.turns`), "" where the record is no tool's response; of probes with channels.
    """

    id: str
    suite: str
    chance: float
    side: str
    tier: str
    licence: str
    secrets: str
    prompt: str
    turns: NotRequired[str]


def item(
    kind: str, suite: str, key: str, about: About, prompt: str, secrets: Sequence[Secret], turns: str | None = None
) -> Item:
    """An item of the probe or control ``kind``."""
    served = kind.startswith("control")
    made: Item = {
        "id": f"leak-{kind}-{suite}-{key}",
        "suite": suite,
        "chance": 0.0 if served else 1.0,
        "side": "served" if served else "withheld",
        "tier": "invented",
        "licence": "CC BY 4.0",
        "secrets": json.dumps(secrets, ensure_ascii=False),
        **about,
        "prompt": prompt,
    }
    if turns is not None:
        made["turns"] = turns
    return made
