"""The report's commands, read by a shell and run by stock lm-eval, give the scores of the run; where they cannot, none is shown.

A whole command in a process of its own is run by ``test_parity.py``; here a shell takes each apart and stock's command line runs in
this process, without looking through the thousands of tasks that it brings, which takes a minute.
"""

from __future__ import annotations

import html
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.__main__ import cli_evaluate
from lm_eval.tasks import TaskManager
from peft import LoraConfig, TaskType, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

import jeval
from jeval import offline
from jeval.audit.run import _settings as audit_settings
from jeval.errors import InputError
from jeval.record.schema import RunRecord
from jeval.report.page import render
from jeval.report.reproduce import own_command, reproduction, written
from jeval.resources import tasks_path
from tests.core.test_gguf import write_gguf
from tests.models.fake_server import FakeServer

CHATML = (
    "{% for m in messages %}問:{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}答:"
    "{% if enable_thinking is not defined or enable_thinking %}考えて{% else %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
#: Pairs have a metric in nats, which no other model, tokenizer or template gives by chance.
TASKS = ["jeval_keigo_pairs", "jeval_leak_context"]
Metrics = dict[str, dict[str, float]]
Stock = Callable[..., Metrics]


@pytest.fixture(autouse=True)
def guard_off_afterwards() -> Iterator[None]:
    yield
    offline.disable()


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stock:
    """Metrics by task of the commands that a report shows."""
    init = TaskManager.__init__

    def lean(self: TaskManager, *args: Any, **more: Any) -> None:
        init(self, *args, **{**more, "include_defaults": False})

    monkeypatch.setattr(TaskManager, "__init__", lean)

    def scores(folder: Path, *, commands: int = 1) -> Metrics:
        found: Metrics = {}
        shown = shell_lines(folder)
        assert len(shown) == commands
        for number, line in enumerate(shown):
            target = tmp_path / f"stock-{number}"
            monkeypatch.setattr(sys, "argv", ["lm_eval", *parsed(line), "--output_path", str(target)])
            cli_evaluate()
            (file,) = target.rglob("results_*.json")
            results = json.loads(file.read_text())["results"]
            here = {name: numbers(one) for name, one in results.items() if "score,none" in one}
            assert here and not set(here) & set(found)
            found |= here
        return found

    return scores


def numbers(result: dict[str, Any]) -> dict[str, float]:
    """Metrics of a task as stock gives them."""
    pairs = {key.removesuffix(",none"): value for key, value in result.items() if key.endswith(",none")}
    return {name: value for name, value in pairs.items() if not name.endswith("_stderr")}


def same(one: Metrics, other: Metrics, tolerance: float = 1e-4) -> bool:
    """Whether scores are equal and other metrics, some in nats, as near as rounding."""
    assert {name: found["score"] for name, found in one.items()} == {
        name: found["score"] for name, found in other.items()
    }
    assert one == {name: pytest.approx(found, abs=tolerance) for name, found in other.items()}
    return True


def shell_lines(folder: Path) -> list[str]:
    """The commands of a report."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    found = re.findall(r'<pre class="commands">(.*?)</pre>', page, re.DOTALL)
    return html.unescape(found[0]).split("\n") if found else []


def parsed(line: str) -> list[str]:
    """The arguments that ``lm_eval`` gets from a shell."""
    script = f"lm_eval() {{ printf '%s\\0' \"$@\"; }}\n{line.replace('$(python ', f'$({sys.executable} ')}"
    done = subprocess.run(
        ["sh", "-ec", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    return done.stdout.split("\0")[:-1]


def evaluated(model: Path, tmp_path: Path, **options: Any) -> tuple[RunRecord, Path]:
    defaults: dict[str, Any] = {"tasks": TASKS, "limit": 2, "device": "cpu", "out": tmp_path / "run", "silent": True}
    record, folder = jeval.run(model, **{**defaults, **options})
    return record, folder


def own(record: RunRecord) -> Metrics:
    return {
        name: {"score": task.score, **task.metrics} for name, task in record.tasks.items() if task.score is not None
    }


def with_template(folder: Path, template: str) -> Path:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return folder


def adapter(base: Path, target: Path) -> Path:
    """A LoRA adapter that changes what its base says."""
    torch.manual_seed(3)
    config = LoraConfig(task_type=TaskType.CAUSAL_LM, r=4, target_modules=["q_proj", "v_proj"])
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(std=2.0)
    adapted.save_pretrained(str(target))
    return target


def test_a_path_that_a_shell_would_read_otherwise(model_copy: Path, tmp_path: Path, stock: Stock) -> None:
    model = model_copy.rename(tmp_path / """a b;c,d={'e"f}$(g) 模型""")
    record, folder = evaluated(model, tmp_path)
    assert same(stock(folder), own(record))


def test_solved_examples_before_the_items_of_tasks_that_have_some(
    tiny_model: Path, tmp_path: Path, stock: Stock
) -> None:
    record, folder = evaluated(tiny_model, tmp_path, num_fewshot=1)
    assert [record.tasks[name].num_fewshot for name in TASKS] == [None, 1]
    assert "--num_fewshot 1" in shell_lines(folder)[0]
    assert same(stock(folder), own(record))


def test_a_gguf(tiny_model: Path, tmp_path: Path, stock: Stock) -> None:
    (tmp_path / "files").mkdir()
    record, folder = evaluated(write_gguf(tiny_model, tmp_path / "files" / "a model.gguf"), tmp_path)
    assert same(stock(folder), own(record))
    assert "give the file a folder of its own" in render([folder], lang="en")


def test_an_adapter_with_a_tokenizer_of_its_own(model_copy: Path, tmp_path: Path, stock: Stock) -> None:
    lora = adapter(model_copy, tmp_path / "lora")
    AutoTokenizer.from_pretrained(model_copy).save_pretrained(lora)
    with_template(lora, CHATML)  # what the base's own tokenizer does not have
    record, folder = evaluated(lora, tmp_path)
    assert record.model.chat_template
    assert same(stock(folder), own(record))
    assert parsed(shell_lines(folder)[0])[3:5] == [
        "--model_args",
        f"pretrained={model_copy},peft={lora},tokenizer={lora},dtype=float32,enable_thinking=False",
    ]


def test_a_template_with_thoughts_switched_off_beside_texts_that_take_none(
    model_copy: Path, tmp_path: Path, stock: Stock
) -> None:
    from jeval.leak.canary import dump, make

    canaries = tmp_path / "canaries 1.json"
    canaries.write_text(dump(make(["free"], 2, [1], 1, candidates=15)), encoding="utf-8")
    record, folder = evaluated(with_template(model_copy, CHATML), tmp_path, canaries=canaries)
    assert {note.key for note in record.notes} >= {"note_thinking_off"}
    lines = [parsed(line) for line in shell_lines(folder)]
    assert ["--apply_chat_template" in line for line in lines] == [True, False]
    assert same(stock(folder, commands=2), own(record))


def test_another_tokenizer_in_double_precision_with_options_of_the_backend(
    model_copy: Path, tmp_path: Path, stock: Stock
) -> None:
    other = tmp_path / "another tokenizer"
    with_template(model_copy, CHATML)
    AutoTokenizer.from_pretrained(model_copy).save_pretrained(other)
    with_template(model_copy, "{{ 1 / 0 }}")
    record, folder = evaluated(
        model_copy,
        tmp_path,
        tokenizer=other,
        dtype="float64",
        model_args={"chat_template_args": {"enable_thinking": False}, "max_length": 4000, "token_budget": 4096},
    )
    assert same(stock(folder), own(record))


def test_half_precision_without_a_template(model_copy: Path, tmp_path: Path, stock: Stock) -> None:
    with_template(model_copy, CHATML)
    record, folder = evaluated(model_copy, tmp_path, dtype="bfloat16", chat_template=False, backend="hf", batch_size=2)
    assert same(stock(folder), own(record))
    assert "半精度" in (folder / "report.html").read_text(encoding="utf-8")


def test_tasks_of_a_folder_of_the_users(tiny_model: Path, tmp_path: Path, stock: Stock) -> None:
    pack = tmp_path / "own tasks"
    pack.mkdir()
    (pack / "own.yaml").write_text(
        f"include: {tasks_path('keigo', 'pairs.yaml')}\ntask: own_pairs\n"
        "metadata: {version: 1, domain: own, kind: pairs, chance: 0.5, title_ja: own, title_en: own}\n"
    )
    record, folder = evaluated(
        tiny_model, tmp_path, tasks=["own_pairs", "jeval_leak_context"], include=pack, trust_packs=pack.name, whole=[]
    )
    assert set(own(record)) == {"own_pairs", "jeval_leak_context"}
    assert same(stock(folder, commands=2), own(record))


def changed(record: RunRecord, **fields: Any) -> RunRecord:
    return RunRecord.model_validate({**record.model_dump(), **fields})


@pytest.fixture(scope="module")
def record(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    return evaluated(tiny_model, tmp_path_factory.mktemp("one"), tasks=["jeval_keigo_choice"], limit=1)[0]


def test_what_stock_would_ask_otherwise_has_no_command_but_a_sentence(record: RunRecord) -> None:
    templated = record.model.model_copy(update={"chat_template": True}).model_dump()
    for key, note in {"note_thinking_closed": "reproduce_closed", "note_template_parts": "reproduce_parts"}.items():
        found = reproduction(changed(record, model=templated, notes=[{"key": key}]))
        assert not found.commands
        assert found.notes[:2] == ["reproduce_nothing", note]
        plain = changed(record, notes=[{"key": key}])  # tasks without the template are asked alike
        assert len(reproduction(plain).commands) == 1


def test_a_command_leaves_out_what_was_not_scored_and_keeps_whole_tasks_whole(record: RunRecord) -> None:
    one = next(iter(record.tasks.values())).model_dump()
    tasks = {"a": one, "b": one, "c": {**one, "score": None, "interval": None, "reason": "the window is too small"}}
    settings = {**record.settings.model_dump(), "tasks": ["group"], "limit": 5, "whole": ["b"]}
    assert record.stock is not None
    folders = record.stock.model_copy(update={"folders": {"": ["a", "b", "c"]}}).model_dump()
    lines = [
        parsed(line) for line in reproduction(changed(record, tasks=tasks, settings=settings, stock=folders)).commands
    ]
    assert [line[line.index("--tasks") + 1] for line in lines] == ["a", "b"]
    assert ["--limit" in line for line in lines] == [True, False]


def test_jevals_own_command_asks_for_the_same_run(
    record: RunRecord, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command line reads it back as the options that the record has."""
    asked: list[Any] = []

    def run(model: str, options: Any) -> Any:
        asked.append((model, options))
        raise InputError("asked")

    monkeypatch.setattr("jeval.audit.run.run", run)
    settings = {
        **record.settings.model_dump(), "tasks": ["a", "b"], "limit": 5, "seed": 3, "as_of": None, "chat_template": False,
        "business": ["bank", "lender"], "tokenizer": str(tmp_path), "dtype": "float64", "model_args": {"think_end_token": "</think>"},
    }  # fmt: skip
    given = changed(record, settings=settings, foreign_packs=["mine"])
    words = shlex.split(own_command(given))
    assert words[:2] == ["jeval", "run"] and cli(*words[1:]).code == 2
    ((model, options),) = asked
    assert model == record.model.path and options.tasks == ["a", "b"] and options.trust_packs == ["mine"]
    assert audit_settings(options) == given.settings.model_copy(update={"device": record.model.device})
    assert options.as_of is None  # all, whatever the day
    live = record.model.model_copy(update={"kind": "live"}).model_dump()
    assert own_command(changed(record, model=live)) == ""
    assert own_command(changed(record, settings={**settings, "whole": ["a"]})) == ""


def test_a_record_of_an_earlier_version_gives_what_it_knows(record: RunRecord) -> None:
    old = changed(record, stock=None)
    assert parsed(reproduction(old).commands[0])[3:5] == [
        "--model_args",
        f"pretrained={record.model.path},dtype=float32",
    ]
    lora = record.model.model_copy(update={"kind": "lora"}).model_dump()
    assert reproduction(changed(record, stock=None, model=lora)).commands == []


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"pretrained": "/a/b-c.d", "dtype": "float32"}, "pretrained=/a/b-c.d,dtype=float32"),
        ({"pretrained": "/a,b"}, '{"pretrained": "/a,b"}'),
        ({"gguf_file": "1e5"}, '{"gguf_file": "1e5"}'),
        ({"gguf_file": "true"}, '{"gguf_file": "true"}'),
        ({"pretrained": "/a\n\u202eb"}, '{"pretrained": "/a\\n\\u202eb"}'),
        ({"chat_template_args": {"a": 1}}, '{"chat_template_args": {"a": 1}}'),
    ],
)
def test_arguments_are_read_back_by_stock_as_they_were(args: dict[str, Any], text: str) -> None:
    from lm_eval._cli.utils import key_val_to_dict

    assert written(args) == text
    assert (json.loads(text) if text.startswith("{") else key_val_to_dict(text)) == args


def test_a_comparison_shows_the_commands_of_each_run(tiny_model: Path, tmp_path: Path) -> None:
    folders = [
        evaluated(tiny_model, tmp_path, tasks=["jeval_keigo_choice"], limit=1, seed=n, out=tmp_path / str(n))[1]
        for n in (1, 2)
    ]
    assert render(folders, lang="ja").count('<pre class="commands">') == 2


def test_a_model_behind_a_server(tiny_model: Path, tmp_path: Path, stock: Stock) -> None:
    server = FakeServer(tiny_model).start()
    try:
        record, folder = evaluated(
            tiny_model,
            tmp_path,
            backend="local-completions",
            model_args={"model": "m", "base_url": server.url, "tokenizer": str(tiny_model)},
        )
        assert same(stock(folder), own(record), tolerance=1e-3)
    finally:
        server.stop()
    assert "同じ重みと設定のサーバー" in (folder / "report.html").read_text(encoding="utf-8")
