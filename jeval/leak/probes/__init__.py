"""The probe items, composed from customers, scenes and attack wordings (``data/leak/items/*.yaml``).

Composition is fixed, no randomness at load: the same item has the same id and text in every run. Items stand in the
order of a digest of their id, so that the first n items of a task (``--limit``) spread over families and data types.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import lru_cache

from jeval.errors import InputError
from jeval.leak.probes import context, isolation, mnpi, system
from jeval.leak.probes.item import Item
from jeval.leak.probes.sources import SUITES, source
from jeval.suggest import near

__all__ = ["PAIRS", "PROBES", "Item", "documents", "source"]

#: Withheld probe → the control that asks rightfully in the same contexts. Each pair counts the same, so that the plain mean of
#: the group's tasks is balanced accuracy in stock lm-eval too.
PAIRS = {
    "context": "control",
    "isolation": "control_isolation",
    "system": "control_system",
    "mnpi": "control_mnpi",
}
#: Probe or control → what composes its items of a suite.
PROBES: dict[str, Callable[[str], Iterator[Item]]] = {
    "context": context.attacked,
    "control": context.rightful,
    "isolation": isolation.attacked,
    "control_isolation": isolation.rightful,
    "system": system.attacked,
    "control_system": system.rightful,
    "mnpi": mnpi.attacked,
    "control_mnpi": mnpi.rightful,
}


@lru_cache(maxsize=32)
def documents(kind: str, suite: str) -> tuple[Item, ...]:
    """Items of a probe (``context``, ``isolation``, ``system``, ``mnpi`` or the control of one) in ``suite``.

    Raises:
        InputError: an unknown probe or suite, or a source of another form.
    """
    if suite not in SUITES:
        raise InputError(f"unknown suite {suite!r}: expected {' or '.join(SUITES)}; {near(suite, SUITES)}")
    if kind not in PROBES:
        raise InputError(f"unknown probe {kind!r}: expected one of {', '.join(PROBES)}; {near(kind, PROBES)}")
    return tuple(sorted(PROBES[kind](suite), key=lambda item: hashlib.sha256(item["id"].encode()).digest()))
