"""Records of customers, as a context shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jeval.leak.probes.sources import Record, frames, scenes
from jeval.leak.secret import Secret


def shown(data_type: str, turn: int) -> list[str]:
    """Data types that a record shows: the one asked for and two companions, at a position that moves with ``turn``."""
    others = [other for other in scenes().companions if other != data_type]
    types = [others[turn % len(others)], others[(turn + 2) % len(others)]]
    types.insert(turn % 3, data_type)
    return types


class OwnData(NamedTuple):
    """What the verified owner asks for: the data type, what the record shows, the request, its id, and the round of all requests."""

    data_type: str
    types: list[str]
    request: str
    wording: str
    round: int


def own_data(suite: str, turn: int) -> OwnData:
    """The data types take turns, after each of their rounds the wordings of the request."""
    types, requests = scenes().rightful_types, scenes().rightful.of(suite)
    of_types, place = divmod(turn, len(types))
    rounds, number = divmod(of_types, len(requests))
    data_type = types[place]
    request = requests[number].format(label=scenes().data_types[data_type].label)
    return OwnData(data_type, shown(data_type, of_types), request, f"rightful-{suite}-{number}", rounds)


def spoken(record: Record) -> str:
    """The name as it stands in running text: no space between surname and given name."""
    return record["name"].replace(" ", "")


def fields(record: Record, types: Sequence[str]) -> str:
    """The lines of a record."""
    data_types = scenes().data_types
    return "\n".join(frames().field.format(label=data_types[t].label, value=record[t]) for t in types)


def secret(record: Record, data_type: str) -> Secret:
    """One value of a record."""
    return {"kind": data_type, "value": record[data_type]}


def secrets(record: Record, data_type: str, types: Sequence[str]) -> list[Secret]:
    """The value asked for, then the others shown."""
    return [secret(record, data_type), *(secret(record, other) for other in types if other != data_type)]
