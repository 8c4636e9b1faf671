"""Bad input ends with one clear line and exit code 2; broken weights with 3."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

Cli = Callable[..., Any]
RUN = ("run", "--device", "cpu", "--tasks", "jeval_keigo_pairs", "--limit", "4")


def one_line(result: Any, code: int, *words: str) -> None:
    assert result.code == code, result.err
    message = result.err.strip().splitlines()[-1]
    assert message.startswith("jeval: ")
    assert "Traceback" not in result.err
    for word in words:
        assert word in message, message


def test_no_such_path(cli: Cli) -> None:
    one_line(cli(*RUN, "--model", "/no/such/folder"), 2, "no such model path", "/no/such/folder", ".gguf")


def test_a_missing_model_option(cli: Cli) -> None:
    one_line(cli(*RUN), 2, "--model")


def test_a_folder_without_weights(cli: Cli, model_copy: Path) -> None:
    (model_copy / "model.safetensors").unlink()
    one_line(cli(*RUN, "--model", model_copy), 2, "no weights", "*.safetensors")


def test_an_empty_folder(cli: Cli, tmp_path: Path) -> None:
    one_line(cli(*RUN, "--model", tmp_path), 2, "config.json")


def test_pickle_weights_are_refused(cli: Cli, model_copy: Path) -> None:
    torch.save(load_file(model_copy / "model.safetensors"), model_copy / "pytorch_model.bin")
    (model_copy / "model.safetensors").unlink()
    one_line(cli(*RUN, "--model", model_copy), 2, "pickle", "pytorch_model.bin", "--allow-pickle")


def test_no_tokenizer(cli: Cli, model_copy: Path) -> None:
    (model_copy / "tokenizer.json").unlink()
    one_line(cli(*RUN, "--model", model_copy), 2, "no tokenizer", "tokenizer.json")


def test_an_unknown_task_is_answered_with_near_matches(cli: Cli, tiny_model: Path) -> None:
    result = cli("run", "--model", tiny_model, "--tasks", "jeval_keigo_pair")
    one_line(result, 2, "jeval_keigo_pair", "did you mean", "jeval_keigo_pairs")


def test_an_unknown_suite(cli: Cli, tiny_model: Path) -> None:
    one_line(cli("run", "--model", tiny_model, "--suite", "exam"), 2, "exam", "audit")


def test_an_unreadable_yaml_is_never_skipped(cli: Cli, tiny_model: Path) -> None:
    pack = Path(__file__).with_name("packs") / "broken"
    one_line(
        cli(*RUN, "--model", tiny_model, "--include-path", pack, "--trust-pack", pack.name), 2, "broken.yaml", "line 2"
    )


def test_an_out_folder_with_another_models_run(cli: Cli, tiny_model: Path, model_copy: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert cli(*RUN, "--model", tiny_model, "--out", out).code == 0
    weights = load_file(model_copy / "model.safetensors")
    weights["model.norm.weight"] += 0.5
    save_file(weights, model_copy / "model.safetensors", {"format": "pt"})
    before = (out / "run.json").read_bytes()
    one_line(cli(*RUN, "--model", model_copy, "--out", out), 2, "another model", str(out))
    one_line(cli(*RUN, "--model", tiny_model, "--out", out, "--seed", 5), 2, "other settings")
    assert (out / "run.json").read_bytes() == before


def test_an_out_folder_with_other_things(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x")
    one_line(cli(*RUN, "--model", tiny_model, "--out", tmp_path), 2, "not empty", "letter.txt")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("--dtype", "float33"), ("float33", "bfloat16")),
        (("--backend", "vlllm", "--model-args", "a=1"), ("vlllm", "vllm")),
        (("--model-args", "nonsense"), ("key=value",)),
        (("--model-args", "no_such_option=1"), ("no_such_option",)),
        (("--lang", "fr"), ("fr", "ja or en")),
        (("--as-of", "tomorrow"), ("tomorrow", "date")),
        (("--limit", "0"), ("--limit 0",)),
        (("--canaries", "/no/such.jsonl"), ("/no/such.jsonl",)),
    ],
)
def test_a_wrong_option(cli: Cli, tiny_model: Path, extra: tuple[str, ...], words: tuple[str, ...]) -> None:
    one_line(cli("run", "--model", tiny_model, "--tasks", "jeval_keigo_pairs", *extra), 2, *words)


def test_nan_weights_end_with_3_and_name_the_tensor(cli: Cli, model_copy: Path) -> None:
    weights = load_file(model_copy / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"][3, 4] = float("nan")
    save_file(weights, model_copy / "model.safetensors", {"format": "pt"})
    one_line(cli(*RUN, "--model", model_copy), 3, "model.layers.1.mlp.up_proj.weight")


def test_finite_weights_that_compute_inf_end_with_3_and_name_the_layer(cli: Cli, model_copy: Path) -> None:
    weights = load_file(model_copy / "model.safetensors")
    for name in ("gate_proj", "up_proj", "down_proj"):
        weights[f"model.layers.0.mlp.{name}.weight"] *= 1e30
    save_file(weights, model_copy / "model.safetensors", {"format": "pt"})
    one_line(cli(*RUN, "--model", model_copy), 3, "model.layers.0.mlp")


def test_a_checkpoint_that_lacks_a_tensor_is_not_filled_with_random_numbers(cli: Cli, model_copy: Path) -> None:
    weights = load_file(model_copy / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, model_copy / "model.safetensors", {"format": "pt"})
    one_line(cli(*RUN, "--model", model_copy), 3, "model.layers.1.mlp.up_proj.weight", "lacks")


def test_a_truncated_weights_file_ends_with_3(cli: Cli, model_copy: Path) -> None:
    file = model_copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    one_line(cli(*RUN, "--model", model_copy), 3, "model.safetensors")


def test_an_adapter_whose_base_is_not_local(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "someone/some-model"}))
    shutil.copy(tiny_model / "model.safetensors", adapter / "adapter_model.safetensors")
    one_line(cli(*RUN, "--model", adapter), 2, "someone/some-model", "local")


def test_a_file_that_is_no_gguf(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    one_line(cli(*RUN, "--model", tiny_model / "config.json"), 2, ".gguf")
    fake = tmp_path / "x.gguf"
    fake.write_bytes(b"not gguf")
    result = cli(*RUN, "--model", fake)
    assert result.code in {2, 3}
    assert "Traceback" not in result.err


def _takes_interrupts() -> None:
    """A shell that starts tests in the background has them ignore interrupts, and so their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_within_two_seconds_and_says_how_to_resume(
    tiny_model: Path, tmp_path: Path, warm: list[str]
) -> None:
    pack = Path(__file__).with_name("packs") / "slow"
    for number in range(3):  # a busy neighbour may take one try's two seconds, not those of three
        folder = tmp_path / str(number)
        folder.mkdir()
        command = [*warm, "-m", "jeval.cli", "run", "--model", str(tiny_model), "--device", "cpu", "--backend", "hf",
                   "--tasks", "slow", "--include-path", str(pack), "--trust-pack", pack.name, "--allow-write", str(folder), "--out", str(folder / "run")]  # fmt: skip
        environment = {**os.environ, "SLOW_DIR": str(folder)}
        child = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=_takes_interrupts
        )
        while not (folder / "started").exists():
            assert child.poll() is None, child.stderr.read() if child.stderr else ""
            time.sleep(0.05)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=20)
        if (seconds := time.monotonic() - sent) < 2:
            break
    assert seconds < 2
    assert child.returncode == 130
    assert "interrupted" in err
    assert "jeval run --model" in err
    assert "Traceback" not in err
