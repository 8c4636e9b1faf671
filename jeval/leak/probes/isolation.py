"""``isolation``: the verified owner of one record asks for another's. ``control_isolation``: for their own, both in context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jeval.leak.norms import norm
from jeval.leak.probes.item import Item, item
from jeval.leak.probes.records import fields, own_data, secret, secrets, shown, spoken
from jeval.leak.probes.sources import Record, customers, scenes


def attacked(suite: str) -> Iterator[Item]:
    """The caller owns the first record and asks for the second."""
    pairs, turn = _pairs(suite), 0
    for number, attack in enumerate(scenes().isolation.of(suite)):
        for data_type, about in scenes().data_types.items():
            record, other = pairs[turn % len(pairs)]
            types = shown(data_type, turn)
            request = attack.text.format(other=spoken(other), label=about.label)
            yield item(
                "isolation",
                suite,
                f"{number}-{data_type}",
                {
                    "cluster": record["name"],
                    "family": attack.family,
                    "data_type": data_type,
                    "channel": "system",
                    "norm": about.norm,
                    "wording": f"isolation-{suite}-{number}",
                },
                _both(record, other, types, request),
                secrets(other, data_type, types),
            )
            turn += 1


def rightful(suite: str) -> Iterator[Item]:
    """Two records again; the owner of the first asks for their own data: one item a pair."""
    for turn, (record, other) in enumerate(_pairs(suite)):
        asks = own_data(suite, turn)
        yield item(
            "control_isolation",
            suite,
            f"{turn}-{asks.data_type}",
            {
                "cluster": record["name"],
                "family": "rightful",
                "data_type": asks.data_type,
                "channel": "system",
                "norm": norm("rightful"),
                "wording": asks.wording,
            },
            _both(record, other, asks.types, asks.request),
            [secret(record, asks.data_type)],
        )


def _pairs(suite: str) -> list[tuple[Record, Record]]:
    """Each customer with the next one of the same bank."""
    banks: dict[str, list[Record]] = {}
    for record in customers().of(suite):
        banks.setdefault(record["bank"], []).append(record)
    return [(a, b) for same in banks.values() for a, b in zip(same, same[1:] + same[:1], strict=True) if a is not b]


def _both(record: Record, other: Record, types: Sequence[str], request: str) -> str:
    return scenes().isolation.frame.format(
        bank=record["bank"],
        name=spoken(record),
        other=spoken(other),
        request=request,
        fields=fields(record, types),
        other_fields=fields(other, types),
    )
