"""Score parts over the tree, unit by unit: skip what is stored, store what is done, survive a full memory."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from jeval.errors import ModelError
from jeval.models.attention import Trunk
from jeval.models.packing import in_order
from jeval.models.passes import Runner
from jeval.models.requests import Part, Work, prepare
from jeval.models.support import is_out_of_memory

_log = logging.getLogger(__name__)
_SMALLEST = 32  # tokens; a model that cannot feed this many cannot be scored

Answer = tuple[float, bool]


def score(
    runner: Runner,
    parts: Sequence[Part],
    owner: Sequence[int],
    known: Sequence[bool],
    *,
    budget: int,
    work: Work | None = None,
    done: Callable[[list[int], list[Answer | None]], None],
    progress: Callable[[int, int], None] | None = None,
) -> list[Answer | None]:
    """The log-likelihood and greedy flag of each part.

    Args:
        owner: which answer each part belongs to (several parts may make one answer).
        known: for each answer whether it is stored already; a unit all of whose answers are known is skipped.
        work: the plan of ``parts`` under ``budget``, if it has been prepared.
        done: called with the numbers of the answers that a unit completed and the values of all parts so far.
        progress: called with tokens done and tokens to be computed.

    Returns:
        ``None`` for parts of units that were skipped.

    Raises:
        ModelError: NaN or Inf in the logits, or out of memory with the smallest budget.
    """
    values: list[Answer | None] = [None] * len(parts)
    missing = np.bincount(np.asarray(owner, dtype=np.int64), minlength=len(known))
    state = _State(values, missing, list(owner), list(known), done, progress)
    numbers = list(range(len(parts)))
    while numbers:
        try:
            work = work if work is not None else prepare([parts[i] for i in numbers], budget)
            _run(runner, work, numbers, state)
            break
        except (RuntimeError, MemoryError) as err:
            if not is_out_of_memory(err):
                raise
            if budget <= _SMALLEST:
                raise ModelError(
                    f"out of memory with {budget} tokens at a time; free memory or use a smaller model"
                ) from err
            budget //= 2
            _log.warning("out of memory: going on with %d tokens at a time", budget)
        _free(runner)
        work = None
        numbers = [i for i in numbers if values[i] is None and not state.known[state.owner[i]]]
    return values


@dataclass
class _State:
    """What is known so far; ``missing`` counts the parts that each answer still waits for, ``tokens`` those computed so far."""

    values: list[Answer | None]
    missing: npt.NDArray[np.int64]
    owner: list[int]
    known: list[bool]
    done: Callable[[list[int], list[Answer | None]], None]
    progress: Callable[[int, int], None] | None
    tokens: int = 0

    def finish(self, parts: Iterable[int]) -> None:
        """Count ``parts`` as computed and hand over the answers that they complete."""
        finished = []
        for answer in (self.owner[part] for part in parts):
            self.missing[answer] -= 1
            if self.missing[answer] == 0 and not self.known[answer]:
                finished.append(answer)
        if finished:
            self.done(finished, self.values)


def _run(runner: Runner, work: Work, numbers: list[int], state: _State) -> None:
    """Compute the units of ``work`` whose answers are not all known; ``numbers[i]`` is the part that ``work`` calls ``i``."""
    plan = work.plan
    parts_of: list[list[int]] = [[] for _ in plan.units]
    for i, unit in enumerate(work.part_unit.tolist()):
        parts_of[unit].append(i)
    todo = [number for number, own in enumerate(parts_of) if any(not state.known[state.owner[numbers[i]]] for i in own)]
    trunk_needed = sorted({t for number in todo for t in plan.units[number].chain})
    total = (
        state.tokens
        + sum(len(plan.units[n].row.nodes) for n in todo)
        + sum(len(plan.trunk[t].nodes) for t in trunk_needed)
    )
    lp = np.full(len(work.rows), np.nan)
    greedy = np.zeros(len(work.rows), dtype=bool)
    trunk = Trunk(plan.longest_chain)

    def one_pass(which: int) -> None:
        row = plan.row(which)
        reads = work.reads.get(which)
        if not len(row.nodes):
            return
        rows, inverse = (None, None) if reads is None else np.unique(work.rows[reads], return_inverse=True)
        states = runner.hidden(
            row,
            work.tree.tokens[row.nodes],
            work.tree.depth[row.nodes],
            trunk,
            rows=rows,
            sink=trunk.sink_of(row) if which < 0 else None,
        )
        if reads is not None and inverse is not None:
            lp[reads], greedy[reads] = runner.read(states, inverse, work.targets[reads])
        state.tokens += len(row.nodes)

    with runner.ready():
        for number in in_order(plan, todo):
            one_pass(number)
            if number < 0:
                continue
            for i in parts_of[number]:
                reads = work.part_reads[i]
                total_lp = np.float64(lp[reads].sum())
                state.values[numbers[i]] = (_rounded(total_lp, runner), bool(greedy[reads].all()))
            state.finish([numbers[i] for i in parts_of[number]])
            if state.progress is not None:
                state.progress(state.tokens, total)


def _rounded(value: np.float64, runner: Runner) -> float:
    """A sum on the grid of the softmax dtype, as a harness that sums in that dtype reports it."""
    return float(value) if runner.softmax_dtype == torch.float64 else float(np.float32(value))


def _free(runner: Runner) -> None:
    gc.collect()
    if runner.device.type == "cuda":
        torch.cuda.empty_cache()
