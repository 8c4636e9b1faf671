"""A model and tasks in, scored items out, through ``lm_eval.evaluator.evaluate``."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jeval.errors import ModelError

if TYPE_CHECKING:
    from lm_eval.api.model import LM

    from jeval.taskpack import LoadedTasks


@dataclass
class ItemResult:
    """One scored item. ``score`` is ``None`` when the item was not scored; ``outputs`` are texts or ``[ll, greedy]``."""

    id: str
    cluster: str
    doc: dict[str, Any]
    prompts: list[Any]
    outputs: list[Any]
    loglikelihoods: list[float] | None
    score: float | None
    metrics: dict[str, float] = field(default_factory=dict)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def choose_items(
    loaded: LoadedTasks,
    *,
    limit: int | None,
    whole: Sequence[str] = (),
    keep: Callable[[str, dict[str, Any]], bool] | None = None,
) -> tuple[dict[str, list[int]], dict[str, list[str]]]:
    """Which items of each task are evaluated.

    Args:
        limit: at most this many items of each task, except the tasks named in ``whole``.
        keep: called with task name and item; ``False`` leaves the item out as "not scored".

    Returns:
        Row numbers per task, and the ids left out per task.
    """
    rows: dict[str, list[int]] = {}
    left_out: dict[str, list[str]] = {}
    for name in loaded.tasks:
        docs = loaded.docs(name)
        chosen: list[int] = []
        for number in range(len(docs) if limit is None or name in whole else min(limit, len(docs))):
            if keep is None or keep(name, docs[number]):
                chosen.append(number)
            else:
                left_out.setdefault(name, []).append(str(docs[number]["id"]))
        rows[name] = chosen
    return rows, left_out


def evaluate(
    lm: LM, loaded: LoadedTasks, rows: dict[str, list[int]] | None = None, *, chat_template: bool = False
) -> dict[str, list[ItemResult]]:
    """Evaluate ``loaded`` on ``lm``; tasks without rows are left out.

    With ``chat_template`` the tokenizer's template is applied, except to tasks whose metadata says
    ``chat_template: false`` (texts that are continued as they stand).

    Raises:
        ModelError: a log-likelihood is NaN or +Inf.
    """
    from lm_eval.evaluator import evaluate as lm_eval_evaluate

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    wanted = {name: task for name, task in loaded.tasks.items() if rows is None or rows.get(name)}
    if not wanted:
        return {}
    results: dict[str, list[ItemResult]] = {}
    for templated in (True, False):
        names = [name for name in wanted if loaded.metadata(name).get("chat_template", True) is templated]
        if names:
            part = {name: wanted[name] for name in names}
            results.update(_evaluate(lm_eval_evaluate, lm, loaded, part, rows, chat_template and templated))
    return {name: results[name] for name in wanted if name in results}


def _evaluate(
    run: Callable[..., Any],
    lm: LM,
    loaded: LoadedTasks,
    tasks: dict[str, Any],
    rows: dict[str, list[int]] | None,
    chat_template: bool,
) -> dict[str, list[ItemResult]]:
    whole = rows is None or all(len(rows[name]) == len(loaded.docs(name)) for name in tasks)
    results = run(
        lm=lm,
        task_dict={"tasks": tasks},
        samples=None if whole else {name: (rows or {})[name] for name in tasks},
        bootstrap_iters=0,
        apply_chat_template=chat_template,
    )
    if results is None:  # another rank than 0 of a distributed launch
        return {}
    return {name: [_item(sample) for sample in _in_order(results["samples"][name])] for name in tasks}


def _in_order(samples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(samples, key=lambda sample: sample["doc_id"])


def _item(sample: dict[str, Any]) -> ItemResult:
    doc = sample["doc"]
    responses = sample["filtered_resps"]
    likelihoods: list[float] | None = None
    if responses and isinstance(responses[0], (tuple, list)):
        likelihoods = [float(response[0]) for response in responses]
    elif responses and isinstance(responses[0], float):
        likelihoods = [float(response) for response in responses]
    if likelihoods is not None and any(math.isnan(value) or value == math.inf for value in likelihoods):
        raise ModelError(f"the model cannot be scored: log-likelihood of item {doc.get('id')} is {likelihoods}")
    metrics = {name: float(sample[name]) for name in sample["metrics"]}
    score = metrics.pop("score", None)
    if score is not None and not 0.0 <= score <= 1.0:
        raise ValueError(f"item {doc.get('id')}: score {score} is outside [0, 1]; the task's process_results is wrong")
    return ItemResult(
        id=str(doc.get("id", sample["doc_id"])),
        cluster=str(doc.get("cluster") or doc.get("id", sample["doc_id"])),
        doc=doc,
        prompts=[list(arguments)[:2] for arguments in sample["arguments"]],
        outputs=[list(r) if isinstance(r, tuple) else r for r in responses],
        loglikelihoods=likelihoods,
        score=score,
        metrics=metrics,
    )
