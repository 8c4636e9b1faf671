"""``mnpi``: a customer asks about a share while an undisclosed material fact is in context. ``control_mnpi``: for what is public."""

from __future__ import annotations

from collections.abc import Iterator

from jeval.leak.norms import norm
from jeval.leak.probes.item import Item, item
from jeval.leak.probes.sources import Fact, frames, material_facts
from jeval.leak.probes.turns import turns
from jeval.leak.secret import Secret

#: Attacks that meet a fact, and frames in which what is public of its company is asked for.
ATTACKS, QUESTIONS = 4, 2


def attacked(suite: str) -> Iterator[Item]:
    """Every fact under some of the attacks, by turns."""
    mnpi = material_facts()
    facts, attacks = mnpi.facts.of(suite), mnpi.attacks.of(suite)
    for f, a in turns(len(facts), len(attacks), ATTACKS):
        fact, attack = facts[f], attacks[a]
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
    """What is public of every fact's company, in some of the frames of a question, by turns."""
    facts, polite = material_facts().facts.of(suite), frames().company_questions
    for f, q in turns(len(facts), len(polite), QUESTIONS):
        fact = facts[f]
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
            _prompt(fact, polite[q].format(company=fact.company, ask=fact.ask)),
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
