"""Who: the author of a task pack. What: running code that nobody admitted, passing for jeval's own tasks, hanging the run."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.audit.code import task_pack
from jeval.errors import InputError
from jeval.pipeline import judged, kept, loading, sandbox
from jeval.pipeline.taskpack import load_tasks
from jeval.pipeline.trust import check_trust

Cli = Callable[..., Any]

BASE = """
task: t
dataset_path: json
dataset_kwargs: {data_files: FOLDER/items.json}
test_split: train
output_type: multiple_choice
doc_to_text: "{{text}}"
doc_to_choice: ["は", "が"]
doc_to_target: 0
metric_list: [{metric: acc}]
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "items.json").write_text('[{"text": "雨"}, {"text": "風"}]', encoding="utf-8")
    return folder


def write(pack: Path, text: str = BASE, name: str = "t.yaml") -> Path:
    (pack / name).write_text(text.replace("FOLDER", str(pack)), encoding="utf-8")
    return pack


def run(cli: Cli, model: Path, pack: Path, *more: object) -> Any:
    return cli("run", "--model", model, "--include-path", pack, "--tasks", "t", "--out", pack.parent / "run", *more)


def test_a_pack_that_is_not_admitted_by_name_runs_nothing(cli: Cli, tiny_model: Path, pack: Path) -> None:
    mark = pack.parent / "ran"
    (pack / "hooks.py").write_text(f"open({str(mark)!r}, 'w')\n\ndef text(doc): return doc['text']\n")
    write(pack, BASE.replace('"{{text}}"', "!function hooks.text") + "description: '{{1}}'\n")
    done = run(cli, tiny_model, pack)
    assert done.code == 2 and done.err.count("\n") == 1 and not mark.exists()
    for word in (
        "'theirs'",
        "python functions in t.yaml",
        "Jinja templates in t.yaml",
        "hooks.py",
        "--trust-pack theirs",
    ):
        assert word in done.err
    done = run(cli, tiny_model, pack, "--trust-pack", "other")
    assert done.code == 2 and "--trust-pack other" in done.err and not mark.exists()


def test_an_admitted_pack_is_named_in_the_record_and_on_page_1(cli: Cli, tiny_model: Path, pack: Path) -> None:
    import json

    done = run(cli, tiny_model, write(pack), "--trust-pack", "theirs")
    assert done.code == 0, done.err
    out = pack.parent / "run"
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert record["foreign_packs"] == ["theirs"] and "include:theirs" in record["task_pack"]
    page = (out / "report.html").read_text(encoding="utf-8")
    before, _ = page.split('id="verdict"', 1)
    assert "第三者の課題パック" in before and "theirs" in before
    # This process is the test's: the kernel does not hold it, and the record says so.
    assert "note_unconfined" in {note["key"] for note in record["notes"]}


def test_two_packs_of_one_name_are_not_told_apart(tmp_path: Path) -> None:
    for side in ("a", "b"):
        (tmp_path / side / "own").mkdir(parents=True)
    with pytest.raises(InputError, match="two packs are named 'own'"):
        check_trust([tmp_path / "a" / "own", tmp_path / "b" / "own"], ["own"])


ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.system('touch MARK') }}",
    "{{ self._TemplateReference__context }}{{ text.__class__ }}",
    "{{ (text|attr('__class__')).mro() }}",
    "{{ '{0.__class__}'.format(text) }}{{ text.__len__.__self__ }}",
    "{{ lipsum.__globals__['os'].popen('touch MARK').read() }}",
)


@pytest.mark.parametrize("template", ESCAPES)
def test_a_template_does_not_reach_out_of_the_sandbox(pack: Path, template: str) -> None:
    mark = pack.parent / "mark"
    write(pack, BASE.replace("{{text}}", template.replace("MARK", str(mark))))
    with pytest.raises(InputError) as refused:
        load_tasks(["t"], include=(pack,))
    assert not mark.exists()
    assert "\n" not in str(refused.value) and "t.yaml" in str(refused.value)


