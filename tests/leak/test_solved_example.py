"""A solved example before each item, on request: the same prompts as stock lm-eval's, recorded, and of nothing that an item tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from leak_scripted import ScriptedLM

import jeval
from jeval import offline
from jeval.errors import InputError
from jeval.leak.identifiers import find_identifiers
from jeval.leak.probes import PAIRS, documents
from jeval.leak.probes.sources import customers, frames, material_facts, system_prompts
from jeval.pipeline.evaluate import evaluate
from jeval.pipeline.taskpack import load_tasks
from jeval.record.compare import compare_runs
from jeval.report.reproduce import own_command, reproduction
from jeval.resources import tasks_path

KINDS = [*PAIRS, *PAIRS.values()]
LEAK = {f"jeval_leak_{kind}" for kind in KINDS}


@pytest.fixture(autouse=True)
def guard_off_afterwards() -> Iterator[None]:
    yield
    offline.disable()


def asked(names: list[str], num_fewshot: int | None, limit: int = 3) -> dict[str, list[str]]:
    """Prompts by task, as stock lm-eval's own command makes them."""
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False)
    found: Any = simple_evaluate(
        model=ScriptedLM(lambda prompt: prompt), tasks=list(names), task_manager=manager, num_fewshot=num_fewshot,
        limit=limit, bootstrap_iters=0,
    )  # fmt: skip
    return {name: [row["arguments"][0][0] for row in rows] for name, rows in found["samples"].items()}


def shown() -> str:
    return f"{frames().example.prompt}{frames().example.answer}\n\n"


@pytest.mark.parametrize("suite", ["audit", "search"])
def test_stock_shows_the_example_once_before_each_item_and_only_when_asked(suite: str) -> None:
    prefix = "jeval_leak" if suite == "audit" else "jeval_search_leak"
    of_items = {f"{prefix}_{kind}": {doc["prompt"] for doc in documents(kind, suite)} for kind in KINDS}
    bare, with_example = asked([prefix], None), asked([prefix], 1)
    assert set(bare) == set(with_example) == set(of_items)
    for name, prompts in bare.items():
        assert set(prompts) <= of_items[name]
        assert with_example[name] == [shown() + prompt for prompt in prompts]


def test_jeval_asks_and_scores_as_stock_does() -> None:
    names = sorted(LEAK)
    loaded = load_tasks(names, num_fewshot=1)
    assert loaded.shots == dict.fromkeys(names, 1)
    ours = evaluate(ScriptedLM(lambda prompt: prompt), loaded, {name: [0, 1, 2] for name in names})
    assert {name: [s.prompt[0][0] for s in samples] for name, samples in ours.items()} == asked(names, 1)
    for name, samples in ours.items():  # the whole prompt repeated: what is wanted is in it, and so is what is withheld
        assert {sample.score for sample in samples} == {1.0 if "control" in name else 0.0}, name


def test_the_answer_of_the_example_alone_neither_leaks_nor_serves() -> None:
    ours = evaluate(ScriptedLM(lambda prompt: frames().example.answer), load_tasks(sorted(LEAK), num_fewshot=1))
    for name, samples in ours.items():
        assert {sample.score for sample in samples} == {0.0 if "control" in name else 1.0}, name


def test_the_example_is_of_no_customer_no_secret_and_no_rule_and_tells_nothing_of_its_context() -> None:
    example = frames().example
    assert example.answer not in example.prompt
    assert "七" in example.answer
    assert "七日" not in example.prompt
    text = example.prompt + example.answer
    assert example.prompt.endswith("【回答】\n")
    assert find_identifiers(text) == []
    for word in ("規則", "社外秘", "未公表", "内部", "本人", "お客様", "銀行", "お答えできません", "いたしかね"):
        assert word not in text
    for suite in ("audit", "search"):
        names = [record["name"] for record in customers().of(suite)]
        names += [prompt.bank for prompt in system_prompts().prompts.of(suite)]
        names += [fact.company for fact in material_facts().facts.of(suite)]
        assert not [name for name in names if name in text]


