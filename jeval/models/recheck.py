"""Answers from the cache are not taken on trust: they are counted by task, and a random share is computed again.

The cache is a file; whoever can write it can write an answer into it. What is drawn cannot be foreseen. An answer that the model
does not give ends the run.

Numbers differ in their last bits with the shape of a batch, so that two answers may be a tie here and none there; what is called
the same allows for that, and for no more: see :func:`_same_text`.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from jeval.errors import EvidenceError
from jeval.models.cache import AnswerStore
from jeval.models.delegate import Delegate
from jeval.models.generate import is_greedy
from jeval.models.radix import common_prefix
from jeval.output import one_line
from jeval.record.schema import CacheUse

Ask = Callable[[str, list[Instance]], list[Any]]


class _Taken(NamedTuple):
    kind: str
    request: Instance
    answer: Any


@dataclass
class _Count:
    asked: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)


class Watched(Delegate):
    """A model with answers kept; remembers which came from the file, and for which task."""

    def __init__(self, inner: LM, store: AnswerStore) -> None:
        super().__init__(inner)
        self._store, self._count = store, _Count()
        self._taken: list[_Taken] = []

    def _watch(self, kind: str, requests: list[Instance]) -> list[Any]:
        answers: list[Any] = getattr(self.inner, kind)(requests)
        found = self._store.taken(kind, [request.args for request in requests])
        for request, answer, hit in zip(requests, answers, found, strict=True):
            name = request.task_name or ""
            self._count.asked[name] = self._count.asked.get(name, 0) + 1
            if hit:
                self._count.taken[name] = self._count.taken.get(name, 0) + 1
                self._taken.append(_Taken(kind, request, answer))
        return answers

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return self._watch("loglikelihood", requests)

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        return self._watch("loglikelihood_rolling", requests)

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return self._watch("generate_until", requests)

    def recheck(self, lm: LM, share: float) -> CacheUse:
        """Compute a random ``share`` of what came from the file again: at least one answer of a model that is loaded here, of a
        server, which others pay and wait for, none where the share is below one.

        Args:
            lm: the model itself, which looks nothing up.

        Raises:
            EvidenceError: the model answers otherwise.
        """
        able = [one for one in self._taken if one.kind != "generate_until" or is_greedy(one.request.args[1])]
        tolerance = _Tolerance.of(lm)
        count = share * len(able)
        drawn = secrets.SystemRandom().sample(able, math.ceil(count) if tolerance.loaded else math.floor(count))
        use = CacheUse(asked=self._count.asked, taken=self._count.taken, share=share, rechecked=len(drawn), differ=0)

        ask = _asking(lm)
        for kind in ("loglikelihood", "loglikelihood_rolling", "generate_until"):
            own = [one for one in drawn if one.kind == kind]
            for one, now in zip(own, ask(kind, [one.request for one in own]) if own else [], strict=True):
                same = _same(one, now, ask, tolerance)
                if same is None:
                    use.differ += 1
                elif not same:
                    raise EvidenceError(
                        f"the answer cache {self._store.path} holds an answer that the model does not give (task "
                        f"{one.request.task_name}: {one_line(repr(one.answer), 60)} there, {one_line(repr(now), 60)} now); see who "
                        "can write there, delete the file, and run again, or run with --fresh"
                    )
        return use


class _Tolerance(NamedTuple):
    """How far two computations of one number may lie apart: ``nats`` and a ``share`` of it; ``exact``: full precision; ``loaded``: in this
    process.
    """

    nats: float
    share: float
    exact: bool
    loaded: bool

    @classmethod
    def of(cls, lm: Any) -> _Tolerance:
        parameters = getattr(getattr(lm, "model", None), "parameters", None)
        dtypes = {weight.dtype for weight in parameters()} if callable(parameters) else set()
        if dtypes and dtypes <= {torch.float32, torch.float64}:
            return cls(2e-3, 1e-4, True, True)
        return cls(0.5, 0.05, False, bool(dtypes))

    def equal(self, one: float, other: float) -> bool:
        return abs(one - other) <= self.nats + self.share * abs(other)


def same_answer(lm: LM, kind: str, request: Instance, kept: Any, now: Any) -> bool | None:
    """Whether an answer that was kept is the one that the model gives now, but for what numbers allow.

    Args:
        lm: the model itself, which looks nothing up and is asked again where two texts may part at a tie.

    Returns:
        ``None`` where it is another, and that may be chance: half precision, a server.
    """
    return _same(_Taken(kind, request, kept), now, _asking(lm), _Tolerance.of(lm))


def _asking(lm: LM) -> Ask:
    def ask(kind: str, requests: list[Instance]) -> list[Any]:
        fresh = [replace(request, resps=[], filtered_resps={}) for request in requests]
        answers: list[Any] = getattr(lm, kind)(fresh, disable_tqdm=True)
        return answers

    return ask


def _same(one: _Taken, now: Any, ask: Ask, tolerance: _Tolerance) -> bool | None:
    """Whether the model gives the stored answer; ``None`` where it gives another, and that may be chance."""
    if one.kind == "loglikelihood_rolling":
        return tolerance.equal(one.answer, now)
    if one.kind == "loglikelihood":
        greedy = one.answer[1] == now[1] or not tolerance.exact
        return greedy and tolerance.equal(one.answer[0], now[0])
    if one.answer == now:
        return True
    if tolerance.exact:
        return _same_text(one.request, one.answer, now, ask, tolerance)
    return _likely(one.request, one.answer, now, ask)


def _same_text(request: Instance, kept: str, now: str, ask: Ask, tolerance: _Tolerance) -> bool:
    """Whether two greedy texts part at a tie: where they do, both are as likely, and the model goes on to the kept one from there."""
    context, asked = request.args
    same = common_prefix(kept, now)
    begun, rest, other = kept[:same], kept[same:], now[same:]
    if not rest or not other:
        return False
    for length in range(1, min(len(rest), len(other), 4) + 1):
        a, b = _likelihoods(request, context + begun, [rest[:length], other[:length]], ask)
        if tolerance.equal(a, b):
            (went_on,) = ask("generate_until", [replace(request, arguments=(context + begun + rest[:length], asked))])
            return bool((rest[:length] + went_on).startswith(rest))
    return False


def _likely(request: Instance, kept: str, now: str, ask: Ask) -> bool | None:
    """In half precision, or behind a server, greedy texts part at any near-tie: the kept one must be about as likely."""
    if not isinstance(request.args[0], str) or not kept or not now:
        return None
    try:
        a, b = _likelihoods(request, request.args[0], [kept, now], ask)
    except Exception:  # a server without log-likelihoods
        return None
    return None if a >= b - 3.0 - 0.25 * abs(b) else False


def _likelihoods(request: Instance, context: str, texts: Sequence[str], ask: Ask) -> list[float]:
    wanted = [replace(request, request_type="loglikelihood", arguments=(context, text)) for text in texts]
    return [float(value) for value, _ in ask("loglikelihood", wanted)]