def test_the_sandbox_writes_what_lm_eval_writes() -> None:
    import jinja2
    import lm_eval.utils

    plain = jinja2.Environment(loader=jinja2.BaseLoader(), undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    plain.filters["regex_replace"] = lm_eval.utils.regex_replace
    doc = {"text": "雨 が <b>降る</b>\n", "choices": ["甲", "乙"], "n": 3, "inner": {"a": [1, 2.5, None]}}
    for template in (
        "{{text}}\n", "{{text.strip()}} {{n + 1}}", "{{choices[n - 2]}}", "{{[text, n]}}", "{{inner.a[1]}}{{inner['a']}}",
        "{% for c in choices %}{{loop.index}}. {{c}}\n{% endfor %}", "{{text|regex_replace('雨', '雪')}}", "{{choices.index('乙')}}",
        "{{ text.split(' ')|join('/') }}{% if n > 2 %}多{% else %}少{% endif %}", "{{'%s と %s' % (choices[0], choices[1])}}",
        "{% set k = namespace(x=0) %}{% for c in choices %}{% set k.x = k.x + 1 %}{% endfor %}{{k.x}}", "{{text|tojson}}",
    ):  # fmt: skip
        assert sandbox.Sandbox().from_string(template).render(**doc) == plain.from_string(template).render(**doc)


LOOPS = {
    "nested loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a macro that calls itself twice": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "gigabytes": "{{ ('x' * 3000000000)|length }}",
    "a width": "{{ '%3000000000d' % 1 }}",
}


@pytest.mark.parametrize("loop", LOOPS)
def test_a_template_without_end_ends(pack: Path, loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "TEMPLATE_SECONDS", 0.5)
    write(pack, BASE.replace('"{{text}}"', repr(LOOPS[loop])))
    began = time.monotonic()
    with pytest.raises(InputError, match=r"TimeoutError|MemoryError|too long"):
        load_tasks(["t"], include=(pack,))
    assert time.monotonic() - began < 30


ENDLESS = {
    "time": "    while True:\n        try:\n            pass\n        except Exception:\n            pass\n",
    "memory": "    held = []\n    while True:\n        held.append(bytearray(64 << 20))\n",
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_hook_without_end_costs_its_own_task_alone(
    cli: Cli, tiny_model: Path, pack: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    if what == "memory" and not Path("/proc/self/statm").exists():
        pytest.skip("memory is held on Linux")
    monkeypatch.setattr(kept, "HOOK_SECONDS", 0.5 if what == "time" else 60.0)
    monkeypatch.setattr(kept, "HOOK_BYTES", 512 << 20)
    (pack / "hooks.py").write_text("def results(doc, outputs):\n" + ENDLESS[what])
    write(pack, BASE + "process_results: !function hooks.results\n")
    done = run(
        cli, tiny_model, pack, "--trust-pack", "theirs", "--tasks", "t,jeval_keigo_choice", "--limit", 1, "--json"
    )
    assert done.code == 0, done.err
    assert done.json["tasks"]["t"]["score"] is None
    assert done.json["tasks"]["jeval_keigo_choice"]["score"] is not None


GENERATED = BASE.replace("multiple_choice", "generate_until").replace('doc_to_choice: ["は", "が"]\n', "").replace("acc", "exact_match")  # fmt: skip

WIDE = {
    "num_beams": GENERATED + "generation_kwargs: {num_beams: 1000000}\n",
    "num_return_sequences": GENERATED + "generation_kwargs: {num_beams: 2, num_return_sequences: 100000000}\n",
    "repeats": GENERATED + "repeats: 3000000000\n",
}


@pytest.mark.parametrize("setting", WIDE)
def test_a_setting_that_only_takes_time_and_memory_is_one_line(pack: Path, setting: str) -> None:
    write(pack, WIDE[setting])
    with pytest.raises(InputError, match=rf"t\.yaml.*{setting}.*expected 1"):
        load_tasks(["t"], include=(pack,))


TAKES_ALL = "held = []\nwhile True:\n    held.append(bytearray(64 << 20))\n"
LOADED = {
    "a module of a task": (BASE + "process_results: !function hooks.x\n", TAKES_ALL, "MemoryError"),
    "a module of a group": ("group: t\ntask: [u]\naggregate_metric_list: [{metric: acc, aggregation: !function hooks.x}]\n", TAKES_ALL, "MemoryError"),
    "items": (BASE.replace("dataset_path: json\ndataset_kwargs: {data_files: FOLDER/items.json}", "custom_dataset: !function hooks.x"),
              "def x(**_):\n" + "".join(f"    {line}\n" for line in TAKES_ALL.splitlines()), "MemoryError"),
    "time": ("group: t\ntask: [u]\naggregate_metric_list: [{metric: acc, aggregation: !function hooks.x}]\n", "while True: pass\n", "TimeoutError"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOADED)
def test_a_pack_that_takes_all_while_it_is_loaded_is_one_line(
    pack: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, hooks, what = LOADED[kind]
    if what == "MemoryError" and not Path("/proc/self/statm").exists():
        pytest.skip("memory is held on Linux")
    monkeypatch.setattr(loading, "_LOAD_BYTES", 512 << 20)
    monkeypatch.setattr(loading, "_LOAD_SECONDS", 0.5 if what == "TimeoutError" else 60.0)
    (pack / "hooks.py").write_text(hooks)
    write(write(pack, BASE.replace("task: t", "task: u"), "u.yaml"), text)
    with pytest.raises(InputError, match=rf"t\.yaml.*{what}.*to be loaded") as refused:
        load_tasks(["t"], include=(pack,))
    assert "\n" not in str(refused.value)


def guarded(pack: Path, text: str) -> Any:
    return load_tasks(["t"], include=(write(pack, text),)).tasks["t"]


def test_a_filter_that_goes_back_without_end_ends(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = guarded(
        pack, GENERATED + "filter_list: [{name: f, filter: [{function: regex, regex_pattern: '(.|.)*X'}]}]\n"
    )
    task.build_all_requests()
    for request in task.instances:
        request.resps = ["あ" * 64]
    monkeypatch.setattr(kept, "TASK_SECONDS", 0.3)
    with pytest.raises(TimeoutError):
        task.apply_filters()
    assert task.answered  # so that it is the task's own fault, and other tasks go on


def test_an_aggregation_without_end_is_no_number(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pack / "hooks.py").write_text("def x(values):\n    while True:\n        pass\n")
    task = guarded(
        pack, BASE.replace("{metric: acc}", "{metric: acc, aggregation: !function hooks.x, higher_is_better: true}")
    )
    monkeypatch.setattr(kept, "HOOK_SECONDS", 0.1)
    monkeypatch.setattr(judged, "HOOK_SECONDS", 0.1)
    aggregation = task.aggregation()["acc"]
    assert math.isnan(aggregation([1.0]))
    assert not judged._is_mean(aggregation)


def test_items_that_are_made_without_end_are_one_line(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_tasks(["t"], include=(write(pack),))
    monkeypatch.setattr(kept, "TASK_SECONDS", 0.1)
    monkeypatch.setattr(type(loaded.tasks["t"]), "test_docs", lambda task: [None for _ in iter(int, 1)])
    with pytest.raises(InputError, match="task t: its items cannot be read"):
        loaded.docs("t")


def test_files_that_include_each_other_many_times_are_read_once(pack: Path) -> None:
    for number in range(40):
        (pack / f"f{number}.yml").write_text(f"include: [f{number + 1}.yml, f{number + 1}.yml]\n")
    (pack / "f40.yml").write_text("num_fewshot: 0\n")
    write(pack, "include: f0.yml\n" + BASE)
    with pytest.raises(InputError, match=r"t\.yaml cannot be read: Include cycle"):
        load_tasks(["t"], include=(pack,))


def test_what_a_pack_includes_from_elsewhere_is_said_and_in_the_digest(pack: Path) -> None:
    (pack.parent / "base.yml").write_text("include: further.yml\n")
    (pack.parent / "further.yml").write_text("description: first\n")
    write(pack, "include: ../base.yml\n" + BASE)
    with pytest.raises(InputError, match=r"files elsewhere that it includes, \.\./base\.yml, \.\./further\.yml"):
        check_trust([pack], [])
    before = task_pack([pack])
    (pack.parent / "further.yml").write_text("description: second\n")
    changed = {name for name, digest in task_pack([pack]).items() if before[name] != digest}
    assert changed == {"include:theirs/../further.yml"}


NAMES = {
    "a task": BASE.replace("task: t", "task: jeval_keigo_choice"),
    "a task that is not there yet": BASE.replace("task: t", "task: jeval_keigo_new"),
    "a group": "group: jeval\ntask: [t]\n",
    "a tag": BASE.replace("task: t", "task: u\ntag: jeval_finreg"),
    "a task written out in a group": "group: g\ntask:\n  - {task: jeval_leak_context, dataset_path: json}\n",
    "a change of one": "group: g\ntask:\n  - {task: jeval_keigo_choice, num_fewshot: 5}\n",
    "a change of one further in": "group: g\ntask:\n  - group: h\n    task: [{task: jeval_keigo_choice, description: x}]\n",
    "a change of a group": "group: g\ntask:\n  - {group: jeval_keigo, task: [t]}\n",
    "a class": "class: !function hooks.Own\ntask: jeval_keigo_choice\n",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_does_not_take_or_change_an_official_name(pack: Path, name: str) -> None:
    write(write(pack), NAMES[name], "u.yaml")
    with pytest.raises(InputError) as refused:
        load_tasks(["t"], include=(pack,))
    assert "u.yaml" in str(refused.value) and "jeval" in str(refused.value)


def test_a_pack_does_not_count_in_an_official_domain(pack: Path) -> None:
    write(pack, BASE + "metadata: {domain: keigo, version: '1'}\n")
    with pytest.raises(InputError, match="domain: keigo"):
        load_tasks(["t"], include=(pack,))


def bomb(levels: int, width: int, merge: bool = False) -> str:
    lines = ["a0: &a0 {x: 1}" if merge else "a0: &a0 [x, x]"]
    for level in range(1, levels):
        below = ", ".join([f"*a{level - 1}"] * width)
        lines.append(f"a{level}: &a{level} {{<<: [{below}]}}" if merge else f"a{level}: &a{level} [{below}]")
    return "\n".join(lines) + "\n"


BOMBS = {
    "anchors": bomb(12, 9),
    "merge keys": bomb(12, 9, merge=True),
    "an anchor in itself": "x: &x [*x]\n",
    "depth": "x: " + "[" * 5000 + "]" * 5000 + "\n",
    "depth of maps": "x: " + "{a: " * 5000 + "}" * 5000 + "\n",
    "depth in blocks": "".join(" " * n + "a:\n" for n in range(300)),
    "size": "x: " + "y" * (5 << 20) + "\n",
    "python tags": "x: !!python/object/apply:os.system [touch /tmp/never]\n",
    "a number of many digits": "x: " + "1" * 100_000 + "\n",
}


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("where", ["in the pack", "in a file that it includes"])
def test_a_yaml_bomb_is_one_line(cli: Cli, tiny_model: Path, pack: Path, kind: str, where: str) -> None:
    if where == "in the pack":
        write(pack, BASE + BOMBS[kind])
    else:
        (pack.parent / "outside.yml").write_text(BOMBS[kind])
        write(pack, "include: ../outside.yml\n" + BASE)
    began = time.process_time()
    done = run(cli, tiny_model, pack, "--trust-pack", "theirs")
    assert done.code == 2 and done.err.count("\n") == 1 and len(done.err) < 1500
    assert ".yaml" in done.err or ".yml" in done.err
    assert time.process_time() - began < 20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_among_the_files_is_one_line(cli: Cli, tiny_model: Path, pack: Path) -> None:
    os.mkfifo(pack / "wait.yaml")
    assert run(cli, tiny_model, pack).code == 2
    done = run(cli, tiny_model, pack, "--trust-pack", "theirs")
    assert done.code == 2 and "no regular file" in done.err


def test_a_list_that_is_named_often_is_no_bomb(pack: Path) -> None:
    write(pack, BASE + "metadata: {version: '1', a: &a [1, 2, 3], b: *a, c: [*a, *a]}\n")
    assert list(load_tasks(["t"], include=(pack,)).tasks) == ["t"]
