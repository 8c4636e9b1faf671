"""jeval: evaluate Japanese language models inside a company's own walls.

The public API is small: :func:`run` (a model path in, a run folder out) with its :class:`RunOptions`, :func:`load` (a run folder
in, its record and samples out), :class:`Fitness` (a search's objective function) and the rooms ``jeval.keigo``, ``jeval.finreg``, ``jeval.leak``. Everything is imported on first use, so that
``import jeval`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jeval.lazy import attributes
from jeval.version import __version__

if TYPE_CHECKING:
    from jeval import finreg, keigo, leak
    from jeval.audit.call import run
    from jeval.audit.run import RunOptions
    from jeval.fitness import Fitness, FitnessResult
    from jeval.record.finished import FinishedRun, load

__all__ = [
    "FinishedRun",
    "Fitness",
    "FitnessResult",
    "RunOptions",
    "__version__",
    "finreg",
    "keigo",
    "leak",
    "load",
    "run",
]

__getattr__ = attributes(
    __name__,
    {
        "run": "jeval.audit.call",
        "RunOptions": "jeval.audit.run",
        "Fitness": "jeval.fitness",
        "FitnessResult": "jeval.fitness",
        "load": "jeval.record.finished",
        "FinishedRun": "jeval.record.finished",
        **{room: f"jeval.{room}" for room in ("keigo", "finreg", "leak")},
    },
)
