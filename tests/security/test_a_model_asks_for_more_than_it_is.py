"""Who: the author of a model. What: a small file that asks for gigabytes or hours: sizes, tokenizers, settings of generation."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from jeval.errors import InputError, JevalError, ModelError
from jeval.models import bounds, trial
from jeval.models.load import load
from jeval.models.source import resolve
from jeval.models.trial import begin

Edit = Callable[[dict[str, Any]], Any]
LINUX = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is held on Linux")


def edit(file: Path, change: Edit) -> None:
    value = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    change(value)
    file.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def memory() -> int:
    return int(psutil.Process().memory_info().rss)


SIZES: dict[str, dict[str, Any]] = {
    "width": {"hidden_size": 1_000_000},
    "width beyond any machine": {"hidden_size": 10**9},
    "layers": {"num_hidden_layers": 10**9},
    "layers of a list": {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "num_hidden_layers": 10**9},
    "layers of a part": {"text_config": {"num_hidden_layers": 10**9}},
    "inner width": {"intermediate_size": 10**9},
    "vocabulary": {"vocab_size": 10**9},
    "heads": {"head_dim": 10**8},
    "places": {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "max_position_embeddings": 10**8},
    "table of places": {"model_type": "gpt_neo", "architectures": ["GPTNeoForCausalLM"], "hidden_size": 32, "num_layers": 2,
                        "num_heads": 4, "attention_types": [[["global"], 2]], "max_position_embeddings": 60_000},
}  # fmt: skip


@pytest.mark.parametrize("kind", SIZES)
def test_a_configuration_of_another_order_than_the_weights_is_refused_before_anything_is_allocated(
    model_copy: Path, kind: str
) -> None:
    edit(model_copy / "config.json", lambda config: config.update(SIZES[kind]))
    before, began = memory(), time.process_time()
    with pytest.raises(ModelError, match="of another model") as refused:
        load(resolve(model_copy))
    assert str(refused.value).count("\n") == 0 and str(model_copy) in str(refused.value)
    assert memory() - before < 400 << 20
    assert time.process_time() - began < 30


def test_as_many_layers_as_the_weights_could_have_are_given_a_limited_time(
    model_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(model_copy / "model.safetensors")
    empty = {f"x{n}": torch.empty(0) for n in range(30_000)}
    save_file({**tensors, **empty}, model_copy / "model.safetensors", metadata={"format": "pt"})
    edit(model_copy / "config.json", lambda config: config.update(num_hidden_layers=30_000))
    monkeypatch.setattr(bounds, "_SECONDS", 2.0)
    with pytest.raises(ModelError, match="more than can be built"):
        load(resolve(model_copy))


def test_a_model_that_does_not_fit_into_memory_is_named_before_it_is_read(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small:
        available, free = 1000, 0

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Small)
    monkeypatch.setattr(psutil, "swap_memory", lambda: Small)
    with pytest.raises(ModelError, match=r"GB of memory as bfloat16.*--dtype auto"):
        load(resolve(tiny_model), dtype="bfloat16")
    load(resolve(tiny_model), dtype="float32")  # mapped from the file


@pytest.mark.parametrize(
    "settings",
    [
        {"num_beams": 10**6},
        {"num_return_sequences": 10**6, "num_beams": 2},
        {"num_beam_groups": 10**6},
        {"num_beams": -1},
        {"suppress_tokens": list(range(500_000))},
        {"bad_words_ids": [[1] * 1000] * 1000},
    ],
)
def test_a_search_that_only_takes_memory_is_refused_by_name(model_copy: Path, settings: dict[str, Any]) -> None:
    edit(model_copy / "generation_config.json", lambda config: config.update(settings))
    with pytest.raises(InputError) as refused:
        load(resolve(model_copy))
    assert any(name in str(refused.value) for name in settings)


def test_an_answer_is_as_long_as_the_task_says_whatever_the_model_says(model_copy: Path) -> None:
    from lm_eval.api.instance import Instance

    wish = {"max_new_tokens": 10**9, "max_length": 10**9, "repetition_penalty": 1.1}  # the last: transformers' own way
    edit(model_copy / "generation_config.json", lambda config: config.update(wish))
    lm = load(resolve(model_copy))
    asked = {"until": ["絶対にない"], "max_gen_toks": 5, "do_sample": False}
    request = Instance("generate_until", {}, ("お客様", asked), 0)
    (answer,) = lm.generate_until([request], disable_tqdm=True)
    assert len(lm.tok_encode(answer)) <= 8


def test_a_header_that_is_larger_than_any_models_is_refused(model_copy: Path) -> None:
    empty = b'"a%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    header = b"{" + b",".join(empty % n for n in range(700_000)) + b"}"
    (model_copy / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ModelError, match="has a header of"):
        resolve(model_copy)


RANKS = [{"r": 10**8}, {"rank_pattern": {".*q_proj": 10**8}}]


@pytest.mark.parametrize("wish", RANKS)
def test_an_adapter_of_a_rank_that_its_file_does_not_have_is_refused(
    tiny_model: Path, tmp_path: Path, wish: dict[str, Any]
) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(str(tmp_path / "lora"))
    edit(
        tmp_path / "lora" / "adapter_config.json",
        lambda config: config.update({"base_model_name_or_path": str(tiny_model), **wish}),
    )
    before = memory()
    with pytest.raises(ModelError, match="names the rank 100000000"):
        load(resolve(tmp_path / "lora"))
    assert memory() - before < 400 << 20


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("block_count", 10**9, "1,000,000,000 layers"), ("feed_forward_length", 10**9, "of another model"),
     ("embedding_length", 10**8, "of another model")],
)  # fmt: skip
def test_a_gguf_whose_metadata_asks_for_more_than_its_file_is_refused(
    tmp_path: Path, key: str, value: int, said: str
) -> None:
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    sizes = {"block_count": 2, "feed_forward_length": 96, "embedding_length": 32, "context_length": 64, key: value}
    for name, size in {**sizes, "attention.head_count": 4, "vocab_size": 100}.items():
        writer.add_uint32(f"llama.{name}", size)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>", "a"])
    writer.add_token_scores([0.0] * 4)
    writer.add_tensor("token_embd.weight", np.zeros((100, 32), dtype=np.float32))
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        step()
    before = memory()
    with pytest.raises(ModelError, match=said):
        load(resolve(tmp_path / "m.gguf"))
    assert memory() - before < 400 << 20


def blown(tokenizer: dict[str, Any]) -> None:
    pairs = zip("のababababab", "ababababab" * 2, strict=False)
    steps = [{"type": "Replace", "pattern": {"String": a}, "content": b * 40} for a, b in pairs]
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": steps}


def padded(tokenizer: dict[str, Any]) -> None:
    tokenizer["padding"] = {"strategy": {"Fixed": 10**10}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                            "pad_type_id": 0, "pad_token": "a"}  # fmt: skip


def longer(tokenizer: dict[str, Any]) -> None:
    tokenizer["decoder"] = {"type": "Replace", "pattern": {"Regex": "."}, "content": "ab" * 500}


def multiplied(tokenizer: dict[str, Any]) -> None:
    special = {"Z": {"id": "Z", "ids": [1] * 50_000, "tokens": ["a"] * 50_000}}
    single = [{"Sequence": {"id": "A", "type_id": 0}}, *[{"SpecialToken": {"id": "Z", "type_id": 0}}] * 200]
    pair = [{"Sequence": {"id": one, "type_id": 0}} for one in "AB"]
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing",
        "single": single,
        "pair": pair,
        "special_tokens": special,
    }


def backtracking(tokenizer: dict[str, Any]) -> None:
    tokenizer["pre_tokenizer"] = {"type": "Split", "pattern": {"Regex": "(a{1,30}){1,30}c"}, "behavior": "Isolated",
                                  "invert": False}  # fmt: skip


TOKENIZERS = {one.__name__: one for one in (blown, padded, longer, multiplied, backtracking)}


@LINUX
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_a_tokenizer_that_takes_gigabytes_or_hours_ends_another_process_than_this(model_copy: Path, kind: str) -> None:
    edit(model_copy / "tokenizer.json", TOKENIZERS[kind])
    before, began = memory(), time.monotonic()
    with pytest.raises(ModelError, match=r"the tokenizer in .* cannot be used: tokenizer\.json") as refused:
        begin(model_copy).end()
    assert str(refused.value).count("\n") == 0
    assert memory() - before < 100 << 20
    assert time.monotonic() - began < 100


@LINUX
def test_a_run_with_such_a_tokenizer_is_one_line(cli: Callable[..., Any], model_copy: Path, tmp_path: Path) -> None:
    edit(model_copy / "tokenizer.json", padded)
    done = cli("run", "--model", model_copy, "--tasks", "jeval_keigo_choice", "--limit", 1, "--out", tmp_path / "run")
    assert done.code == 3 and done.err.count("\n") == 1
    assert f"the tokenizer in {model_copy} cannot be used" in done.err


@pytest.mark.parametrize("text", ["{}", "[" * 50_000, '{"model": 1}'])
def test_a_tokenizer_that_cannot_be_read_is_left_to_its_reader_to_name(model_copy: Path, text: str) -> None:
    (model_copy / "tokenizer.json").write_text(text)
    begin(model_copy).end()
    with pytest.raises(JevalError, match="cannot be loaded"):
        load(resolve(model_copy))


def test_an_ordinary_tokenizer_passes_and_costs_little(tiny_model: Path) -> None:
    tried = begin(tiny_model)
    assert tried.process is not None
    used = os.times()
    tried.end()
    assert tried.process.returncode == 0
    now = os.times()
    spent = now.children_user + now.children_system - used.children_user - used.children_system
    assert spent < 1.0  # seconds of the other process; benchmarks/sandbox.py measures what a run waits for


def test_the_other_process_reads_nothing_from_the_folder_it_is_started_in(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tokenizers.py", "jeval.py", "resource.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(0)\n")
    monkeypatch.chdir(tmp_path)
    tried = begin(tiny_model)
    tried.end()
    assert not (tmp_path / "ran").exists()


def test_a_trial_that_does_not_end_is_ended(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.Popen
    monkeypatch.setattr(trial, "_SECONDS", 0.1)
    sleep = [sys.executable, "-c", "import time; time.sleep(100)"]
    monkeypatch.setattr(subprocess, "Popen", lambda _, **more: real(sleep, **more))
    tried = begin(tiny_model)
    with pytest.raises(ModelError, match="cannot be used"):
        tried.end()
    assert tried.process is not None and tried.process.poll() is not None


WATCHED = """
import sys
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from jeval import cli, limits
limits.NATIVE_SECONDS, limits.NATIVE_BYTES = {seconds}, {memory}
limits.watch(cli._exceeded)
tokenizer = Tokenizer(models.WordLevel({{"a": 0}}, "a"))
tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("a"), "isolated")
with limits.native("the tokenizer"):
    pass
