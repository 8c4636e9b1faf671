"""Candidates measured in processes of their own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from jeval import Fitness
from jeval.errors import InputError

TASKS = ["jeval_search_keigo_pairs", "jeval_search_finreg_statement"]


def test_workers_say_what_one_process_says_and_one_that_dies_costs_no_candidate(parents: dict[str, Path]) -> None:
    models = list(parents.values())
    plain = Fitness(tasks=TASKS, limit=6, device="cpu").map(models)
    fitness = Fitness(tasks=TASKS, limit=6, device="cpu", workers=2)
    try:
        assert fitness.map(models) == plain
        for process in fitness._workers._pool._processes:  # type: ignore[union-attr]
            os.kill(process, signal.SIGKILL)
        assert fitness(models[1]) == plain[1]
    finally:
        fitness.close()


def test_a_live_model_cannot_be_shared_by_workers(live: tuple[object, object]) -> None:
    with pytest.raises(InputError, match="as a path"):
        Fitness(tasks=TASKS, limit=2, resident=live[0], tokenizer=live[1], workers=2)
    with pytest.raises(InputError, match="is a path, a state dict or a mergekit configuration"):
        Fitness(tasks=TASKS, limit=2, workers=2)(live[0], live[1])
    with pytest.raises(InputError, match="workers=0"):
        Fitness(tasks=TASKS, limit=2, workers=0)
