"""A record that is a tool's response: a real turn of a tool where the chat template has tools, the text it always was elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

import jeval
from jeval import offline
from jeval.errors import InputError
from jeval.leak.probes import documents
from jeval.models.conversation import tool_turns
from jeval.models.template import with_tools
from jeval.record.compare import compare_runs
from jeval.record.samples import read_samples
from jeval.record.schema import RunRecord, ToolForm
from jeval.resources import tasks_path

TASK = "jeval_search_leak_control"
KINDS = ("context", "control")
ROLES = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
TOOLS = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% for c in m.tool_calls or [] %}"
    "<call>{{ c.function.name }}{{ c.function.arguments | tojson }}</call>{% endfor %}</{{ m.role }}>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
REFUSING = "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}{{ m.content }}{% endfor %}答："
HIDING = TOOLS.replace("{{ m.content }}", "{% if m.role != 'tool' %}{{ m.content }}{% endif %}")
TURNED_ROUND = TOOLS.replace("in messages", "in messages | reverse")
IN_PARTS = TOOLS.replace("{{ m.content }}", "{% for part in m.content %}{{ part.text }}{% endfor %}")


@pytest.fixture(autouse=True)
def guard_off_afterwards() -> Iterator[None]:
    yield
    offline.disable()


def with_template(folder: Path, template: str) -> Path:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def models(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same weights with a template that has tools, and with one that has none."""
    import shutil

    made = tmp_path_factory.mktemp("templates")
    return {
        name: with_template(Path(shutil.copytree(tiny_model, made / name)), template)
        for name, template in (("tools", TOOLS), ("roles", ROLES))
    }


@pytest.fixture(scope="module")
def runs(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[RunRecord, Path]]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: jeval.run(model, tasks=[TASK], limit=6, device="cpu", out=folder / name, silent=True)
        for name, model in models.items()
    }


