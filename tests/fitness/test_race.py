"""Racing: a candidate that cannot win is stopped, one that can is not, and how often that goes wrong is bounded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from jeval import Fitness
from jeval.errors import InputError
from jeval.fitness.race import LEAST, Evidence, draw, pulls

TASKS = ["jeval_search_keigo_pairs", "jeval_search_finreg_statement"]
Table = dict[str, dict[str, float | None]]
SHARES = {"cheap": 0.5, "dear": 0.5}
PULL = {"cheap": 1.0, "dear": 0.5}


def scores(rng: np.random.Generator, cheap: float, dear: float) -> Table:
    """400 items of two tasks, right with these probabilities."""
    return {
        task: {f"{task}{n}": float(rng.random() < p) for n in range(size)}
        for task, size, p in (("cheap", 300, cheap), ("dear", 100, dear))
    }


def total(table: Table) -> float:
    return sum(SHARES[task] * float(np.mean(list(items.values()))) for task, items in table.items())


def stopped_after(candidate: Table, incumbent: Table, seed: int, alpha: float = 0.05, gain: float = 0.0) -> int:
    """Items asked; all 400 where the candidate was not stopped."""
    drawn = draw(incumbent, SHARES, PULL, [seed])
    evidence = Evidence(drawn, gain)
    for look in drawn.looks():
        evidence.add([candidate[task][name] for task, name in drawn.keys[look]])
        if evidence.lost or evidence.most >= 1 / alpha:
            return look.stop
    return len(drawn.keys)


def test_a_draw_holds_every_item_once_and_is_the_same_for_a_seed() -> None:
    incumbent = scores(np.random.default_rng(0), 0.6, 0.5)
    one, same, other = (draw(incumbent, SHARES, PULL, [seed]) for seed in (1, 1, 2))
    assert one.keys == same.keys != other.keys
    assert sorted(one.keys) == sorted((task, name) for task, items in incumbent.items() for name in items)
    assert float(one.a.sum()) == pytest.approx(1.0)
    assert one.looks()[-1].stop == 400 and [a.stop for a in one.looks()[:-1]] == [b.start for b in one.looks()[1:]]


def test_a_candidate_exactly_as_good_is_stopped_no_oftener_than_stated() -> None:
    """The worst case of the hypothesis: the same total, other items right. 400 draws at alpha = 0.2."""
    rng = np.random.default_rng(3)
    incumbent = scores(rng, 0.6, 0.5)
    candidate = {
        task: dict(zip(items, rng.permutation(list(items.values())).tolist(), strict=True))  # type: ignore[arg-type]
        for task, items in incumbent.items()
    }
    assert total(candidate) == pytest.approx(total(incumbent))
    wrong = sum(stopped_after(candidate, incumbent, seed, alpha=0.2) < 400 for seed in range(400)) / 400
    assert wrong <= 0.2 + 2 * math.sqrt(0.2 * 0.8 / 400)


def test_a_better_candidate_is_nearly_never_stopped_and_a_bad_one_soon() -> None:
    rng = np.random.default_rng(5)
    incumbent, better, bad = scores(rng, 0.6, 0.5), scores(rng, 0.68, 0.5), scores(rng, 0.4, 0.2)
    assert total(better) > total(incumbent)
    assert sum(stopped_after(better, incumbent, seed) < 400 for seed in range(100)) <= 5
    assert np.mean([stopped_after(bad, incumbent, seed) for seed in range(20)]) < 200


def test_a_gain_that_is_not_worth_finding_is_given_up_and_one_that_is_is_not() -> None:
    """With ``gain`` the worst case is a candidate better by exactly that."""
    rng = np.random.default_rng(7)
    incumbent = scores(rng, 0.6, 0.5)
    candidate = {
        task: dict(zip(items, rng.permutation(list(items.values())).tolist(), strict=True))  # type: ignore[arg-type]
        for task, items in incumbent.items()
    }
    wrong = [name for name, score in candidate["dear"].items() if score == 0.0][:10]
    candidate["dear"].update(dict.fromkeys(wrong, 1.0))
    assert total(candidate) - total(incumbent) == pytest.approx(0.05)
    lost = sum(stopped_after(candidate, incumbent, seed, alpha=0.2, gain=0.05) < 400 for seed in range(400)) / 400
    assert lost <= 0.2 + 2 * math.sqrt(0.2 * 0.8 / 400)
    assert sum(stopped_after(candidate, incumbent, seed, gain=0.3) < 400 for seed in range(20)) == 20


def test_the_evidence_is_a_supermartingale_where_it_is_decided_by_hand() -> None:
    """Two items, both orders: the mean e-value of a candidate exactly as good is at most 1."""
    incumbent: Table = {"cheap": {"a": 1.0}, "dear": {"b": 0.0}}
    candidate: Table = {"cheap": {"a": 0.0}, "dear": {"b": 1.0}}
    mean = 0.0
    for seed in range(4000):
        drawn = draw(incumbent, SHARES, PULL, [seed])
        evidence = Evidence(drawn)
        evidence.add([candidate[task][name] for task, name in drawn.keys[:1]])
        mean += evidence.wealth / 4000
    assert mean == pytest.approx(1.0, abs=0.05)


def test_an_item_that_was_not_scored_never_counts_against_a_candidate() -> None:
    incumbent = scores(np.random.default_rng(0), 1.0, 1.0)
    silent: Table = {task: dict.fromkeys(items, None) for task, items in incumbent.items()}
    assert stopped_after(silent, incumbent, 0) == 400


def test_a_candidate_that_cannot_make_good_what_it_lost_is_stopped_for_certain() -> None:
    incumbent = scores(np.random.default_rng(0), 1.0, 1.0)
    drawn = draw(incumbent, SHARES, PULL, [0])
    evidence = Evidence(drawn)
    evidence.add([0.0])  # of a perfect incumbent nothing can be made good
    assert evidence.lost


def test_items_are_drawn_by_what_their_task_tells_and_costs() -> None:
    seen: list[Table] = [
        {"cheap": {"a": float(n % 2)}, "dear": {"b": float(n % 2)}, "dumb": {"c": 0.0}} for n in range(4)
    ]
    pull = pulls(seen, ["cheap", "dear", "dumb"], lambda task: task == "dear")
    assert pull == {"cheap": 1.0, "dear": 0.5, "dumb": LEAST}
    assert pulls(seen[:2], ["cheap", "dumb"], lambda task: False) == {"cheap": 1.0, "dumb": 1.0}


def test_a_raced_candidate_says_so_and_costs_less(live: tuple[Any, Any], states: list[dict[str, torch.Tensor]]) -> None:
    fitness = Fitness(tasks=TASKS, resident=live[0], tokenizer=live[1], race=0.05)
    full = fitness(states[0])
    assert full.race is None and fitness.incumbent == full
    # An incumbent that is right on every item: anything else can be told from it at once.
    assert fitness.incumbent is not None
    perfect = {task: dict.fromkeys(items, 1.0) for task, items in full.per_item.items()}
    fitness.incumbent = type(full)(1.0, {"keigo": 1.0, "finreg": 1.0}, {}, 0.0, perfect, full.n_items, 0.0)  # type: ignore[arg-type]
    found = fitness(states[1])
    assert found.stopped_early and found.error is None and found.race is not None and found.difference is not None
    assert found.n_items == found.race.asked < full.n_items == found.race.items
    assert found.score < 1.0 and found.stderr is None and found.difference.high < 0
    assert found.race.alpha == 0.05
    assert fitness.incumbent.score == 1.0  # one that was stopped is no incumbent


def test_a_raced_winner_has_the_result_of_a_full_evaluation(
    live: tuple[Any, Any], states: list[dict[str, torch.Tensor]]
) -> None:
    plain = Fitness(tasks=TASKS, limit=70, resident=live[0], tokenizer=live[1], results=False)
    alone = [plain(state) for state in states]
    worst, best = min(alone, key=float), max(alone, key=float)
    raced = Fitness(tasks=TASKS, limit=70, resident=live[0], tokenizer=live[1], race=0.05)
    raced(states[alone.index(worst)])
    won = raced(states[alone.index(best)])
    assert not won.stopped_early and won.per_item == best.per_item and won.score == best.score
    assert won.race is not None and won.race.looks > 1
    assert won.difference is not None
    assert won.difference.score == pytest.approx(best.score - worst.score)
    assert won.difference.low < won.difference.score < won.difference.high
    assert raced.incumbent == won


def test_a_share_of_errors_that_is_none_is_refused() -> None:
    for alpha in (0.0, 1.0, -1.0):
        with pytest.raises(InputError, match="between 0 and 1"):
            Fitness(tasks=TASKS, limit=2, race=alpha)
    with pytest.raises(InputError, match="together with race="):
        Fitness(tasks=TASKS, limit=2, gain=0.01)
