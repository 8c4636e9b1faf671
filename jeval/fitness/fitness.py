"""The fitness function: a candidate in, one number and what is behind it out."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from jeval.errors import InputError, JevalError
from jeval.fitness.candidate import Candidate, pack_digest
from jeval.fitness.constraints import Constraints, Outcome
from jeval.fitness.items import Item, SearchItems, Table
from jeval.fitness.merge import Merge, is_configuration
from jeval.fitness.paired import difference
from jeval.fitness.race import Draw, Evidence, draw, pulls
from jeval.fitness.result import BROKEN, FitnessResult, Race
from jeval.fitness.standing import Standing
from jeval.fitness.store import ResultStore
from jeval.fitness.weights import copy_weights, stream_weights
from jeval.fitness.workers import Elsewhere, Workers
from jeval.models.load import load, wrap
from jeval.models.snapshot import opened
from jeval.models.source import resolve
from jeval.models.template import Templated
from jeval.pipeline.evaluate import Rows
from jeval.pipeline.score import ENDLESS
from jeval.statistics import Estimate, combine
from jeval.suggest import near

#: One candidate at a time in a process, whichever Fitness it is for: they share the seeds, the kept requests and the cores.
_TURN = threading.RLock()


class Fitness:
    """Objective function over the search items. Calls from several threads take turns.

    Args:
        suite: ``"search"``; ``"audit"`` is refused.
        tasks: task or group names of the search suite; default ``["jeval_search"]``.
        weights: weight per objective in ``score``; objectives not named get 0. Default: all equal.
        constraints: name → limit; see :mod:`jeval.fitness.constraints`. For example ``{"leak": 0.9, "leak_rate": 0.1}``.
        seed: seeds every random generator before each call, so that equal weights get equal numbers.
        limit: at most this many items of each task.
        fresh: draw the keigo minimal pairs anew by this seed, from the same frames and words; with another seed the items are
            others, and about three in ten of the sentences.
        resident: a transformers model, or a path, whose architecture state dicts are evaluated in. Each overwrites its weights; a
            candidate that comes as a path or as another model does not.
        tokenizer: tokenizer of ``resident`` when that is a live model.
        reference: what the constraint ``below_reference`` compares with.
        chance_adjusted: objectives as ``(score - chance) / (1 - chance)``, so that guessing earns 0 in each.
        efficiency: also measure the bytes of the weights and the tokens per second.
        results: SQLite file where results are kept by the digest of the weights, for several processes and searches; by default
            they are kept in memory, with ``False`` not at all.
        race: the most probable share, over all looks, of candidates as good as the incumbent that are stopped all the same
            (0.05, say); by default every candidate is asked all items. See :mod:`jeval.fitness.race`.
        gain: with ``race``, count as good only what is better by this much of the score: smaller gains are not worth finding.
        device, dtype: for paths; see :func:`jeval.models.load.load`.
        batch_size: for backends that batch.
        backend: ``jeval-hf`` (shared-prefix scoring) or ``hf`` (stock).
        workers: measure in so many processes at once, each with a resident model of its own: calls from several threads then run
            at the same time. ``resident`` must be a path. Or what measures elsewhere, such as :class:`jeval.search.cluster.Cluster`.

    Attributes:
        objectives: the domains that the tasks cover.
        weights: of the objectives.
        incumbent: what candidates are raced against and differ from: with ``race`` the best feasible full result so far, else what
            is put there.

    Raises:
        InputError: the audit suite or audit tasks were asked for, unknown tasks, bad weights, constraints or other arguments.
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
        fresh: int | None = None,
        resident: Any = None,
        tokenizer: Any = None,
        reference: FitnessResult | None = None,
        chance_adjusted: bool = False,
        efficiency: bool = False,
        results: str | Path | Literal[False] | None = None,
        race: float | None = None,
        gain: float = 0.0,
        device: str | None = None,
        dtype: str | None = None,
        batch_size: str = "32",
        backend: str = "jeval-hf",
        workers: int | Elsewhere = 1,
    ) -> None:
        settings = {name: value for name, value in locals().items() if name not in {"self", "workers"}}
        if suite != "search":
            raise InputError(
                f"Fitness does not take suite {suite!r}: a search that sees the audit items would make the audit "
                "worthless; use suite='search' and audit the winner with `jeval run`"
            )
        if race is not None and not 0.0 < race < 1.0:
            raise InputError(f"race={race!r}: expected the share of errors to allow, between 0 and 1 (0.05, say)")
        if not 0.0 <= gain < 1.0 or (gain and race is None):
            raise InputError(f"gain={gain!r}: expected a difference of scores from 0 to 1, together with race=")
        self.seed, self._race, self._gain, self._efficiency = seed, race, gain, efficiency
        self._items = SearchItems.load(tasks, limit, fresh)
        self.objectives = self._items.objectives
        self.weights = self._check_weights(weights)
        self._chance = self._check_chance() if chance_adjusted else dict.fromkeys(self.objectives, 0.0)
        self._constraints = Constraints(constraints, self._items, reference)
        self._store = None if results is False else ResultStore(None if results is None else Path(results).expanduser())
        self._pack = pack_digest() if results else ""
        self._device, self._dtype = device, dtype
        self._batch_size, self._backend = batch_size, backend
        self._standing = Standing()
        self._has_resident = resident is not None
        self._workers = self._begin_workers(workers, settings) if workers != 1 else None
        self._lm: Templated | None = None
        if resident is not None and self._workers is None:
            self._lm = self._open(resident, tokenizer)
        self._other: tuple[int, Templated] | None = None

    @classmethod
    def _begin_workers(cls, number: int | Elsewhere, settings: Mapping[str, Any]) -> Elsewhere:
        if not isinstance(number, int):
            return number
        if number < 1:
            raise InputError(f"workers={number}: expected a whole number of at least 1")
        if not isinstance(settings["resident"], (str, Path, type(None))):
            raise InputError("with workers= each process loads the resident model itself: give resident= as a path")
        return Workers(number, cls, settings)

    @property
    def incumbent(self) -> FitnessResult | None:
        return self._standing.incumbent

    @incumbent.setter
    def incumbent(self, result: FitnessResult | None) -> None:
        self._standing = replace(self._standing, incumbent=result)

    @property
    def shares(self) -> dict[str, float]:
        """What each task counts in ``score`` before any adjustment for chance, 1 in all."""
        return self._items.shares(self.weights)

    def estimate(self, result: FitnessResult) -> Estimate | None:
        """The weighted score of a full result, not adjusted for chance, with its 95 % interval; ``None`` where a task has no score."""
        table = {
            task: {name: Item(score) for name, score in result.per_item.get(task, {}).items()}
            for task in self._items.tasks
        }
        tasks, _ = self._items.results(table)
        shares = {task: share for task, share in self.shares.items() if share > 0}
        parts = [part for task in shares if (part := tasks[task].estimate) is not None]
        return combine(parts, list(shares.values())) if len(parts) == len(shares) else None

    @property
    def constraints(self) -> dict[str, float]:
        """The limit of each constraint, by the name it has in a result."""
        return dict(self._constraints.limits)

    def _check_weights(self, weights: Mapping[str, float] | None) -> dict[str, float]:
        if weights is None:
            return dict.fromkeys(self.objectives, 1.0)
        for name in weights:
            if name not in self.objectives:
                raise InputError(f"weights name {name!r}, which is no objective here; {near(name, self.objectives)}")
        if any(w < 0 for w in weights.values()) or sum(weights.values()) <= 0:
            raise InputError("weights must not be negative and must not all be 0")
        return {name: float(weights.get(name, 0.0)) for name in self.objectives}

    def _check_chance(self) -> dict[str, float]:
        found = self._items.chances()
        for name, chance in found.items():
            if chance is None or chance > 0.5:
                raise InputError(
                    f"chance_adjusted: guessing earns {'an unknown share' if chance is None else f'{chance:.2f}'} of objective "
                    f"{name}; expected at most 0.5: name tasks of both sides, or leave chance_adjusted out"
                )
        return {name: chance for name, chance in found.items() if chance is not None}

    def __call__(self, model: Any, tokenizer: Any = None) -> FitnessResult:
        """Evaluate one candidate.

        Args:
            model: a path, a transformers model, a state dict for the resident architecture, or a mergekit configuration (mapping,
                YAML file or ``MergeConfiguration``) of parents of it, which is merged in place; see :mod:`jeval.fitness.merge`.
            tokenizer: needed with a live model other than the resident one.

        Returns:
            Its result. A candidate that cannot be loaded or computes NaN gets a result with ``error`` set and the
            score :data:`BROKEN`; it never raises.

        Raises:
            InputError: the call itself is wrong (a state dict without a resident model, a model without a tokenizer).
        """
        result = self.measure(model, tokenizer)
        self._remember(result)
        return result

    def map(self, models: Sequence[Any]) -> list[FitnessResult]:
        """Results of several candidates, in their order, at once where there are workers. All are raced against what was known
        before the first, so that the results do not hang on how many are measured at once.
        """
        standing = self._standing
        if self._workers is None:
            found = [self.measure(model, standing=standing) for model in models]
        else:
            with ThreadPoolExecutor(max(1, len(models))) as threads:
                found = list(threads.map(lambda model: self.measure(model, standing=standing), models))
        for result in found:
            self._remember(result)
        return found

    def recall(self, model: Any) -> FitnessResult:
        """As a call, but asked in full whatever there is to race against; of a candidate that ``results`` knows nothing is computed."""
        result = self.measure(model, raced=False)
        self._remember(result)
        return result

    def measure(
        self, model: Any, tokenizer: Any = None, *, standing: Standing | None = None, raced: bool = True
    ) -> FitnessResult:
        """As a call, but remembering nothing of it.

        Args:
            standing: what is known before; default: what this object has been called with.
            raced: whether the candidate may be stopped.
        """
        merged = is_configuration(model)
        if (merged or isinstance(model, Mapping)) and not self._has_resident:
            what = "mergekit configuration" if merged else "state dict"
            raise InputError(f"a {what} needs a resident model: pass resident= to Fitness")
        by_path = merged or isinstance(model, (str, Path, Mapping))
        if not by_path and tokenizer is None and not self._is_resident(model):
            raise InputError("a live model needs its tokenizer: call fitness(model, tokenizer)")
        standing = standing or self._standing
        started = time.perf_counter()
        if self._workers is not None:
            if not by_path:
                raise InputError("with workers= a candidate is a path, a state dict or a mergekit configuration")
            try:
                result = self._workers.measure(model, standing, raced)
            except BrokenProcessPool:
                result = self._broken("the process that measured it died, twice")
            return replace(result, seconds=time.perf_counter() - started)
        with _TURN:
            started = time.perf_counter()
            return replace(self._tried(model, tokenizer, standing, raced), seconds=time.perf_counter() - started)

    def close(self) -> None:
        """End the worker processes, if there are any, and let go of the results file."""
        if self._workers is not None:
            self._workers.close()
        if self._store is not None:
            self._store.close()

    def _tried(self, model: Any, tokenizer: Any, standing: Standing, raced: bool) -> FitnessResult:
        try:
            return self._evaluate(self._ready(model, tokenizer), standing, raced)
        except JevalError as err:
            return self._broken(str(err))
        except (RuntimeError, ValueError, TypeError, KeyError, OSError, ArithmeticError) as err:
            return self._broken(f"{type(err).__name__}: {' '.join(str(err).split())[:300]}")

    def _ready(self, model: Any, tokenizer: Any) -> Templated:
        """The candidate in a model that can be asked: the resident one where it is weights for it."""
        if self._lm is None:
            return self._open(model, tokenizer)
        if is_configuration(model):
            return self._merged(self._lm, Merge(model, self.seed))
        if isinstance(model, Mapping):
            copy_weights(self._lm.model, model)
            return self._lm
        return self._lm if self._is_resident(model) else self._open(model, tokenizer)

    def _merged(self, resident: Templated, merge: Merge) -> Templated:
        """A merge in the resident model or, where it has another number of layers, in one of that depth, the latest of which is kept."""
        depth = int(merge.config.num_hidden_layers)
        lm = resident
        if depth != resident.model.config.num_hidden_layers:
            if self._other is None or self._other[0] != depth:
                self._other = None  # before another is made: one at a time
                self._other = depth, self._of_depth(resident, depth)
            lm = self._other[1]
        stream_weights(lm.model, merge.tensors())
        return lm

    def _of_depth(self, resident: Templated, depth: int) -> Templated:
        config = copy.deepcopy(resident.model.config)
        config.num_hidden_layers = depth
        made = type(resident.model)(config).to(device=resident.model.device, dtype=resident.model.dtype)
        made.generation_config = resident.model.generation_config
        return self._open(made, resident.tokenizer)

    def _is_resident(self, model: Any) -> bool:
        return self._lm is not None and model is self._lm.model

    def _open(self, model: Any, tokenizer: Any) -> Templated:
        if isinstance(model, (str, Path)):
            with opened(resolve(model)) as snapshot, snapshot.named():
                lm = load(
                    snapshot.source,
                    backend=self._backend,
                    device=self._device,
                    dtype=self._dtype,
                    batch_size=self._batch_size,
                )
                snapshot.check_times()
                return lm
        if tokenizer is None:
            raise InputError("a live model needs its tokenizer: pass tokenizer=")
        return wrap(model.eval(), tokenizer, backend=self._backend, batch_size=self._batch_size)

    def _evaluate(self, lm: Templated, standing: Standing, may_race: bool) -> FitnessResult:
        candidate = Candidate(lm, self._items, self.seed, self._store, self._pack)
        if candidate.bad_tensor is not None:
            return self._broken(f"tensor {candidate.bad_tensor} holds NaN or Inf")
        neutral = candidate.neutral_text() if self._constraints.neutral else None
        raced: Race | None = None
        best = standing.incumbent
        if self._race is not None and best is not None and may_race:
            raced, stopped = self._raced(candidate, self._race, best, standing)
            if stopped:
                return self._stopped(candidate, raced, best, neutral)
        candidate.ask(self._items.rows)
        return self._full(candidate, raced, neutral, best)

    def _raced(
        self, candidate: Candidate, alpha: float, incumbent: FitnessResult, standing: Standing
    ) -> tuple[Race, bool]:
        """Ask until the candidate cannot win; whether that was before all items were asked."""
        pull = pulls(standing.seen, self._items.tasks, self._items.generated)
        shares = self._shares()
        drawn = draw(incumbent.per_item, shares, pull, [self.seed, int(candidate.digest[:16], 16)])
        evidence, looks, asked = Evidence(drawn, self._gain), 0, 0
        for look in drawn.looks():
            candidate.ask(self._rows(drawn, look))
            evidence.add([candidate.table[task][name].score for task, name in drawn.keys[look]])
            looks, asked = looks + 1, look.stop
            if evidence.lost or evidence.most >= 1.0 / alpha:
                break
        items = sum(map(len, self._items.rows.values()))
        sizes = {task: len(self._items.rows[task]) for task in shares if shares[task] > 0}
        portions = {task: len(candidate.table.get(task, {})) / size for task, size in sizes.items() if size}
        most = max(portions.values(), default=0.0)
        stopped = asked < len(drawn.keys)
        less = {task: portion for task, portion in portions.items() if stopped and portion < most / 2}
        return Race(alpha, self._gain, asked, items, looks, evidence.most, less), stopped

    def _rows(self, drawn: Draw, look: slice) -> Rows:
        """The items of a look, by task, in the order of the items."""
        wanted: dict[str, set[str]] = {}
        for task, name in drawn.keys[look]:
            wanted.setdefault(task, set()).add(name)
        return {
            task: [
                number
                for number, name in zip(self._items.rows[task], self._items.ids(task), strict=True)
                if name in wanted.get(task, ())
            ]
            for task in self._items.tasks
        }

    def _shares(self) -> dict[str, float]:
        """What each task counts in the score, adjustment for chance included."""
        found = self._items.shares(self.weights)
        return {task: share / (1.0 - self._chance[self._items.domain(task)]) for task, share in found.items()}

    def _full(
        self, candidate: Candidate, raced: Race | None, neutral: float | None, against: FitnessResult | None
    ) -> FitnessResult:
        tasks, domains = self._items.results(candidate.table)
        missing = [name for name in self.objectives if domains[name].score is None and self.weights[name] > 0]
        if missing:
            return self._broken(f"no item of {', '.join(missing)} could be scored")
        if silent := [name for name, task in tasks.items() if task.score is None and _silent(candidate.table[name])]:
            return self._broken(f"no item of {', '.join(silent)} could be scored: {ENDLESS}")
        objectives = {
            name: self._adjusted(name, domain.score) for name, domain in domains.items() if domain.score is not None
        }
        total = sum(self.weights.values())
        errors = [self.weights[n] / total * (domains[n].stderr or 0.0) / (1.0 - self._chance[n]) for n in objectives]
        outcome = Outcome(candidate.table, tasks, domains, neutral)
        return self._result(
            candidate,
            against,
            score=sum(self.weights[n] * objectives[n] for n in objectives) / total,
            objectives=objectives,
            constraints=self._constraints.values(outcome),
            stderr=sum(error**2 for error in errors) ** 0.5,
            race=raced,
            neutral_text=neutral,
        )

    def _stopped(
        self, candidate: Candidate, raced: Race, incumbent: FitnessResult, neutral: float | None
    ) -> FitnessResult:
        """Of tasks asked, the incumbent's result and the paired difference; of others, the incumbent's."""
        scores = candidate.per_item()
        objectives = {}
        for name in incumbent.objectives:
            alone = self._items.shares({other: float(other == name) for other in self.objectives})
            moved = sum(
                share * (_mean_difference(scores.get(task, {}), incumbent.per_item.get(task, {})) or 0.0)
                for task, share in alone.items()
            )
            objectives[name] = max(BROKEN, incumbent.objectives[name] + moved / (1.0 - self._chance[name]))
        total = sum(self.weights.values())
        estimate = sum(self.weights[n] * objectives[n] for n in objectives) / total
        filled: Table = {
            task: candidate.table.get(task) or {n: Item(s) for n, s in incumbent.per_item.get(task, {}).items()}
            for task in self._items.tasks
        }
        tasks, domains = self._items.results(filled)
        return self._result(
            candidate,
            incumbent,
            score=min(estimate, incumbent.score + self._gain),
            objectives=objectives,
            constraints=self._constraints.values(Outcome(filled, tasks, domains, neutral)),
            stderr=None,
            stopped_early=True,
            race=raced,
            neutral_text=neutral,
        )

    def _result(self, candidate: Candidate, against: FitnessResult | None, **what: Any) -> FitnessResult:
        per_item = candidate.per_item()
        return FitnessResult(
            per_item=per_item,
            n_items=sum(value is not None for values in per_item.values() for value in values.values()),
            seconds=0.0,
            difference=None if against is None else difference(self._items, self._shares(), per_item, against.per_item),
            efficiency=candidate.efficiency() if self._efficiency else {},
            digest=candidate.digest,
            recalled=candidate.recalled,
            **what,
        )

    def _adjusted(self, name: str, score: float) -> float:
        return (score - self._chance[name]) / (1.0 - self._chance[name])

    def _remember(self, result: FitnessResult) -> None:
        """A full result tells what tells candidates apart, and may be the new incumbent of a race."""
        if self._race is not None:
            with _TURN:
                self._standing = self._standing.after(result)

    def _broken(self, error: str) -> FitnessResult:
        return FitnessResult(
            score=BROKEN,
            objectives=dict.fromkeys(self.objectives, BROKEN),
            constraints=self._constraints.broken(),
            stderr=None,
            per_item={},
            n_items=0,
            seconds=0.0,
            error=error,
        )


def _silent(items: Mapping[str, Item]) -> bool:
    return any(item.silent for item in items.values())


def _mean_difference(a: Mapping[str, float | None], b: Mapping[str, float | None]) -> float | None:
    pairs = [(x, y) for name, x in a.items() if x is not None and (y := b.get(name)) is not None]
    return sum(x - y for x, y in pairs) / len(pairs) if pairs else None
