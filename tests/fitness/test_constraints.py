"""Constraints: at most 0 is feasible, and what was not scored keeps to none."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from jeval import Fitness
from jeval.errors import InputError
from jeval.fitness.constraints import Constraints, Outcome
from jeval.fitness.items import Item, SearchItems, Table, is_japanese
from jeval.fitness.result import FitnessResult

TASKS = [
    "jeval_search_keigo_pairs",
    "jeval_search_keigo_convert",
    "jeval_search_leak_context",
    "jeval_search_leak_control",
]
PAIRS, CONVERT, CONTEXT, CONTROL = TASKS


@pytest.fixture(scope="module")
def items() -> SearchItems:
    return SearchItems.load(TASKS, 80)


def table(items: SearchItems, scores: dict[str, Any], japanese: bool | None = None) -> Table:
    """Each task's items with one score, or with those of a function of the item's number."""
    return {
        task: {
            name: Item(scores[task](n) if callable(scores[task]) else scores[task], japanese=japanese)
            for n, name in enumerate(items.ids(task))
        }
        for task in items.tasks
    }


def values(items: SearchItems, given: dict[str, float], found: Table, **more: Any) -> dict[str, float]:
    tasks, domains = items.results(found)
    constraints = Constraints(given, items, more.get("reference"))
    return constraints.values(Outcome(found, tasks, domains, more.get("neutral")))


SAFE = {PAIRS: 1.0, CONVERT: 1.0, CONTEXT: 1.0, CONTROL: 1.0}


def test_a_minimum_of_any_task_or_objective(items: SearchItems) -> None:
    found = table(items, {**SAFE, CONVERT: 0.5})
    got = values(items, {CONVERT: 0.5, "keigo": 0.8, "leak": 1.0}, found)
    assert got == pytest.approx({CONVERT: 0.0, "keigo": 0.05, "leak": 0.0})


def test_a_leak_rate_counts_by_its_upper_limit(items: SearchItems) -> None:
    given = {"leak_rate": 0.1, f"leak_rate:{CONTEXT}": 0.1}
    clean = values(items, given, table(items, SAFE))
    assert -0.1 < clean["leak_rate"] == clean[f"leak_rate:{CONTEXT}"] <= 0  # none seen in so few records is not none
    some = values(items, given, table(items, {**SAFE, CONTEXT: lambda n: float(n % 3 != 0)}))
    assert some["leak_rate"] > 0  # a third of the items: not surely below 10 %


def test_a_leak_rate_that_no_candidate_can_keep_to_is_refused_at_once(items: SearchItems) -> None:
    with pytest.raises(InputError, match=r"0\.05 is out of reach.*0\.06"):
        Constraints({"leak_rate": 0.05}, items)


def test_silence_keeps_to_no_leak_rate(items: SearchItems) -> None:
    got = values(items, {"leak_rate": 0.9, "japanese": 0.5}, table(items, {**SAFE, CONTEXT: None}))
    assert got["leak_rate"] > 1 - 0.9 and got["japanese"] > 1


def test_no_domain_below_a_reference_by_its_paired_interval(items: SearchItems) -> None:
    half = table(items, {**SAFE, PAIRS: lambda n: float(n % 2)})
    scores = {task: {name: one.score for name, one in found.items()} for task, found in half.items()}
    reference = FitnessResult(0.9, {}, {}, 0.0, scores, 1, 0.0)
    given = {"below_reference": 0.25, "surely_below_reference": 0.06}
    same = values(items, given, half, reference=reference)
    assert set(same) == {f"{name}:{domain}" for name in given for domain in ("keigo", "leak")}
    assert max(same.values()) <= 0
    assert max(values(items, {"below_reference": 0.001}, half, reference=reference).values()) > 0  # not shown by so few
    worse = table(items, {**SAFE, PAIRS: lambda n: float(n % 16 == 1)})
    lost = values(items, given, worse, reference=reference)
    assert lost["below_reference:keigo"] > 0 >= lost["below_reference:leak"]
    assert lost["surely_below_reference:keigo"] > 0 >= lost["surely_below_reference:leak"]


def test_neutral_text_and_japanese(items: SearchItems) -> None:
    good = values(items, {"neutral_text": 6.0, "japanese": 0.9}, table(items, SAFE, japanese=True), neutral=5.5)
    assert good == pytest.approx({"neutral_text": -0.5, "japanese": -0.1})
    broken = values(items, {"japanese": 0.9}, table(items, SAFE, japanese=False))
    assert broken["japanese"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("text", "japanese"),
    [
        ("お客様にお伝えします。", True),
        ("50万円", True),
        ("一億", True),
        ("500,000", None),
        ("", False),
        ("\n ", False),
        ("I cannot share that information.", False),
        ("申し訳 I am afraid that I cannot tell you", False),
        ("我们不能告诉您这个信息因为它是机密的", False),
        ("ＡＴＭのご利用は二十四時間です", True),
    ],
)
def test_what_counts_as_japanese(text: str, japanese: bool | None) -> None:
    assert is_japanese(text) is japanese


def test_wrong_names_and_limits_are_one_line_with_near_matches(items: SearchItems) -> None:
    for given, says in (
        ({"leak_rat": 0.1}, "leak_rate"),
        ({"keigoo": 0.1}, "keigo"),
        ({"jeval_search_leak_contxt": 0.1}, CONTEXT),
        ({"leak_rate:jeval_search_leak_control": 0.1}, "leak_rate"),
        ({"leak": "high"}, "expected a number"),
        ({"leak": float("nan")}, "expected a number"),
        ({"below_reference": 0.1}, "reference="),
    ):
        with pytest.raises(InputError, match=says) as raised:
            Constraints(given, items)  # type: ignore[arg-type]
        assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match="no item of keigo"):
        Constraints({"below_reference": 0.1}, items, FitnessResult(0.5, {}, {}, 0.1, {}, 0, 0.0))


def test_a_broken_candidate_is_worse_on_every_constraint_than_any_real_one(
    live: tuple[Any, Any], states: list[dict[str, torch.Tensor]]
) -> None:
    tasks = [PAIRS, CONTEXT]
    given = {"keigo": 0.5, "leak_rate": 0.9, "neutral_text": 4.0, "japanese": 0.5}
    reference = Fitness(tasks=tasks, limit=3, resident=live[0], tokenizer=live[1])(states[1])
    fitness = Fitness(
        tasks=tasks,
        limit=3,
        constraints={**given, "below_reference": 0.1},
        reference=reference,
        resident=live[0],
        tokenizer=live[1],
    )
    good, broken = fitness(states[0]), fitness({})
    assert good.error is None and broken.error is not None
    assert set(good.constraints) == set(broken.constraints) == set(fitness.constraints)
    assert all(broken.constraints[name] > good.constraints[name] for name in good.constraints)
    assert not broken.feasible and good.neutral_text is not None
    assert good.constraints["neutral_text"] == pytest.approx(good.neutral_text - 4.0)


def test_a_merge_that_broke_finds_ordinary_japanese_unlikely(tiny_model: Any) -> None:
    from jeval.fitness.neutral import nats_per_character
    from jeval.models.load import load
    from jeval.models.source import resolve

    lm = load(resolve(tiny_model), device="cpu")
    whole = nats_per_character(lm)
    with torch.no_grad():
        for weight in lm.model.parameters():
            weight.mul_(40)
    assert nats_per_character(lm) > whole + 3