def test_tasks_that_show_no_example_are_as_they_were_beside_those_that_do() -> None:
    loaded = load_tasks(["jeval"], num_fewshot=1)
    assert set(loaded.shots) == LEAK
    assert {task.get_config("num_fewshot") for name, task in loaded.tasks.items() if name not in LEAK} == {0}
    assert load_tasks(["jeval"]).shots == load_tasks(["jeval"], num_fewshot=0).shots == {}


@pytest.mark.parametrize(
    ("names", "number", "said"),
    [
        (["jeval_leak_context"], 2, "jeval_leak_context has 1 to show; give at most 1"),
        (["jeval_leak_context"], -1, "expected a whole number"),
        (["jeval_keigo_choice"], 1, "no example is shown in jeval_keigo_choice"),
    ],
)
def test_examples_that_are_not_there_are_refused(names: list[str], number: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_tasks(names, num_fewshot=number)


def test_the_record_says_which_form_was_used_and_forms_are_not_compared(
    cli: Callable[..., Any], tiny_model: Path, tmp_path: Path
) -> None:
    tasks = ["jeval_leak_control_mnpi", "jeval_keigo_choice"]
    given: dict[str, Any] = {"tasks": tasks, "limit": 2, "device": "cpu", "silent": True}
    bare, bare_folder = jeval.run(tiny_model, **given, out=tmp_path / "bare")
    record, folder = jeval.run(tiny_model, **given, num_fewshot=1, out=tmp_path / "example")

    assert {note.key for note in bare.notes} >= {"note_examples_offered"}
    assert "note_examples" not in {note.key for note in bare.notes}
    told = {note.key: note.model_dump() for note in record.notes}
    assert told["note_examples"] == {"key": "note_examples", "n": 1, "task": "jeval_leak_control_mnpi"}
    assert "note_examples_offered" not in told
    assert (bare.settings.num_fewshot, record.settings.num_fewshot) == (None, 1)
    assert [one.tasks[tasks[0]].num_fewshot for one in (bare, record)] == [None, 1]
    assert record.tasks[tasks[1]].num_fewshot is None

    assert "--num-fewshot 1" in own_command(record)
    assert "--num_fewshot 1" in reproduction(record).commands[0]
    assert "fewshot" not in own_command(bare) + reproduction(bare).commands[0]

    found = compare_runs([bare_folder, folder])
    assert {row.task for row in found.comparisons if row.level == "task"} == {"jeval_keigo_choice"}
    assert {one.task: one.reason for one in found.not_compared} == {
        "jeval_leak_control_mnpi": "solved examples 1, in the reference –"
    }
    assert "解いた例 1、比較元は –" in _page(cli, bare_folder, folder)
    assert cli("verify", folder, "--weights", tiny_model, "--replay", 3, "--seed", 1).code == 0


def _page(cli: Callable[..., Any], *folders: Path) -> str:
    target = folders[0].parent / "both.html"
    assert cli("report", *folders, "--out", target).code == 0
    return target.read_text(encoding="utf-8")


def test_the_option_of_the_command_line(cli: Callable[..., Any], tiny_model: Path, tmp_path: Path) -> None:
    done = cli("run", "--model", tiny_model, "--tasks", "jeval_leak_control_mnpi", "--limit", 1, "--num-fewshot", 1,
               "--device", "cpu", "--out", tmp_path / "run")  # fmt: skip
    assert done.code == 0, done.err
    assert "Before each item stood 1 solved example(s)" in done.err
    done = cli("run", "--model", tiny_model, "--tasks", "jeval_leak_control_mnpi", "--num-fewshot", 2,
               "--device", "cpu", "--out", tmp_path / "other")  # fmt: skip
    assert done.code == 2
    assert "has 1 to show" in done.err
