"""Searches from start to end: what is found, what is kept, what goes on after an interruption."""

from __future__ import annotations

import itertools
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from safetensors.torch import load_file

from jeval.errors import InputError
from jeval.fitness import Fitness, FitnessResult
from jeval.search.config import checked
from jeval.search.run import search

Given = dict[str, Any]


def outcome(out: Path, given: Given) -> list[Any]:
    """What was sampled and what it earned."""
    ending = search(checked(given), out, silent=True)
    return [{key: one[key] for key in ("score", "objectives", "constraints", "digest")} for one in ending.history]


def test_a_search_ends_with_model_recipe_audits_and_report(given: Given, tmp_path: Path) -> None:
    given["audit"] = {"tasks": ["jeval_keigo_pairs", "jeval_finreg_statement"], "limit": 8}
    ending = search(checked(given), tmp_path / "out", silent=True)
    assert ending.best is not None and ending.same
    assert ending.best.score == max(one["score"] for one in ending.history)
    assert {one.parent for one in ending.parents} == {"base", "one", "two"}
    assert [one.name for one in ending.models] == ["best", "base", "one", "two"]
    for one in ending.models:
        assert one.search and one.audit and one.gap
        assert one.gap[0] == pytest.approx(one.search.score - one.audit.score)
        assert one.gap[1] < one.gap[0] < one.gap[2]
    page = (tmp_path / "out" / "report.html").read_text()
    for word in ("合成探索の報告書", "パレート前線", "<svg", "one.weight", "audit/parent-base/report.html"):
        assert word in page
    assert "<script" not in page


def test_the_recipe_makes_the_model_that_was_found(changed: Callable[..., Given], tmp_path: Path) -> None:
    from mergekit.scripts.run_yaml import main

    given = changed("space.merge_method", "dare_ties")
    out = tmp_path / "out"
    assert search(checked(given), out, silent=True).same
    done = CliRunner().invoke(main, [str(out / "recipe.yaml"), str(tmp_path / "again"), "--random-seed", "0"])
    assert done.exit_code == 0, done.output
    found, again = (load_file(path / "model.safetensors") for path in (out / "best", tmp_path / "again"))
    assert found.keys() == again.keys()
    assert max(float((found[name] - again[name]).abs().max()) for name in found) < 1e-6
    assert yaml.safe_load((out / "best" / "mergekit_config.yml").read_text())["merge_method"] == "dare_ties"


