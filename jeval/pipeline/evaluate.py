"""A model and tasks in, scored items out, through ``lm_eval.evaluator.evaluate``."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from lm_eval.api.model import LM
from lm_eval.evaluator import evaluate as lm_eval_evaluate

from jeval.errors import InputError
from jeval.pipeline.judged import Judged, failed, judge
from jeval.pipeline.kept import FAULTS, GuardedTask, told
from jeval.pipeline.taskpack import LoadedTasks
from jeval.record.samples import Sample

Rows = dict[str, list[int]]
"""Task → numbers of its items."""


@dataclass(frozen=True)
class Chosen:
    """Which items of each task are evaluated; ``left_out``: ids of items that are not, per task ("not scored")."""

    rows: Rows
    left_out: dict[str, list[str]] = field(default_factory=dict)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def choose_items(
    loaded: LoadedTasks,
    *,
    limit: int | None,
    whole: Sequence[str] = (),
    keep: Callable[[str, Mapping[str, Any]], bool] | None = None,
) -> Chosen:
    """Choose items.

    Args:
        limit: at most this many items of each task, except the tasks named in ``whole``.
        keep: called with the task's domain and the item; ``False`` leaves the item out as "not scored".
    """
    rows: Rows = {}
    left_out: dict[str, list[str]] = {}
    for name in loaded.tasks:
        docs = loaded.docs(name)
        domain = loaded.meta(name).domain
        rows[name] = []
        for number in range(len(docs) if limit is None or name in whole else min(limit, len(docs))):
            if keep is None or not isinstance(docs[number], Mapping) or keep(domain, docs[number]):
                rows[name].append(number)
            else:
                left_out.setdefault(name, []).append(loaded.ids(name)[number])
    return Chosen(rows, left_out)


def evaluate(
    lm: LM, loaded: LoadedTasks, rows: Rows | None = None, *, chat_template: bool = False
) -> dict[str, list[Sample]]:
    """Evaluate ``loaded`` on ``lm``; tasks without rows are left out.

    With ``chat_template`` the tokenizer's template is applied, except to tasks whose metadata says
    ``chat_template: false`` (texts that are continued as they stand).

    Returns:
        The samples of each task, in the order of its items, without evidence.

    Raises:
        ModelError: a log-likelihood is NaN or +Inf.
    """
    return {name: one.samples for name, one in judged(lm, loaded, rows, chat_template=chat_template).items()}


def judged(lm: LM, loaded: LoadedTasks, rows: Rows | None = None, *, chat_template: bool = False) -> dict[str, Judged]:
    """As :func:`evaluate`, with what there is to say of each task. What the code of a task of others raises is its own fault:
    the task is not scored, and all others go on.
    """
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    results: dict[str, Judged] = {}
    for batch in batches(loaded, rows, chat_template=chat_template):
        results.update(_evaluate(lm, loaded, batch))
    return {name: results[name] for name in loaded.tasks if name in results}


@dataclass(frozen=True)
class Batch:
    """Tasks that are evaluated together: all with the chat template or all without. ``rows``: ``None`` for all items."""

    names: list[str]
    rows: Rows | None
    chat_template: bool


def batches(loaded: LoadedTasks, rows: Rows | None, *, chat_template: bool) -> list[Batch]:
    """How the tasks that have rows are evaluated: those of others each for itself."""
    wanted = [name for name in loaded.tasks if rows is None or rows.get(name)]
    groups: dict[tuple[bool, str], list[str]] = {}
    for name in wanted:
        templated = loaded.meta(name).chat_template
        groups.setdefault((not templated, name if name in loaded.others else ""), []).append(name)
    found = []
    for (plain, _), names in sorted(groups.items(), key=lambda group: group[0][0]):
        whole = rows is None or all(len(rows[name]) == len(loaded.docs(name)) for name in names)
        some = None if whole or rows is None else {name: rows[name] for name in names}
        found.append(Batch(names, some, chat_template and not plain))
    return found


def _evaluate(lm: LM, loaded: LoadedTasks, batch: Batch) -> dict[str, Judged]:
    name = batch.names[0]
    task = loaded.tasks[name]
    if not isinstance(task, GuardedTask):
        return _judged(lm, loaded, batch)
    try:
        with redirect_stdout(sys.stderr):  # its hooks may print
            found = _judged(lm, loaded, batch)
    except InputError as err:  # a request that the model cannot be asked
        return {name: failed(name, str(err))}
    except FAULTS as err:
        if not task.answered:
            raise
        return {name: failed(name, told(err))}
    return {name: failed(name, task.fault, found[name].samples)} if task.fault else found


def _judged(lm: LM, loaded: LoadedTasks, batch: Batch) -> dict[str, Judged]:
    results = lm_eval_evaluate(
        lm=lm,
        task_dict={"tasks": {name: loaded.tasks[name] for name in batch.names}},
        samples=batch.rows,
        bootstrap_iters=0,
        apply_chat_template=batch.chat_template,
        fewshot_as_multiturn=batch.chat_template,  # as the stock command line has it
    )
    if results is None:  # another rank than 0 of a distributed launch
        return {}
    return {
        name: judge(
            name,
            loaded.tasks[name],
            results["samples"][name],
            results["results"][name] if name in loaded.others else {},
            loaded.meta(name),
            loaded.ids(name),
        )
        for name in batch.names
    }
