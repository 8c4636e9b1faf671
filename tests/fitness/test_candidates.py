"""Candidates do not get in each other's way: threads, paths beside a resident model, equal weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch

from jeval import Fitness
from jeval.errors import InputError

TASKS = ["jeval_search_keigo_pairs", "jeval_search_finreg_statement"]
State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def alone(live: tuple[Any, Any], states: list[State]) -> list[Any]:
    """Each candidate's result, one after the other, nothing kept."""
    fitness = Fitness(tasks=TASKS, limit=16, resident=live[0], tokenizer=live[1], results=False)
    found = [fitness(state) for state in states]
    assert len({str(one.per_item) for one in found}) == len(states)  # they can be told apart
    return found


def test_two_threads_get_what_one_gets(live: tuple[Any, Any], states: list[State], alone: list[Any]) -> None:
    fitness = Fitness(tasks=TASKS, limit=16, resident=live[0], tokenizer=live[1], results=False)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(fitness, [*states, *reversed(states)]))
    assert found == [*alone, *reversed(alone)]


def test_two_objects_over_one_model_take_turns_too(
    live: tuple[Any, Any], states: list[State], alone: list[Any]
) -> None:
    both = [Fitness(tasks=TASKS, limit=16, resident=live[0], tokenizer=live[1], results=False) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda n: both[n % 2](states[n]), range(4)))
    assert found == alone


def test_a_study_with_two_jobs_tells_the_scores_of_its_own_trials(
    live: tuple[Any, Any], states: list[State], alone: list[Any]
) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    fitness = Fitness(tasks=TASKS, limit=16, resident=live[0], tokenizer=live[1])
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: float(fitness(states[trial.suggest_int("n", 0, 3)])), n_trials=8, n_jobs=2)
    assert len(study.trials) == 8
    assert all(trial.value == alone[trial.params["n"]].score for trial in study.trials)


def test_a_path_or_another_model_leaves_the_resident_model_in_place(
    live: tuple[Any, Any], states: list[State], alone: list[Any], tiny_model: Path
) -> None:
    from transformers import AutoModelForCausalLM

    fitness = Fitness(tasks=TASKS, limit=16, resident=live[0], tokenizer=live[1], results=False, device="cpu")
    by_path = fitness(tiny_model)
    other = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert fitness(other, live[1]) == by_path
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    assert fitness(states[0]) == alone[0]
    assert all(torch.equal(tensor, before[name]) for name, tensor in other.state_dict().items())
    assert not torch.equal(live[0].state_dict()["model.norm.weight"], before["model.norm.weight"])


def test_without_a_resident_model_a_path_makes_none(tiny_model: Path, states: list[State]) -> None:
    fitness = Fitness(tasks=TASKS, limit=2, device="cpu")
    assert fitness(tiny_model).error is None
    with pytest.raises(InputError, match="resident="):
        fitness(states[0])


def test_equal_weights_are_computed_once_and_in_whatever_order(
    live: tuple[Any, Any], states: list[State], alone: list[Any]
) -> None:
    fitness = Fitness(tasks=TASKS, limit=16, resident=live[0], tokenizer=live[1])
    found = [fitness(states[n]) for n in (2, 0, 2, 0)]
    assert [one.recalled for one in found] == [0, 0, 32, 32]
    assert found == [alone[2], alone[0], alone[2], alone[0]]


def test_efficiency_is_measured_where_it_is_asked_for(live: tuple[Any, Any], states: list[State]) -> None:
    fitness = Fitness(tasks=TASKS, limit=4, resident=live[0], tokenizer=live[1], efficiency=True)
    first, again = fitness(states[0]), fitness(states[0])
    assert first.efficiency["bytes"] == 4 * sum(one.numel() for one in live[0].parameters())
    assert (first.efficiency["tokens_per_second"] or 0) > 0
    assert again.efficiency["tokens_per_second"] is None  # nothing was computed
    assert Fitness(tasks=TASKS, limit=4)(live[0], live[1]).efficiency == {}