class KilledError(Exception):
    pass


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsgaii"])
def test_killed_and_begun_again_it_tries_the_same_candidates(
    sampler: str, given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given["sampler"] = {"name": sampler, "startup": 2} | ({} if sampler == "tpe" else {"population": 3})
    given["budget"]["candidates"] = 7
    given["fitness"] |= {"race": 0.2, "limit": 40}
    whole = outcome(tmp_path / "whole", given)
    own, calls = Fitness.map, 0

    def dies(self: Fitness, models: list[Any]) -> list[FitnessResult]:
        nonlocal calls
        calls += 1
        if calls in (3, 6):
            raise KilledError
        return own(self, models)

    monkeypatch.setattr(Fitness, "map", dies)
    for _ in range(2):
        with pytest.raises(KilledError):
            search(checked(given), tmp_path / "killed", silent=True)
    assert outcome(tmp_path / "killed", given) == whole
    assert len({one["digest"] for one in whole}) > 4


def test_a_budget_can_be_raised_and_what_was_told_stays(given: Given, tmp_path: Path) -> None:
    first = outcome(tmp_path / "out", given)
    given["budget"]["candidates"] = 6
    assert outcome(tmp_path / "out", given)[:4] == first


def test_a_budget_of_seconds_ends_the_search(given: Given, tmp_path: Path) -> None:
    given["budget"] = {"candidates": 1000, "seconds": 0.01}
    assert len(outcome(tmp_path / "out", given)) == 1


def test_workers_measure_what_one_process_measures(given: Given, tmp_path: Path) -> None:
    given["budget"] |= {"candidates": 5, "batch": 2}
    alone = outcome(tmp_path / "alone", given)
    assert outcome(tmp_path / "workers", given | {"workers": 2}) == alone


def test_candidates_to_begin_with_come_first(given: Given, tmp_path: Path) -> None:
    start = {"merge_method": "ties", "one.weight": 1.0, "one.density": 0.5, "two.weight[mlp]": 0.25}
    given |= {"start": [start], "budget": {"candidates": 2}}
    ending = search(checked(given), tmp_path / "out", silent=True)
    assert any(one.params == start for one in ending.front) or ending.history[0]["score"] <= ending.history[1]["score"]
    recipe = yaml.safe_load((tmp_path / "out" / "recipe.yaml").read_text())
    assert recipe["merge_method"] in {"ties", "task_arithmetic"}


@pytest.mark.parametrize(
    ("start", "said"),
    [({"one.wieght": 1.0}, "did you mean one.weight"), ({"one.weight": 7.0}, "expected 0 to 1.2"), ({"merge_method": "linear"}, "one of")],
)  # fmt: skip
def test_a_start_outside_the_space_is_refused(start: Given, said: str, given: Given, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        search(checked(given | {"start": [start]}), tmp_path / "out", silent=True)


def test_domains_as_objectives_give_a_front(given: Given, tmp_path: Path) -> None:
    given |= {
        "objectives": ["keigo", "finreg"],
        "sampler": {"name": "nsgaii", "population": 3},
        "budget": {"candidates": 6},
    }
    ending = search(checked(given), tmp_path / "out", silent=True)
    values = [(one["objectives"]["keigo"], one["objectives"]["finreg"]) for one in ending.history]
    found = {(one.objectives["keigo"], one.objectives["finreg"]) for one in ending.front}
    beaten = {a for a in values if any(b != a and b[0] >= a[0] and b[1] >= a[1] for b in values)}
    assert found == set(values) - beaten


def test_where_no_candidate_is_feasible_none_is_called_best(given: Given, tmp_path: Path) -> None:
    given["fitness"]["constraints"] = {"keigo": 1.0, "finreg": 1.0}
    ending = search(checked(given), tmp_path / "out", silent=True)
    assert ending.best is None and ending.count.infeasible == 4 and not (tmp_path / "out" / "best").exists()
    assert "制約をすべて満たす候補はなかった" in (tmp_path / "out" / "report.html").read_text()


def test_a_stack_is_searched_and_written(given: Given, tmp_path: Path) -> None:
    given["space"] = {"merge_method": "passthrough", "stack": {"slots": 3}}
    ending = search(checked(given), tmp_path / "out", silent=True)
    assert ending.best is not None and ending.same


def test_below_reference_compares_with_the_parent_named(given: Given, tmp_path: Path) -> None:
    given["fitness"]["constraints"] = {"surely_below_reference": 0.5}
    with pytest.raises(InputError, match="as fitness\\.reference"):
        search(checked(given), tmp_path / "out", silent=True)
    given["fitness"]["reference"] = "base"
    ending = search(checked(given), tmp_path / "other", silent=True)
    assert set(ending.history[0]["constraints"]) == {"surely_below_reference:keigo", "surely_below_reference:finreg"}


def test_ctrl_c_keeps_what_was_told(given: Given, tmp_path: Path, warm: list[str]) -> None:
    """A real process, interrupted from outside between its first candidate and its last."""
    given["budget"]["candidates"] = 200
    file, out = tmp_path / "search.yaml", tmp_path / "out"
    file.write_text(yaml.safe_dump(given, sort_keys=False))  # the order of names decides what is drawn
    command = [*warm, "-m", "jeval.cli", "search", str(file), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = list(itertools.takewhile(lambda line: " 2/200" not in line, process.stderr))
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(60) == 130, "".join(said) + rest
    assert "resume with: jeval search" in rest
    given["budget"]["candidates"] = 4
    told = len(outcome(out, given))
    assert told >= 4  # those that were told before are counted
    given["budget"]["candidates"] = told
    assert outcome(out, given) == outcome(tmp_path / "whole", given)
