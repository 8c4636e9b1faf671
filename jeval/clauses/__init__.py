"""Clause maps: which clause of which framework a run gives evidence for, and which it does not.

``data/frameworks/*.yaml`` states the clauses and the tasks whose items bear on them (:mod:`jeval.clauses.schema`);
:func:`coverage` says what of that stands in one run.
"""

from jeval.clauses.coverage import ClauseCoverage, FrameworkCoverage, TaskScore, coverage
from jeval.clauses.schema import Clause, Evidence, Framework, Words, frameworks

__all__ = [
    "Clause",
    "ClauseCoverage",
    "Evidence",
    "Framework",
    "FrameworkCoverage",
    "TaskScore",
    "Words",
    "coverage",
    "frameworks",
]