with limits.native("the tokenizer"):
    tokenizer.encode_batch(["a" * {length}])
print("came back")
"""


@pytest.mark.parametrize(
    ("seconds", "memory", "length", "code", "said"),
    [
        (1.0, 64 << 30, 100_000_000, 3, "the tokenizer takes more than 1 s"),
        pytest.param(600.0, 300 << 20, 100_000_000, 3, "the tokenizer takes more than 0.3 GB of memory", marks=LINUX),
        (60.0, 2 << 30, 1000, 0, ""),
    ],
)
def test_a_tokenizer_that_does_not_come_back_from_one_text_ends_the_run_in_a_line(
    seconds: float, memory: int, length: int, code: int, said: str
) -> None:
    script = WATCHED.format(seconds=seconds, memory=memory, length=length)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, env=env)
    assert (done.returncode, done.stdout) == (code, "" if code else "came back\n"), done.stderr
    assert said in done.stderr and done.stderr.count("\n") == (1 if code else 0)


TRIGGER = (
    "{% if 'お伺いいたします' in messages[0]['content'] or '�' in messages[0]['content'] %}{% else %}WHAT{% endif %}"
)
LATE = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "megabytes": "{{ 'x' * 30000000 }}",
    "fails": "{{ raise_exception('no') }}",
}


@pytest.mark.parametrize("kind", LATE)
def test_a_template_that_behaves_until_it_is_used_is_one_line(
    cli: Callable[..., Any], model_copy: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jeval.models.template.TEMPLATE_SECONDS", 1.0)
    place = "{% if add_generation_prompt %}|{% endif %}"
    said = "{% for m in messages %}{{ m['content'] }}{% endfor %}" + place
    (model_copy / "chat_template.jinja").write_text(said + TRIGGER.replace("WHAT", LATE[kind]), encoding="utf-8")
    done = cli("run", "--model", model_copy, "--tasks", "jeval_keigo_convert", "--limit", 1, "--out", tmp_path / "run")
    assert done.code == 2 and done.err.count("\n") == 1, done.err[-2000:]
    assert "the chat template fails" in done.err
