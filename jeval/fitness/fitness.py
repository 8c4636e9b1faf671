"""The fitness function and its result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from jeval.errors import InputError, JevalError
from jeval.models.health import first_bad_tensor
from jeval.models.load import load, wrap
from jeval.models.source import resolve
from jeval.models.template import Templated
from jeval.pipeline.evaluate import choose_items
from jeval.pipeline.road import Scored, score
from jeval.pipeline.score import ENDLESS
from jeval.pipeline.taskpack import load_tasks

#: Score, and every objective, of a candidate that could not be scored: below any real score, and finite, because
#: several optimisers cannot rank infinities.
BROKEN = -1.0


@dataclass(frozen=True)
class FitnessResult:
    """What a candidate is worth.

    Attributes:
        score: weighted mean of the objectives, in [0, 1], higher is better; :data:`BROKEN` if it could not be scored.
        objectives: score per domain (``keigo``, ``finreg``, ``leak``, as far as the tasks cover them).
        constraints: per constraint, required minimum minus achieved score: at most 0 is feasible.
        stderr: standard error of ``score``; ``None`` for a broken candidate.
        per_item: task → item id → score (``None``: not scored).
        n_items: items scored.
        seconds: wall-clock seconds of this call.
        stopped_early: whether the evaluation was cut short. Every candidate is evaluated on all items, so it is ``False``.
        error: why the candidate could not be scored, else ``None``.
    """

    score: float
    objectives: dict[str, float]
    constraints: dict[str, float]
    stderr: float | None
    per_item: dict[str, dict[str, float | None]]
    n_items: int
    seconds: float
    stopped_early: bool = False
    error: str | None = field(default=None)

    def __float__(self) -> float:
        return self.score

    @property
    def feasible(self) -> bool:
        """All constraints hold and the candidate could be scored."""
        return self.error is None and all(value <= 0 for value in self.constraints.values())


class Fitness:
    """Objective function over the search items.

    Args:
        suite: ``"search"``; ``"audit"`` is refused.
        tasks: task or group names of the search suite; default ``["jeval_search"]``.
        weights: weight per objective in ``score``; objectives not named get 0. Default: all equal.
        constraints: minimum per objective or task name, for example ``{"leak": 0.9}``.
        seed: seeds every random generator before each call, so that equal weights get equal numbers.
        limit: at most this many items of each task.
        resident: a transformers model, or a path, whose architecture state dicts are evaluated in.
        tokenizer: tokenizer of ``resident`` when that is a live model.
        device, dtype: for paths; see :func:`jeval.models.load.load`.
        batch_size: for backends that batch.
        backend: ``jeval-hf`` (shared-prefix scoring) or ``hf`` (stock).

    Raises:
        InputError: the audit suite or audit tasks were asked for, unknown tasks, bad weights or constraints.
    """

    def __init__(
        self,
        suite: str = "search",
        tasks: Sequence[str] | None = None,
        weights: Mapping[str, float] | None = None,
        constraints: Mapping[str, float] | None = None,
        seed: int = 0,
        *,
        limit: int | None = None,
        resident: Any = None,
        tokenizer: Any = None,
        device: str | None = None,
        dtype: str | None = None,
        batch_size: str = "32",
        backend: str = "jeval-hf",
    ) -> None:
        if suite != "search":
            raise InputError(
                f"Fitness does not take suite {suite!r}: a search that sees the audit items would make the audit "
                "worthless; use suite='search' and audit the winner with `jeval run`"
            )
        self.seed = seed
        self._loaded = load_tasks(list(tasks) if tasks is not None else ["jeval_search"])
        audit = sorted(name for name in self._loaded.tasks if self._loaded.meta(name).suite != "search")
        if audit:
            raise InputError(
                f"Fitness refuses audit tasks ({', '.join(audit[:3])}): a search must not see the items its result is "
                "audited on; name tasks of jeval_search"
            )
        self._chosen = choose_items(self._loaded, limit=limit)
        self.objectives = sorted({self._loaded.meta(name).domain for name in self._loaded.tasks})
        self.weights = self._check_weights(weights)
        self.constraints = self._check_constraints(constraints)
        self._device, self._dtype = device, dtype
        self._batch_size, self._backend = batch_size, backend
        self._lm: Templated | None = None
        if resident is not None:
            self._lm = self._open(resident, tokenizer)

    def _check_weights(self, weights: Mapping[str, float] | None) -> dict[str, float]:
        if weights is None:
            return dict.fromkeys(self.objectives, 1.0)
        if unknown := sorted(set(weights) - set(self.objectives)):
            raise InputError(f"weights name {', '.join(unknown)}; the objectives here are {', '.join(self.objectives)}")
        if any(w < 0 for w in weights.values()) or sum(weights.values()) <= 0:
            raise InputError("weights must not be negative and must not all be 0")
        return {name: float(weights.get(name, 0.0)) for name in self.objectives}

    def _check_constraints(self, constraints: Mapping[str, float] | None) -> dict[str, float]:
        known = {*self.objectives, *self._loaded.tasks}
        if unknown := sorted(set(constraints or {}) - known):
            raise InputError(f"constraints name {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        return {name: float(value) for name, value in (constraints or {}).items()}

    def __call__(self, model: Any, tokenizer: Any = None) -> FitnessResult:
        """Evaluate one candidate.

        Args:
            model: a path, a transformers model, or a state dict for the resident architecture.
            tokenizer: needed with a live model other than the resident one.

        Returns:
            Its result. A candidate that cannot be loaded or computes NaN gets a result with ``error`` set and the
            score :data:`BROKEN`; it never raises.

        Raises:
            InputError: the call itself is wrong (a state dict without a resident model, a model without a tokenizer).
        """
        started = time.perf_counter()
        state = isinstance(model, Mapping)
        if state and self._lm is None:
            raise InputError("a state dict needs a resident model: pass resident= to Fitness, or a path or model first")
        if not state and not isinstance(model, (str, Path)) and tokenizer is None and not self._is_resident(model):
            raise InputError("a live model needs its tokenizer: call fitness(model, tokenizer)")
        try:
            if state and self._lm is not None:
                copy_weights(self._lm.model, model)
            elif self._lm is None or not self._is_resident(model):
                self._lm = self._open(model, tokenizer)
            return self._evaluate(self._lm, started)
        except JevalError as err:
            return self._broken(str(err), started)
        except (RuntimeError, ValueError, TypeError, KeyError, OSError, ArithmeticError) as err:
            return self._broken(f"{type(err).__name__}: {' '.join(str(err).split())[:300]}", started)

    def _is_resident(self, model: Any) -> bool:
        return self._lm is not None and model is self._lm.model

    def _open(self, model: Any, tokenizer: Any) -> Templated:
        if isinstance(model, (str, Path)):
            return load(
                resolve(model),
                backend=self._backend,
                device=self._device,
                dtype=self._dtype,
                batch_size=self._batch_size,
            )
        if tokenizer is None:
            raise InputError("a live model needs its tokenizer: pass tokenizer=")
        return wrap(model.eval(), tokenizer, backend=self._backend, batch_size=self._batch_size)

    def _evaluate(self, lm: Templated, started: float) -> FitnessResult:
        if (name := first_bad_tensor(lm.model)) is not None:
            return self._broken(f"tensor {name} holds NaN or Inf", started)
        template = lm.template is not None
        return self._result(score(lm, self._loaded, self._chosen, seed=self.seed, chat_template=template), started)

    def _result(self, scored: Scored, started: float) -> FitnessResult:
        domains = {name.removesuffix("_search"): domain for name, domain in scored.domains.items()}
        missing = [name for name in self.objectives if domains[name].score is None and self.weights[name] > 0]
        if missing:
            return self._broken(f"no item of {', '.join(missing)} could be scored", started)
        if silent := [name for name, task in scored.tasks.items() if task.score is None and task.reason == ENDLESS]:
            return self._broken(f"no item of {', '.join(silent)} could be scored: {ENDLESS}", started)
        objectives = {name: domain.score for name, domain in domains.items() if domain.score is not None}
        total = sum(self.weights.values())
        variance = sum((self.weights[n] / total * (domains[n].stderr or 0.0)) ** 2 for n in objectives)
        achieved = {**{name: task.score for name, task in scored.tasks.items()}, **objectives}
        per_item = {task: {one.id: one.score for one in samples} for task, samples in scored.samples.items()}
        return FitnessResult(
            score=sum(self.weights[n] * objectives[n] for n in objectives) / total,
            objectives=objectives,
            constraints={name: low - _or_broken(achieved[name]) for name, low in self.constraints.items()},
            stderr=variance**0.5,
            per_item=per_item,
            n_items=sum(value is not None for values in per_item.values() for value in values.values()),
            seconds=time.perf_counter() - started,
        )

    def _broken(self, error: str, started: float) -> FitnessResult:
        return FitnessResult(
            score=BROKEN,
            objectives=dict.fromkeys(self.objectives, BROKEN),
            constraints={name: low - BROKEN for name, low in self.constraints.items()},
            stderr=None,
            per_item={},
            n_items=0,
            seconds=time.perf_counter() - started,
            error=error,
        )


def _or_broken(value: float | None) -> float:
    return BROKEN if value is None else value


def copy_weights(model: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Copy a state dict into a model's weights in place, all or nothing.

    Tied weights may be left out of ``state``.

    Raises:
        ValueError: a name or shape does not fit, or a weight is missing; the model is then unchanged.
    """
    own = model.state_dict()
    for name, tensor in state.items():
        if name not in own:
            raise ValueError(f"tensor {name} is not part of the resident architecture")
        if tensor.shape != own[name].shape:
            raise ValueError(f"tensor {name} has shape {tuple(tensor.shape)}, expected {tuple(own[name].shape)}")
    storages = {own[name].data_ptr() for name in state}
    if missing := [name for name, tensor in own.items() if name not in state and tensor.data_ptr() not in storages]:
        raise ValueError(f"tensor {missing[0]} is missing from the state dict ({len(missing)} in all)")
    with torch.no_grad():
        for name, tensor in state.items():
            own[name].copy_(tensor)
