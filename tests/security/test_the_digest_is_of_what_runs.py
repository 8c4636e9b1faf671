"""Hostile: whoever made the model, or can write into its folder. Attack: let other weights or code run than the digest says."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from jeval.errors import InputError, ModelError
from jeval.models import snapshot
from jeval.models.identity import identify
from jeval.models.snapshot import opened
from jeval.models.source import resolve
from jeval.record.samples import read_samples
from jeval.record.store import read_record

Cli = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
RUN = ("run", "--device", "cpu", "--tasks", "jeval_keigo_pairs", "--limit", "4")

OWN_CODE = """
import torch
from transformers import LlamaForCausalLM


class Own(LlamaForCausalLM):
    SCALE = 1.0

    def forward(self, *args, **kwargs):
        output = super().forward(*args, **kwargs)
        output.logits = output.logits * self.SCALE
        return output
"""


def edit(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def with_code(folder: Path) -> Path:
    """The model with code of its own in a folder below it."""
    (folder / "deep").mkdir()
    (folder / "deep" / "modeling_own.py").write_text(OWN_CODE)
    edit(folder / "config.json", auto_map={"AutoModelForCausalLM": "deep/modeling_own.Own"})
    return folder


def adapter_of(base: Path, folder: Path) -> Path:
    torch.manual_seed(0)
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(str(folder))
    edit(folder / "adapter_config.json", base_model_name_or_path=str(base))
    return folder


def other_weights(model: Path, target: Path) -> None:
    """The weights of another model of the same shape."""
    torch.manual_seed(5)
    other = AutoModelForCausalLM.from_pretrained(model)
    for weight in other.parameters():
        torch.nn.init.normal_(weight)
    other.save_pretrained(target)


def answers(folder: Path) -> list[Any]:
    return [sample.loglikelihoods for sample in read_samples(folder, "jeval_keigo_pairs")]


# Every file that is read is in the digest

TRACED = """
import json, os, sys
seen = []
def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        seen.append(os.fsdecode(args[0]))
sys.addaudithook(hook)
sys.argv = ["jeval", *sys.argv[2:]]
log = os.environ["TRACE"]
from jeval.cli import main
try:
    main()
finally:
    with open(log, "w") as file:
        json.dump([os.path.abspath(one) for one in seen], file)
