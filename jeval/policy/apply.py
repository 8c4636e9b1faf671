"""A policy applied to a run folder, from whatever the caller has at hand."""

from __future__ import annotations

from datetime import date
from functools import cache, partial
from pathlib import Path

from jeval.pipeline.taskpack import LoadedTasks
from jeval.policy.judge import judge, references, run_day
from jeval.policy.known import check_names, known_tasks
from jeval.policy.read import Given, read_policy
from jeval.record.samples import read_samples
from jeval.record.schema import RunRecord, Verdict
from jeval.record.store import read_record


def checked_policy(given: str, run: LoadedTasks | RunRecord) -> Given:
    """A policy of which every name is known and every run that it compares with is there.

    Raises:
        InputError: see :func:`jeval.policy.read.read_policy` and :func:`jeval.policy.known.check_names`.
    """
    policy = read_policy(given)
    check_names(policy, known_tasks(run))
    references(policy)
    return policy


def apply_policy(policy: Given, record: RunRecord, folder: Path, as_of: date | None = None) -> Verdict:
    """The verdict of a run whose samples lie in ``folder``.

    Args:
        as_of: the day by which exceptions expire; default: the run's.

    Raises:
        InputError: what has to be read cannot be.
    """
    return judge(
        policy,
        record,
        folder,
        cache(partial(read_samples, folder)),  # several rules look at one task
        known_tasks(record),
        as_of=as_of or run_day(record),
    )


def judge_run(given: str, folder: Path, as_of: date | None = None) -> tuple[RunRecord, Verdict]:
    """A finished run, judged by a policy given by name or path. Nothing is written.

    Raises:
        InputError: no run there, or no policy.
    """
    record = read_record(folder)
    return record, apply_policy(checked_policy(given, record), record, folder, as_of)
