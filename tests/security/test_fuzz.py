"""Hostile: whoever sends a run folder, a model or a task pack. Attack: any shape nobody thought of. All ends in a result or one line.

Examples are drawn alike each time; how many is a matter of time (all modules together: seconds).
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jeval import output
from jeval.audit.folder import open_folder
from jeval.audit.run import RunOptions, run
from jeval.audit.verify import check_run
from jeval.errors import InputError, JevalError
from jeval.models.identity import identify
from jeval.models.load import load
from jeval.models.source import resolve
from jeval.pipeline.packfiles import read_pack
from jeval.record.samples import path_of, read_samples
from jeval.record.schema import RunRecord
from jeval.record.store import read_record
from jeval.report.page import render

TASK = "jeval_keigo_pairs"
some = settings(
    max_examples=60, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
few = settings(some, max_examples=12)

TEXT = st.text(st.characters(), max_size=8) | st.sampled_from(
    [
        "../../x",
        "\x1b[2J",
        "\u202e",
        "\ud800",
        "a;b",
        "{0.__class__}",
        "9" * 5000,
        "~nobody",
        "model.safetensors",
        "1",
        "nan",
    ]
)
LEAF = st.none() | st.booleans() | st.integers() | st.sampled_from([10**400, -1, 1 << 64]) | st.floats() | TEXT
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=5
)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*above, key)
        yield from places(value[key], (*above, key))


def changed(value: Any, data: st.DataObject) -> Any:
    """The value with one to three of its places exchanged, taken away or joined by another."""
    value = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, key = data.draw(st.sampled_from(list(places(value)) or [("x",)]))
        where = value
        for step in above:
            where = where[step]
        how = data.draw(st.sampled_from(["exchange", "take", "join"]))
        if how == "take" and where:
            where.pop(key)
        elif how == "join" and isinstance(where, dict):
            where[data.draw(TEXT)] = data.draw(JSON)
        else:
            where[key] = data.draw(JSON)
        if not list(places(value)):
            break
    return value


def dumped(value: Any) -> str:
    try:
        return json.dumps(value)
    except ValueError:  # a number longer than Python writes
        return "9" * 5000


def damaged(raw: bytes, data: st.DataObject) -> bytes:
    """The bytes with some exchanged, or cut off."""
    out = bytearray(raw)
    for at in data.draw(st.lists(st.integers(0, len(out) - 1), max_size=6)):
        out[at] = data.draw(st.integers(0, 255))
    return bytes(out[: data.draw(st.integers(0, len(out)) | st.just(len(out)))])


def one_line(action: Callable[[], Any]) -> Any:
    """What the action gives, or ``None`` where it ended in an error that is one line on a terminal."""
    try:
        return action()
    except JevalError as err:
        line = output.one_line(str(err))
        assert line
        assert output.harmless(line) == line
        return None


@pytest.fixture(scope="module")
def finished(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    run(tiny_model, RunOptions(out=folder, limit=2, device="cpu", tasks=[TASK]), silent=True)
    return folder


@pytest.fixture(scope="module")
def folder(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("copy") / "run"))


@some
@given(data=st.data())
def test_any_record(finished: Path, folder: Path, data: st.DataObject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jeval.report.view.forest", lambda *a, **k: "")  # it has a test of its own, and takes its time
    record = changed(json.loads((finished / "run.json").read_text()), data)
    (folder / "run.json").write_text(dumped(record))
    try:
        if isinstance(one_line(lambda: read_record(folder)), RunRecord):
            one_line(lambda: render([folder], lang="en"))
        assert check_run(folder).problems
    finally:
        shutil.copy(finished / "run.json", folder / "run.json")


@some
@given(data=st.data())
def test_any_manifest(finished: Path, folder: Path, data: st.DataObject) -> None:
    manifest = json.loads((finished / "manifest.json").read_text())
    raw = dumped(changed(manifest, data)).encode() if data.draw(st.booleans()) else data.draw(st.binary(max_size=60))
    (folder / "manifest.json").write_bytes(raw)
    (folder / "run.json").write_text('{"schema_version": "1"}')
    try:
        found = one_line(lambda: check_run(folder))
        assert found is None or found.problems
    finally:
        shutil.copy(finished / "run.json", folder / "run.json")
        shutil.copy(finished / "manifest.json", folder / "manifest.json")


@some
@given(data=st.data())
def test_any_samples(finished: Path, folder: Path, data: st.DataObject) -> None:
    path = path_of(folder, TASK)
    path.write_bytes(damaged(path_of(finished, TASK).read_bytes(), data))
    try:
        one_line(lambda: read_samples(folder, TASK))
    finally:
        shutil.copy(path_of(finished, TASK), path)


@some
@given(data=st.data(), name=st.sampled_from([".started.json", "run.json", ".lock"]))
def test_any_folder_that_a_run_is_to_go_on_in(finished: Path, tmp_path: Path, data: st.DataObject, name: str) -> None:
    record = read_record(finished)
    raw = dumped(
        data.draw(JSON) if data.draw(st.booleans()) else changed(json.loads((finished / "run.json").read_text()), data)
    )
    target = tmp_path / "out"
    target.mkdir(exist_ok=True)
    (target / name).write_text(raw)

    def opened() -> bool:
        with open_folder(target, "m", record.model.identity, record.settings):
            return True

    one_line(opened)
    shutil.rmtree(target, ignore_errors=True)


def linked(tiny_model: Path, tmp_path: Path) -> Path:
    """A folder with links to the files of the model, which can be replaced one by one."""
    model = tmp_path / "model"
    shutil.rmtree(model, ignore_errors=True)
    model.mkdir()
    for file in tiny_model.iterdir():
        (model / file.name).symlink_to(file)
    return model


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "tokenizer.json", "generation_config.json"])
@some
@given(data=st.data())
def test_any_config_of_a_model(tiny_model: Path, tmp_path: Path, data: st.DataObject, name: str) -> None:
    model = linked(tiny_model, tmp_path)
    content = json.loads((tiny_model / name).read_text()) if (tiny_model / name).is_file() else {"a": {"b": [1]}}
    if name == "tokenizer.json":
        content = {key: value for key, value in content.items() if key != "model"}
    raw = dumped(changed(content, data)).encode() if data.draw(st.booleans()) else data.draw(st.binary(max_size=60))
    (model / name).unlink(missing_ok=True)
    (model / name).write_bytes(raw)
    one_line(lambda: identify(resolve(model)))


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "generation_config.json"])
@few
@given(data=st.data())
def test_any_config_of_a_model_that_is_loaded(tiny_model: Path, tmp_path: Path, data: st.DataObject, name: str) -> None:
    model = linked(tiny_model, tmp_path)
    (model / name).unlink()
    (model / name).write_text(dumped(changed(json.loads((tiny_model / name).read_text()), data)))
    one_line(lambda: load(resolve(model), device="cpu"))


@some
@given(data=st.data(), pickle=st.booleans())
def test_any_index_of_weights(tiny_model: Path, tmp_path: Path, data: st.DataObject, pickle: bool) -> None:
    model = tmp_path / "model"
    shutil.rmtree(model, ignore_errors=True)
    model.mkdir()
    for file in tiny_model.iterdir():
        if file.suffix == ".json" or not pickle:
            (model / file.name).symlink_to(file)
    name = "pytorch_model.bin.index.json" if pickle else "model.safetensors.index.json"
    index = {"metadata": {"total_size": 1}, "weight_map": {"a": "model.safetensors", "b": "model.safetensors"}}
    (model / name).write_text(dumped(changed(index, data)))
    one_line(lambda: identify(resolve(model, allow_pickle=True)))


@some
@given(data=st.data())
def test_any_config_of_an_adapter(tiny_model: Path, tmp_path: Path, data: st.DataObject) -> None:
    (tmp_path / "adapter").mkdir(exist_ok=True)
    config = {"base_model_name_or_path": str(tiny_model), "peft_type": "LORA", "r": 1, "target_modules": ["q_proj"]}
    (tmp_path / "adapter" / "adapter_config.json").write_text(dumped(changed(config, data)))
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"x")
    one_line(lambda: resolve(tmp_path / "adapter"))


@few
@given(data=st.data())
def test_any_header_of_weights(tiny_model: Path, tmp_path: Path, data: st.DataObject) -> None:
    model = Path(shutil.copytree(tiny_model, tmp_path / "model", dirs_exist_ok=True))
    raw = bytearray((tiny_model / "model.safetensors").read_bytes())
    head = damaged(bytes(raw[:400]), data)
    (model / "model.safetensors").write_bytes(head + bytes(raw[400:]))
    one_line(lambda: identify(resolve(model)))


@some
@given(data=st.data())
def test_any_task_pack(tmp_path: Path, data: st.DataObject) -> None:
    pack = tmp_path / "pack"
    pack.mkdir(exist_ok=True)
    task = {"task": "t", "dataset_path": "json", "doc_to_text": "{{a}}", "metric_list": [{"metric": "acc"}], "tag": ["g"],
            "include": "other.yaml", "metadata": {"version": 1}}  # fmt: skip
    if data.draw(st.booleans()):
        (pack / "t.yaml").write_bytes(data.draw(st.binary(max_size=60)))
    else:
        (pack / "t.yaml").write_text(yaml.safe_dump(changed(task, data)), encoding="utf-8", errors="replace")
    try:
        read_pack([pack])
    except InputError as err:
        assert "\n" not in output.one_line(str(err))
