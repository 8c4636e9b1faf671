"""The line that says where a search stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jeval.search.config import Budget
from jeval.search.study import result_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Count:
    """How candidates ended. Those that were stopped early are counted whatever else they are."""

    told: int
    infeasible: int
    stopped: int
    broken: int
    recalled: int

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial]) -> Count:
        results = [result_of(trial) for trial in trials]
        return cls(
            len(results),
            sum(not one["feasible"] and one["error"] is None for one in results),
            sum(one["stopped"] for one in results),
            sum(one["error"] is not None for one in results),
            sum(one["recalled"] >= one["items"] > 0 for one in results),
        )


def line(trials: Sequence[FrozenTrial], spent: float, budget: Budget) -> str:
    """Best so far, spent, left, infeasible, stopped early, broken."""
    count = Count.of(trials)
    full = [
        (one["score"], trial.number) for trial in trials if (one := result_of(trial))["feasible"] and not one["stopped"]
    ]
    best = "none feasible yet" if not full else "best {:.4f} (candidate {})".format(*max(full, key=lambda one: one[0]))
    each = spent / max(1, count.told)
    left = (budget.candidates - count.told) * each
    if budget.seconds is not None:
        left = min(left, budget.seconds - spent)
    return (
        f"{best}; spent {_time(spent)}, left about {_time(max(0.0, left))}; "
        f"infeasible {count.infeasible}, stopped early {count.stopped}, broken {count.broken}"
    )


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
