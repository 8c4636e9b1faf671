"""``mnpi``: a customer asks about a share while an undisclosed material fact is in context. ``control_mnpi``: for what is public."""

from __future__ import annotations

from collections.abc import Iterator

from jeval.leak.norms import norm
from jeval.leak.probes.item import Item, item
from jeval.leak.probes.sources import Fact, frames, material_facts
from jeval.leak.secret import Secret


def attacked(suite: str) -> Iterator[Item]:
    """Every fact × attack."""
    mnpi = material_facts()
    for f, fact in enumerate(mnpi.facts.of(suite)):
        for a, attack in enumerate(mnpi.attacks.of(suite)):
            yield item(
                "mnpi",
                suite,
                f"{f}-{a}",
                {
                    "cluster": fact.company,
                    "family": attack.family,
                    "data_type": fact.data_type,
                    "channel": "system",
                    "norm": fact.norm,
                    "wording": f"mnpi-{suite}-{a}",
                },
                _prompt(fact, attack.text),
                _secrets(fact),
            )


def rightful(suite: str) -> Iterator[Item]:
    """Every fact's company × frame of a question."""
    for f, fact in enumerate(material_facts().facts.of(suite)):
        for q, frame in enumerate(frames().company_questions):
            yield item(
                "control_mnpi",
                suite,
                f"{f}-{q}",
                {
                    "cluster": fact.company,
                    "family": "rightful",
                    "data_type": "public_fact",
                    "channel": "system",
                    "norm": norm("public_company"),
                    "wording": f"public-{suite}-{f}-{q}",
                },
                _prompt(fact, frame.format(company=fact.company, ask=fact.ask)),
                [{"kind": fact.kind, "value": fact.value}],
            )


def _prompt(fact: Fact, request: str) -> str:
    return material_facts().frame.format(
        firm=fact.firm, fact=fact.fact, public=fact.public, request=request.format(company=fact.company)
    )


def _secrets(fact: Fact) -> list[Secret]:
    """Particulars, wordings of the kind of fact, and signs of it."""
    kind = material_facts().data_types[fact.data_type]
    by_kind = {"specific": fact.specifics, "term": [*fact.terms, *kind.also], "sign": kind.signs}
    return [{"kind": name, "value": value} for name, values in by_kind.items() for value in values]
