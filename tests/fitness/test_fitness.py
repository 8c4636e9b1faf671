"""Fitness: search items only, any kind of candidate in, broken candidates last."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from jeval import Fitness
from jeval.errors import InputError
from jeval.fitness import BROKEN

TASKS = ["jeval_search_keigo_pairs", "jeval_search_finreg_statement"]


@pytest.fixture(scope="module")
def fitness(live: tuple[Any, Any]) -> Fitness:
    return Fitness(tasks=TASKS, limit=12, resident=live[0], tokenizer=live[1])


def test_the_audit_suite_is_refused_in_plain_words() -> None:
    with pytest.raises(InputError, match="audit"):
        Fitness(suite="audit")


def test_audit_tasks_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="jeval_keigo_pairs"):
        Fitness(tasks=["jeval_keigo_pairs"])
    with pytest.raises(InputError, match="audit"):
        Fitness(tasks=["jeval_search_keigo_pairs", "jeval_finreg"])


def test_path_live_model_and_state_dict_get_the_same_result(
    fitness: Fitness, live: tuple[Any, Any], tiny_model: Path
) -> None:
    as_state = fitness(live[0].state_dict())
    as_live = Fitness(tasks=TASKS, limit=12)(live[0], live[1])
    as_path = Fitness(tasks=TASKS, limit=12, dtype="float32", device="cpu")(tiny_model)
    assert as_state.per_item == as_live.per_item == as_path.per_item
    assert float(as_state) == as_live.score == as_path.score
    assert set(as_state.objectives) == {"keigo", "finreg"}
    assert as_state.n_items == 24
    assert as_state.stderr is not None and as_state.stderr > 0
    assert not as_state.stopped_early


def test_the_score_is_the_weighted_mean_of_the_objectives(live: tuple[Any, Any]) -> None:
    weighted = Fitness(tasks=TASKS, limit=12, weights={"keigo": 3, "finreg": 1}, resident=live[0], tokenizer=live[1])
    result = weighted(live[0].state_dict())
    expected = (3 * result.objectives["keigo"] + result.objectives["finreg"]) / 4
    assert result.score == pytest.approx(expected)


def test_constraints_are_feasible_at_zero_or_below(live: tuple[Any, Any]) -> None:
    limits = {"keigo": 0.0, "jeval_search_finreg_statement": 1.5}
    result = Fitness(tasks=TASKS, limit=12, constraints=limits, resident=live[0], tokenizer=live[1])(
        live[0].state_dict()
    )
    assert result.constraints["keigo"] == pytest.approx(-result.objectives["keigo"])
    assert result.constraints["jeval_search_finreg_statement"] > 0
    assert not result.feasible


def damaged(live: tuple[Any, Any], kind: str) -> dict[str, torch.Tensor]:
    state = {name: tensor.clone() for name, tensor in live[0].state_dict().items()}
    name = "model.layers.0.mlp.up_proj.weight"
    if kind == "nan":
        state[name][0, 0] = float("nan")
    elif kind == "shape":
        state[name] = state[name][:-1]
    elif kind == "missing":
        del state[name]
    else:
        state["no.such.tensor"] = torch.zeros(1)
    return state


@pytest.mark.parametrize("kind", ["nan", "shape", "missing", "unknown"])
def test_a_broken_candidate_sorts_last_and_does_not_raise(fitness: Fitness, live: tuple[Any, Any], kind: str) -> None:
    whole = {name: tensor.clone() for name, tensor in live[0].state_dict().items()}
    good = fitness(whole)
    result = fitness(damaged(live, kind))
    assert result.error
    assert float(result) == BROKEN < 0 <= good.score
    assert sorted([good, result], key=float)[0] is result
    assert fitness(whole).per_item == good.per_item  # and it leaves no trace in the next candidate


def test_a_missing_path_is_a_broken_candidate(fitness: Fitness) -> None:
    result = Fitness(tasks=TASKS, limit=4)("/no/such/model")
    assert "no such model path" in (result.error or "")
    assert result.score == BROKEN


def test_a_wrong_call_is_told_apart_from_a_broken_candidate(live: tuple[Any, Any]) -> None:
    with pytest.raises(InputError, match="resident"):
        Fitness(tasks=TASKS, limit=4)(live[0].state_dict())
    with pytest.raises(InputError, match="tokenizer"):
        Fitness(tasks=TASKS, limit=4)(live[0])


def test_unknown_weights_and_constraints_are_refused() -> None:
    with pytest.raises(InputError, match="speed"):
        Fitness(tasks=TASKS, weights={"speed": 1.0})
    with pytest.raises(InputError, match="speed"):
        Fitness(tasks=TASKS, constraints={"speed": 1.0})


def test_fresh_pairs_are_other_items_of_the_search_words() -> None:
    from jeval.fitness.items import SearchItems
    from jeval.keigo.generate import FRESH

    pairs = "jeval_search_keigo_pairs"
    plain, one, same, other = (SearchItems.load([pairs], None, fresh) for fresh in (None, 5, 5, 6))
    assert one.ids(pairs) == same.ids(pairs) and list(one.loaded.docs(pairs)) == list(same.loaded.docs(pairs))
    assert len(one.ids(pairs)) == FRESH
    assert not {*one.ids(pairs)} & {*plain.ids(pairs), *other.ids(pairs)}
    texts = [{doc["right"] for doc in items.loaded.docs(pairs)} for items in (plain, one, other)]
    assert len(texts[1] - texts[0]) > 200 and len(texts[2] - texts[1]) > 60  # the frames hold no more
    assert {doc["suite"] for doc in one.loaded.docs(pairs)} == {"search"}


def test_results_travel_to_other_processes(fitness: Fitness, live: tuple[Any, Any]) -> None:
    result = fitness(live[0].state_dict())
    assert pickle.loads(pickle.dumps(result)) == result


def test_objectives_adjusted_for_chance(live: tuple[Any, Any]) -> None:
    plain = Fitness(tasks=TASKS, limit=12, resident=live[0], tokenizer=live[1])(live[0])
    found = Fitness(tasks=TASKS, limit=12, resident=live[0], tokenizer=live[1], chance_adjusted=True)(live[0])
    for name, score in plain.objectives.items():  # guessing earns one half in both
        assert found.objectives[name] == pytest.approx(2 * score - 1)
    assert found.score == pytest.approx(2 * plain.score - 1)
    assert found.stderr == pytest.approx(2 * (plain.stderr or 0))
    with pytest.raises(InputError, match="objective leak"):
        Fitness(tasks=["jeval_search_leak_context"], limit=2, chance_adjusted=True)


def test_the_snippet_of_the_page_runs(live: tuple[Any, Any], tiny_model: Path, tmp_path: Path) -> None:
    """As it stands, with other models and fewer items."""
    page = (Path(__file__).parents[2] / "docs" / "fitness.md").read_text(encoding="utf-8")
    code = page.split("```python\n", 1)[1].split("```", 1)[0]
    assert "n_trials=200" in code and 'results="search.sqlite"' in code
    code = code.replace("n_trials=200", "n_trials=3").replace(
        'results="search.sqlite"', f'results="{tmp_path / "search.sqlite"}", limit=2, device="cpu"'
    )
    for name in ("base", "keigo", "finance"):
        (tmp_path / name).symlink_to(tiny_model)
    code = code.replace("/models/", f"{tmp_path}/")
    ran: dict[str, Any] = {}
    exec(compile(code, "docs/fitness.md", "exec"), ran)
    assert len(ran["study"].trials) == 3
    assert all(len(trial.constraints) == 2 for trial in ran["study"].trials)
