"""A model and tasks in, scored items out, through ``lm_eval.evaluator.evaluate``."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from lm_eval.api.model import LM
from lm_eval.evaluator import evaluate as lm_eval_evaluate

from jeval.errors import ModelError
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
            if keep is None or keep(domain, docs[number]):
                rows[name].append(number)
            else:
                left_out.setdefault(name, []).append(str(docs[number]["id"]))
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
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    results: dict[str, list[Sample]] = {}
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
    """How the tasks that have rows are evaluated."""
    found = []
    wanted = [name for name in loaded.tasks if rows is None or rows.get(name)]
    for templated in (True, False):
        names = [name for name in wanted if loaded.meta(name).chat_template is templated]
        whole = rows is None or all(len(rows[name]) == len(loaded.docs(name)) for name in names)
        if names:
            some = None if whole or rows is None else {name: rows[name] for name in names}
            found.append(Batch(names, some, chat_template and templated))
    return found


def _evaluate(lm: LM, loaded: LoadedTasks, batch: Batch) -> dict[str, list[Sample]]:
    results = lm_eval_evaluate(
        lm=lm,
        task_dict={"tasks": {name: loaded.tasks[name] for name in batch.names}},
        samples=batch.rows,
        bootstrap_iters=0,
        apply_chat_template=batch.chat_template,
    )
    if results is None:  # another rank than 0 of a distributed launch
        return {}
    return {
        name: [_sample(one) for one in sorted(results["samples"][name], key=lambda one: one["doc_id"])]
        for name in batch.names
    }


def _sample(logged: Mapping[str, Any]) -> Sample:
    doc = logged["doc"]
    name = str(doc.get("id", logged["doc_id"]))
    responses = logged["filtered_resps"]
    likelihoods: list[float] | None = None
    if responses and isinstance(responses[0], (tuple, list)):
        likelihoods = [float(response[0]) for response in responses]
    elif responses and isinstance(responses[0], float):
        likelihoods = [float(response) for response in responses]
    if likelihoods is not None and any(math.isnan(value) or value == math.inf for value in likelihoods):
        raise ModelError(f"the model cannot be scored: log-likelihood of item {name} is {likelihoods}")
    metrics = {metric: float(logged[metric]) for metric in logged["metrics"]}
    score = metrics.pop("score", None)
    if score is not None and not 0.0 <= score <= 1.0:
        raise ValueError(f"item {name}: score {score} is outside [0, 1]; the task's process_results is wrong")
    return Sample(
        id=name,
        cluster=str(doc.get("cluster") or name),
        doc=dict(doc),
        prompt=[list(arguments)[:2] for arguments in logged["arguments"]],
        outputs=[list(response) if isinstance(response, tuple) else response for response in responses],
        loglikelihoods=likelihoods,
        score=score,
        metrics=metrics,
    )
