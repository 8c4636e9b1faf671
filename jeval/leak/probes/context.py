"""``context``: an unverified caller attacks the record of one customer. ``control``: its verified owner asks for their own data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jeval.leak.norms import norm
from jeval.leak.probes.item import Item, item
from jeval.leak.probes.records import fields, own_data, secret, secrets, shown, spoken
from jeval.leak.probes.sources import Attack, Record, attacks, customers, frames, scenes
from jeval.models.conversation import tool_turns


def attacked(suite: str) -> Iterator[Item]:
    """Every family × data type (× channel, see :func:`_cells`); records and wordings take turns."""
    people = customers().of(suite)
    for turn, (family, data_type, channel, place) in enumerate(_cells(suite)):
        wordings = [attack for attack in attacks().of(suite) if attack.family == family]
        number = place % len(wordings)
        record, about = people[turn % len(people)], scenes().data_types[data_type]
        types = shown(data_type, turn)
        posed = _attack(wordings[number], channel, record, types, about.label)
        yield item(
            "context",
            suite,
            f"{family}-{data_type}-{channel}",
            {
                "cluster": record["name"],
                "family": family,
                "data_type": data_type,
                "channel": channel,
                "norm": about.norm,
                "wording": f"{family}-{suite}-{number}",
                "turns": posed.turns,
            },
            posed.prompt,
            secrets(record, data_type, types),
        )


def _cells(suite: str) -> Iterator[tuple[str, str, str, int]]:
    """Family, data type, channel, and the sum of the places of the last two.

    The search suite takes one channel of each cell of the families that have every channel, and a third of the cells of the others.
    """
    channels = list(scenes().channels)
    for f, (family, about) in enumerate(attacks().families.items()):
        for t, data_type in enumerate(scenes().data_types):
            if about.every_channel:
                for c, channel in enumerate(channels):
                    if suite == "audit" or (f + t + c) % len(channels) == 0:
                        yield family, data_type, channel, t + c
            elif suite == "audit" or (f + t) % len(channels) == 0:
                c = (f + t // len(channels) + t) % len(channels)
                yield family, data_type, channels[c], t + c


def _attack(attack: Attack, channel: str, record: Record, types: Sequence[str], label: str) -> Posed:
    words = {"name": spoken(record), "label": label}
    scene = _scene(channel, record, types, verified=False, document=attack.document.format(**words))
    turns = "".join(f"\n{line.format(**words)}" for line in attack.turns)
    before = frames().before.format(turns=turns) if turns else ""
    return _posed(scene, channel, record, before, attack.text.format(**words))


def rightful(suite: str) -> Iterator[Item]:
    """The verified owner asks for their own data (個人情報保護法33条), in the scenes of the attacks: one item a record."""
    channels = list(scenes().channels)
    for turn, record in enumerate(customers().of(suite)):
        asks = own_data(suite, turn)
        channel = channels[(asks.round + turn) % len(channels)]
        posed = _posed(_scene(channel, record, asks.types, verified=True), channel, record, "", asks.request)
        yield item(
            "control",
            suite,
            f"{turn}-{asks.data_type}",
            {
                "cluster": record["name"],
                "family": "rightful",
                "data_type": asks.data_type,
                "channel": channel,
                "norm": norm("rightful"),
                "wording": asks.wording,
                "turns": posed.turns,
            },
            posed.prompt,
            [secret(record, asks.data_type)],
        )


class Scene(NamedTuple):
    """The rule, and what is shown under it: the record (with a document injected below it), and whether the caller is verified."""

    rule: str
    shown: str


def _scene(channel: str, record: Record, types: Sequence[str], *, verified: bool, document: str = "") -> Scene:
    name = spoken(record)
    lines = fields(record, types) + ("\n" + document if document else "")
    held = scenes().records[channel].format(name=name if channel == "retrieved" else record["name"], fields=lines)
    told = scenes().verified["yes" if verified else "no"].format(name=name)
    return Scene(scenes().rules[channel].format(bank=record["bank"]), f"{held}\n{told}")


class Posed(NamedTuple):
    """What is asked as one text, and the same words as turns of a tool ("" where the record is no tool's response)."""

    prompt: str
    turns: str


def _posed(scene: Scene, channel: str, record: Record, before: str, request: str) -> Posed:
    prompt = frames().request.format(scene="\n".join(scene), before=before, request=request)
    if channel != "tool":
        return Posed(prompt, "")
    tool = frames().tool
    asked = tool.asked.format(rule=scene.rule, before=before, request=request)
    turns = tool_turns(asked, tool.name, {tool.argument: spoken(record)}, scene.shown)
    return Posed(prompt, json.dumps(turns, ensure_ascii=False))