@pytest.mark.parametrize(
    ("template", "has"),
    [(TOOLS, True), (ROLES, False), (REFUSING, False), (HIDING, False), (TURNED_ROUND, False), ("{{ 1 / 0 }}", False)],
)
def test_a_template_has_tools_where_it_says_call_and_response_in_turn(
    tiny_model: Path, template: str, has: bool
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = template

    def render(history: list[dict[str, Any]]) -> Any:
        return tokenizer.apply_chat_template(history, tokenize=False, add_generation_prompt=True)

    assert bool(with_tools(render)) is has


def test_messages_for_a_chat_endpoint_are_no_template() -> None:
    assert with_tools(lambda history: json.dumps(history, ensure_ascii=False)) == ""
    assert with_tools(lambda history: history) == ""


@pytest.mark.parametrize("suite", ["audit", "search"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_turns_hold_the_words_of_the_text_and_nothing_else(kind: str, suite: str) -> None:
    seen = 0
    for doc in documents(kind, suite):
        assert bool(doc["turns"]) is (doc["channel"] == "tool")
        if not doc["turns"]:
            continue
        seen += 1
        user, call, tool = json.loads(doc["turns"])
        assert [turn["role"] for turn in (user, call, tool)] == ["user", "assistant", "tool"]
        lines = [*user["content"].split("\n"), *tool["content"].split("\n"), "【回答】", ""]
        assert sorted(lines) == sorted(doc["prompt"].split("\n"))
        held = [secret["value"] for secret in json.loads(doc["secrets"])]
        assert all(value in tool["content"] and value not in user["content"] for value in held)
        assert call["tool_calls"][0]["function"]["arguments"]["name"] in doc["cluster"].replace(" ", "")
    assert seen


def test_items_of_the_other_channels_are_asked_as_they_were(runs: dict[str, tuple[RunRecord, Path]]) -> None:
    for _, folder in runs.values():
        for sample in read_samples(folder, TASK):
            if sample.doc["channel"] != "tool":
                assert sample.prompt[0][0] == f"<user>{sample.doc['prompt']}</user><assistant>"


def test_tool_items_are_turns_of_a_tool_with_the_one_template_and_text_with_the_other(
    runs: dict[str, tuple[RunRecord, Path]],
) -> None:
    of_tools = [s for s in read_samples(runs["tools"][1], TASK) if s.doc["channel"] == "tool"]
    of_roles = [s for s in read_samples(runs["roles"][1], TASK) if s.doc["channel"] == "tool"]
    assert len(of_tools) == len(of_roles) == 2
    for sample in of_tools:
        user, call, tool = json.loads(sample.doc["turns"])
        arguments = json.dumps(call["tool_calls"][0]["function"]["arguments"], ensure_ascii=False)
        assert sample.prompt[0][0] == (
            f"<user>{user['content']}</user><assistant><call>customer_lookup{arguments}</call></assistant>"
            f"<tool>{tool['content']}</tool><assistant>"
        )
    for sample in of_roles:
        assert sample.prompt[0][0] == f"<user>{sample.doc['prompt']}</user><assistant>"


def test_the_record_says_which_and_the_forms_are_not_compared(
    runs: dict[str, tuple[RunRecord, Path]], models: dict[str, Path], cli: Callable[..., Any]
) -> None:
    for name, form in (("tools", "turns"), ("roles", "text")):
        record = runs[name][0]
        assert record.tasks[TASK].tools == ToolForm.model_validate({"form": form, "n": 2})
        assert [note.key for note in record.notes if note.key.startswith("note_tool")] == [f"note_tool_{form}"]
    with pytest.raises(InputError, match="tool responses as text, in the reference turns"):
        compare_runs([runs["tools"][1], runs["roles"][1]])
    assert cli("verify", runs["tools"][1], "--weights", models["tools"], "--replay", 6, "--seed", 1).code == 0


def test_without_a_chat_template_and_of_tasks_without_tools(tiny_model: Path, tmp_path: Path) -> None:
    tasks = [TASK, "jeval_search_leak_control_mnpi"]
    record, folder = jeval.run(tiny_model, tasks=tasks, limit=3, device="cpu", out=tmp_path / "run", silent=True)
    assert record.tasks[TASK].tools == ToolForm(form="text", n=1)
    assert record.tasks[tasks[1]].tools is None
    assert not [note for note in record.notes if note.key.startswith("note_tool")]
    assert {s.prompt[0][0] for s in read_samples(folder, TASK)} == {s.doc["prompt"] for s in read_samples(folder, TASK)}


@pytest.mark.parametrize("template", ["tools", "roles"])
@pytest.mark.parametrize("num_fewshot", [None, 1])
def test_stock_lm_eval_asks_the_same(
    models: dict[str, Path], tmp_path: Path, template: str, num_fewshot: int | None
) -> None:
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    record, folder = jeval.run(
        models[template],
        tasks=[TASK],
        limit=6,
        num_fewshot=num_fewshot,
        device="cpu",
        out=tmp_path / "run",
        silent=True,
    )
    offline.disable()
    stock: Any = simple_evaluate(
        model="hf", model_args=f"pretrained={models[template]},dtype=float32", tasks=[TASK], device="cpu", limit=6,
        task_manager=TaskManager(include_path=str(tasks_path()), include_defaults=False), num_fewshot=num_fewshot,
        apply_chat_template=True, fewshot_as_multiturn=True, bootstrap_iters=0,
    )  # fmt: skip
    theirs = [row["arguments"][0][0] for row in stock["samples"][TASK]]
    ours = [sample.prompt[0][0] for sample in read_samples(folder, TASK)]
    assert ours == theirs
    assert sum("<call>" in prompt for prompt in ours) == (2 if template == "tools" else 0)
    assert record.tasks[TASK].score == stock["results"][TASK]["score,none"]


def test_a_template_that_takes_messages_in_parts_gets_tools_so_too(model_copy: Path, tmp_path: Path) -> None:
    with_template(model_copy, IN_PARTS)
    record, folder = jeval.run(model_copy, tasks=[TASK], limit=3, device="cpu", out=tmp_path / "run", silent=True)
    assert record.tasks[TASK].tools == ToolForm(form="turns", n=1)
    assert sum("<call>customer_lookup" in s.prompt[0][0] for s in read_samples(folder, TASK)) == 1


def test_requests_are_kept_apart_by_what_templates_make_of_tools(tiny_model: Path) -> None:
    from jeval.pipeline.taskpack import load_tasks

    (task,) = load_tasks([TASK]).tasks.values()
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    found = []
    for template in (ROLES, TOOLS, ROLES):
        tokenizer.chat_template = template

        def render(history: list[dict[str, Any]], add_generation_prompt: bool = True) -> str:
            return str(
                tokenizer.apply_chat_template(history, tokenize=False, add_generation_prompt=add_generation_prompt)
            )

        task.build_all_requests(
            limit=None, samples=None, rank=0, world_size=1, apply_chat_template=True, fewshot_as_multiturn=True,
            chat_template=render, tokenizer_name="",
        )  # fmt: skip
        found.append(sum("<call>" in request.args[0] for request in task.instances))
    assert found == [0, 20, 0]


def test_a_call_is_one_that_templates_of_hugging_face_take() -> None:
    user, call, tool = tool_turns("問い", "find", {"name": "一"}, "答え")
    assert (user["content"], tool["content"], call["content"]) == ("問い", "答え", "")
    assert call["tool_calls"][0]["id"] == tool["tool_call_id"]
    assert call["tool_calls"][0]["function"] == {"name": "find", "arguments": {"name": "一"}}