"""


@pytest.mark.parametrize("kind", ["folder", "adapter", "own code", "in place"])
def test_each_file_opened_while_loading_and_scoring_is_in_the_digest(
    kind: str, model_copy: Path, tmp_path: Path, warm: list[str]
) -> None:
    # Where a model's own code is kept is read when transformers is imported.
    python = [sys.executable] if kind == "own code" else warm
    model, more = model_copy, []
    for name in ("README.md", "secret.json", "optimizer.pt", "modeling_unused.py"):
        (model / name).write_text("{}" if name.endswith(".json") else "")
    if kind == "adapter":
        model = adapter_of(model_copy, tmp_path / "adapter")
    if kind == "own code":
        model, more = with_code(model), ["--trust-remote-code", "--allow-write", str(tmp_path / "log")]
    if kind == "in place":
        more = ["--no-snapshot"]
    cache, log = tmp_path / "cache" / "a.sqlite", tmp_path / "log" / "trace"
    log.parent.mkdir()
    done = subprocess.run(
        [*python, "-c", TRACED, "-", *RUN, "--model", str(model), "--out", str(tmp_path / "run"), *more],
        env={**os.environ, "TRACE": str(log), "JEVAL_CACHE": str(cache), "HF_MODULES_CACHE": str(tmp_path / "modules")},
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = read_record(tmp_path / "run")
    identity = record.model.identity
    assert identity is not None
    # Where code of others runs, the answers that runs share are not opened, and the record says whether they were out of reach.
    assert record.cache is not None and record.cache.shared is (kind != "own code")
    assert any(note.key in {"note_confined", "note_unconfined"} for note in record.notes) is (kind == "own code")
    read = {Path(one) for one in json.loads(log.read_text())}
    below = {one for one in read if cache.parent / "snapshots" in one.parents and one.name != "lock"}
    depth = 1 + any(
        note.key == "note_confined" for note in record.notes
    )  # a process that is held has a folder of its own there
    names = {Path(*one.relative_to(cache.parent / "snapshots").parts[depth:]).as_posix() for one in below}
    parts = {"/".join(name.split("/")[1:]) for name in identity.files}
    files = {name.partition("/")[2] for name in names} - {""}  # the folders themselves, when they are removed
    assert {"config.json", "model.safetensors"} <= files
    assert files <= parts
    originals = {
        one.relative_to(folder).as_posix() for one in read for folder in (model, model_copy) if folder in one.parents
    }
    assert originals <= parts
    assert ("deep/modeling_own.py" in parts) is (kind == "own code")
    assert not list((cache.parent).glob("snapshots/*"))


def test_code_in_a_folder_below_the_model_is_in_the_digest(model_copy: Path) -> None:
    before = identify(resolve(with_code(model_copy)))
    (model_copy / "deep" / "modeling_own.py").write_text(OWN_CODE.replace("SCALE = 1.0", "SCALE = -1.0"))
    after = identify(resolve(model_copy))
    assert "base/deep/modeling_own.py" in before.files
    assert before.weights == after.weights
    assert before.digest != after.digest


def test_the_configuration_of_another_tokenizer_folder_is_in_the_digest(tiny_model: Path, model_copy: Path) -> None:
    before = identify(resolve(tiny_model, tokenizer=model_copy))
    edit(model_copy / "config.json", model_type="gpt2")
    assert identify(resolve(tiny_model, tokenizer=model_copy)).digest != before.digest


# Keys that lead elsewhere


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        ("config.json", {"transformers_weights": "sub/real.safetensors"}),
        ("config.json", {"configuration_files": ["config.4.0.0.json"]}),
        ("config.json", {"text_config": {"transformers_weights": "x.safetensors"}}),
        ("config.json", {"_attn_implementation": "somebody/kernel"}),
        ("config.json", {"attn_implementation": "somebody/kernel"}),
        ("generation_config.json", {"transformers_weights": "x"}),
        ("tokenizer_config.json", {"configuration_files": ["x.json"]}),
    ],
)
def test_a_key_that_leads_to_other_files_is_refused_by_name(
    cli: Cli, model_copy: Path, tmp_path: Path, file: str, entry: dict[str, Any]
) -> None:
    (model_copy / "sub").mkdir()
    shutil.copy(model_copy / "model.safetensors", model_copy / "sub" / "real.safetensors")
    if not (model_copy / file).exists():
        (model_copy / file).write_text("{}")
    edit(model_copy / file, **entry)
    result = cli(*RUN, "--model", model_copy, "--out", tmp_path / "run")
    assert result.code == 2
    key = next(iter(entry)) if "text_config" not in entry else "transformers_weights"
    assert f"{model_copy / file}: {key} " in result.err
    assert not (tmp_path / "run").exists()


def test_code_of_another_repository_is_refused_where_code_would_run(model_copy: Path) -> None:
    edit(model_copy / "config.json", auto_map={"AutoConfig": "somebody/else--configuration.Config"})
    with opened(resolve(model_copy)):
        pass
    with (
        pytest.raises(InputError, match=r"auto_map takes code from another repository"),
        opened(resolve(model_copy), trust_remote_code=True),
    ):
        pass


def test_an_adapter_that_a_library_would_follow_is_refused(model_copy: Path, tiny_model: Path, tmp_path: Path) -> None:
    adapter = adapter_of(model_copy, tmp_path / "adapter")
    shutil.copy(adapter / "adapter_config.json", model_copy)
    with pytest.raises(InputError, match=r"base model with an adapter_config\.json of its own"):
        resolve(adapter)
    shutil.copy(tiny_model / "model.safetensors", adapter)
    with pytest.raises(InputError, match=r"weights of a whole model beside an adapter_config\.json"):
        resolve(adapter)


def test_an_adapter_that_names_further_adapters_is_refused(model_copy: Path, tmp_path: Path) -> None:
    adapter = adapter_of(model_copy, tmp_path / "adapter")
    edit(adapter / "adapter_config.json", adapters={"x": "/elsewhere"})
    with pytest.raises(InputError, match="adapters makes a library read other files"):
        resolve(adapter)


@pytest.mark.parametrize("name", ["../other.bin", "/elsewhere/other.bin", "sub/other.bin"])
def test_an_index_of_pickles_names_files_of_the_folder_only(model_copy: Path, name: str) -> None:
    (model_copy / "model.safetensors").unlink()
    (model_copy / "pytorch_model-1.bin").write_bytes(b"")
    (model_copy / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(InputError, match=r"lacks .*named in pytorch_model"):
        resolve(model_copy, allow_pickle=True)


# Pickles behind a decoy


def test_a_decoy_does_not_let_a_pickle_be_read(model_copy: Path, tmp_path: Path) -> None:
    adapter = adapter_of(model_copy, tmp_path / "adapter")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model_x.safetensors")
    (adapter / "adapter_model.bin").write_bytes(b"cos\nsystem\n")
    with pytest.raises(InputError, match=r"expected adapter_model\.safetensors alone"):
        resolve(adapter)
    (model_copy / "model.safetensors").rename(model_copy / "x.safetensors")
    (model_copy / "pytorch_model.bin").write_bytes(b"cos\nsystem\n")
    with pytest.raises(InputError, match=r"expected model\.safetensors"):
        resolve(model_copy)


def test_without_leave_no_pickle_lies_where_models_are_loaded_from(model_copy: Path) -> None:
    (model_copy / "pytorch_model.bin").write_bytes(b"cos\nsystem\n")
    (model_copy / "vocab.pkl").write_bytes(b"cos\nsystem\n")
    for allowed in (False, True):
        with opened(resolve(model_copy), allow_pickle=allowed) as held:
            assert (held.source.base / "pytorch_model.bin").exists() is allowed
            assert (held.source.base / "vocab.pkl").exists() is allowed
            assert held.identity == identify(resolve(model_copy))


# Files exchanged while they are scored


def swapping(monkeypatch: pytest.MonkeyPatch, change: Callable[[], Any]) -> None:
    """``change`` the model after its digest was taken and before it is loaded."""
    import jeval.models.load

    load = jeval.models.load.load

    def changed(*args: Any, **kwargs: Any) -> Any:
        change()
        return load(*args, **kwargs)

    monkeypatch.setattr("jeval.audit.subject.load", changed)


@pytest.mark.parametrize("how", ["copy", "hard link", "in place"])
def test_a_file_exchanged_after_the_digest_is_not_what_is_scored(
    cli: Cli, model_copy: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    assert cli(*RUN, "--model", tiny_model, "--out", tmp_path / "clean").code == 0
    monkeypatch.setenv("JEVAL_CACHE", str(tmp_path / "own" / "a.sqlite"))
    other_weights(tiny_model, tmp_path / "other")
    monkeypatch.setattr(snapshot, "_reflink", lambda *a: False)
    if how != "copy":
        monkeypatch.setattr(snapshot, "BIG", 1)
    weights = model_copy / "model.safetensors"
    swapping(monkeypatch, lambda: os.replace(tmp_path / "other" / "model.safetensors", weights))
    more = ["--no-snapshot"] if how == "in place" else []
    assert cli(*RUN, "--model", model_copy, "--out", tmp_path / "run", *more).code == 0
    record = read_record(tmp_path / "run")
    assert record.model.opened == how
    assert record.model.identity == read_record(tmp_path / "clean").model.identity
    assert answers(tmp_path / "run") == answers(tmp_path / "clean")
    assert record.model.identity != identify(resolve(model_copy))


@pytest.mark.parametrize("how", ["hard link", "in place"])
def test_bytes_written_into_the_file_itself_end_the_run_and_leave_no_answer(
    cli: Cli, model_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_cache: Path, how: str
) -> None:
    other_weights(model_copy, tmp_path / "other")
    monkeypatch.setattr(snapshot, "_reflink", lambda *a: False)
    monkeypatch.setattr(snapshot, "BIG", 1)
    weights = model_copy / "model.safetensors"

    def overwrite() -> None:
        with weights.open("r+b") as file:
            file.write((tmp_path / "other" / "model.safetensors").read_bytes())

    swapping(monkeypatch, overwrite)
    more = ["--no-snapshot"] if how == "in place" else []
    result = cli(*RUN, "--model", model_copy, "--out", tmp_path / "run", *more)
    assert result.code == 3
    assert f"jeval: {model_copy} was changed while it was scored" in result.err
    assert not (tmp_path / "run" / "run.json").exists()
    assert sqlite3.connect(private_cache).execute("SELECT COUNT(*) FROM answers").fetchone() == (0,)


def test_answers_of_overwritten_weights_are_not_written_even_if_the_run_is_killed_before_its_end(
    cli: Cli, model_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_cache: Path
) -> None:
    monkeypatch.setattr(snapshot, "_reflink", lambda *a: False)
    monkeypatch.setattr(snapshot, "BIG", 1)
    monkeypatch.setattr(snapshot.Snapshot, "check", lambda self: pytest.fail("the end was reached"))
    swapping(monkeypatch, lambda: os.utime(model_copy / "model.safetensors"))
    result = cli(*RUN, "--model", model_copy, "--out", tmp_path / "run")
    assert result.code == 3
    assert "was changed while it was scored" in result.err
    assert sqlite3.connect(private_cache).execute("SELECT COUNT(*) FROM answers").fetchone() == (0,)


def test_bytes_written_into_the_file_do_not_reach_a_copy(
    cli: Cli, model_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = identify(resolve(model_copy)).digest
    swapping(monkeypatch, lambda: (model_copy / "model.safetensors").write_bytes(b"other"))
    assert cli(*RUN, "--model", model_copy, "--out", tmp_path / "run").code == 0
    identity = read_record(tmp_path / "run").model.identity
    assert identity is not None
    assert identity.digest == digest


def test_weights_written_and_put_back_are_found_by_their_time(
    model_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "BIG", 1)
    weights = model_copy / "model.safetensors"
    with opened(resolve(model_copy), private=False) as held:
        held.check()
        content = weights.read_bytes()
        for part in (b"other", content[:5]):
            with weights.open("r+b") as file:
                file.write(part)
        assert identify(held.source).digest == held.identity.digest
        os.utime(weights, ns=(1, 1))
        with pytest.raises(ModelError, match="was changed while it was scored"):
            held.check()


# The folder itself


def test_a_model_is_loaded_from_a_folder_that_nobody_else_can_enter(model_copy: Path, private_cache: Path) -> None:
    with opened(resolve(model_copy)) as held:
        folder = held.source.base.parent
        assert folder.parent == private_cache.parent / "snapshots"
        assert folder.stat().st_mode & 0o077 == 0
        assert {file.name for file in held.source.base.iterdir()} == {
            name.partition("/")[2] for name in held.identity.files
        }
    assert not folder.exists()


def test_a_folder_that_others_could_exchange_is_passed_over(
    model_copy: Path, private_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    os.chmod(private_cache.parent, 0o777)
    with opened(resolve(model_copy)) as held:
        assert tmp_path in held.source.base.parents
    mine = tmp_path / f"jeval-snapshots-{os.getuid()}"
    mine.symlink_to(tmp_path / "model")
    with opened(resolve(model_copy)) as held:
        assert tmp_path not in held.source.base.parents


def test_what_a_killed_run_left_is_removed_by_the_next_and_a_living_one_kept(
    model_copy: Path, private_cache: Path
) -> None:
    dead = private_cache.parent / "snapshots" / "model-dead"
    dead.mkdir(parents=True)
    (dead / "lock").touch()
    with opened(resolve(model_copy)) as first:
        assert not dead.exists()
        with opened(resolve(model_copy)) as second:
            assert first.source.base.exists()
            assert second.source.base != first.source.base


def test_an_error_names_the_users_file_and_not_its_place_in_the_snapshot(
    cli: Cli, model_copy: Path, tmp_path: Path
) -> None:
    edit(model_copy / "config.json", num_hidden_layers=1)
    result = cli(*RUN, "--model", model_copy, "--out", tmp_path / "run")
    assert result.code == 3
    assert result.err.splitlines()[-1].startswith(f"jeval: {model_copy}: the checkpoint has ")
    assert "snapshots" not in result.err


def test_a_pipe_in_the_place_of_weights_is_not_waited_for(model_copy: Path) -> None:
    (model_copy / "model.safetensors").unlink()
    os.mkfifo(model_copy / "model.safetensors")
    with pytest.raises(InputError, match="is no regular file"):
        resolve(model_copy)


# Copies of GGUF files


@pytest.mark.parametrize("change", ["empty list", "stranger"])
def test_a_kept_copy_of_a_gguf_holds_what_its_list_says_and_nothing_else(tmp_path: Path, change: str) -> None:
    from jeval.digests import file_digest
    from jeval.models.gguf import _whole

    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "files.json").write_text(json.dumps({"config.json": file_digest(tmp_path / "config.json")}))
    assert _whole(tmp_path)
    if change == "stranger":
        (tmp_path / "adapter_config.json").write_text("{}")
    else:
        (tmp_path / "files.json").write_text("{}")
    assert not _whole(tmp_path)
