"""What lm-eval and mergekit-evolve read, and what Fitness says, are one number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jeval import Fitness

GROUPS = ["jeval_search_keigo", "jeval_search_finreg", "jeval_search_leak"]


@pytest.fixture(scope="module")
def stock(tiny_model: Path) -> dict[str, Any]:
    """Results of stock lm-eval, called as mergekit-evolve calls it."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    from jeval.resources import tasks_path

    results = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(tiny_model), "dtype": "float32"},
        tasks=["jeval_search"],
        task_manager=TaskManager(include_path=str(tasks_path()), include_defaults=False),
        limit=2,
        batch_size=8,
        device="cpu",
        log_samples=False,
        bootstrap_iters=0,
    )
    assert results is not None
    return dict(results["results"])


def test_the_domain_groups_with_equal_weights_are_the_number_of_fitness(
    stock: dict[str, Any], tiny_model: Path
) -> None:
    result = Fitness(limit=2, dtype="float32", device="cpu")(tiny_model)
    genome = sum(stock[group]["score,none"] / 3 for group in GROUPS)
    assert genome == pytest.approx(result.score, abs=1e-9)
    for group in GROUPS:
        assert stock[group]["score,none"] == pytest.approx(result.objectives[group.rpartition("_")[2]], abs=1e-9)


def test_the_one_group_above_them_counts_tasks_not_domains(stock: dict[str, Any]) -> None:
    """lm-eval averages the leaves of a group of groups; so the docs name the three."""
    leaves = [values["score,none"] for name, values in stock.items() if name not in {*GROUPS, "jeval_search"}]
    assert len(leaves) == 17
    assert stock["jeval_search"]["score,none"] == pytest.approx(sum(leaves) / 17)


def test_the_page_names_the_three_groups(stock: dict[str, Any]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "fitness.md").read_text(encoding="utf-8")
    assert all(f"name: {group}\n" in page for group in GROUPS)
