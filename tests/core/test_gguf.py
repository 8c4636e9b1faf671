"""A .gguf file is dequantised and scored like the folder it was made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch

from jeval.errors import InputError
from jeval.models import gguf as copies
from jeval.models.identity import identify
from jeval.models.load import load
from jeval.models.source import resolve
from jeval.record.store import read_record

_LAYER = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def write_gguf(folder: Path, target: Path) -> Path:
    """Write a tiny Llama folder as GGUF (F32, llama.cpp's order of rotary dimensions)."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    config, heads = model.config, model.config.num_attention_heads
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(config.hidden_size // heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([2, 3, 3, 3] + [1] * (len(tokens) - 4))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(3)
    names = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    for layer in range(config.num_hidden_layers):
        names |= {f"model.layers.{layer}.{a}.weight": f"blk.{layer}.{b}.weight" for a, b in _LAYER.items()}
    state = model.state_dict()
    for ours, theirs in names.items():
        tensor = state[ours]
        if ours.endswith(("q_proj.weight", "k_proj.weight")):
            shape = tensor.shape
            tensor = tensor.reshape(heads, 2, shape[0] // heads // 2, shape[1]).swapaxes(1, 2).reshape(shape)
        writer.add_tensor(theirs, tensor.numpy().astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def test_a_gguf_file_computes_what_its_source_computes(tiny_model: Path, tmp_path: Path) -> None:
    file = write_gguf(tiny_model, tmp_path / "tiny.gguf")
    options: dict[str, Any] = {"device": "cpu", "dtype": "float32", "backend": "hf"}
    a, b = load(resolve(file), **options), load(resolve(tiny_model), **options)
    ids = torch.tensor([b.tok_encode("社長がいらっしゃいます。")])
    with torch.inference_mode():
        assert torch.allclose(a.model(ids).logits, b.model(ids).logits, atol=1e-5)


def test_jeval_run_takes_a_gguf_file(cli: Callable[..., Any], tiny_model: Path, tmp_path: Path) -> None:
    file = write_gguf(tiny_model, tmp_path / "tiny.gguf")
    args = ("--device", "cpu", "--limit", "4", "--tasks", "jeval_keigo_pairs", "--out", tmp_path / "run")
    result = cli("run", "--model", file, *args)
    assert result.code == 0, result.err
    record = read_record(tmp_path / "run")
    assert record.model.kind == "gguf"
    assert record.tasks["jeval_keigo_pairs"].n == 4


def test_a_gguf_is_known_by_its_bytes_not_by_its_name_or_neighbours(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    blob = write_gguf(tiny_model, tmp_path / "blobs" / "0123abcd")
    link = tmp_path / "other-name.gguf"
    link.symlink_to(blob)
    (blob.parent / "adapter_config.json").write_text('{"base_model_name_or_path": "x"}')
    (blob.parent / "config.json").write_text("{")
    assert resolve(blob).kind == resolve(link).kind == "gguf"
    assert identify(resolve(blob)).digest == identify(resolve(link)).digest
    load(resolve(link), device="cpu")


def test_a_part_of_a_split_gguf_is_named(tiny_model: Path, tmp_path: Path) -> None:
    part = write_gguf(tiny_model, tmp_path / "m-00002-of-00003.gguf")
    with pytest.raises(InputError, match=r"part 2 of 3 .*--merge"):
        resolve(part)


def test_a_gguf_is_dequantised_once_and_a_changed_copy_is_made_anew(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_gguf(tiny_model, tmp_path / "tiny.gguf")
    with copies.opened(file) as folder:
        weights = folder / "model.safetensors"
        content = weights.read_bytes()
    made = copies._convert
    calls: list[Path] = []

    def counted(*args: Path) -> None:
        calls.append(args[0])
        made(*args)

    monkeypatch.setattr(copies, "_convert", counted)
    with copies.opened(file) as again:
        assert again == folder
    assert calls == []
    weights.write_bytes(content[:-4] + b"\x00\x00\x80\x7f")  # infinity for the last weight
    with copies.opened(file) as again:
        assert (again / "model.safetensors").read_bytes() == content
    assert calls == [file]


def test_a_gguf_is_scored_where_no_copy_can_be_kept(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_gguf(tiny_model, tmp_path / "tiny.gguf")
    (tmp_path / "file").touch()
    monkeypatch.setenv("JEVAL_CACHE", str(tmp_path / "file" / "answers.sqlite"))
    load(resolve(file), device="cpu")


def test_a_splitting_that_transformers_does_not_know_is_said(tiny_model: Path, tmp_path: Path) -> None:
    def unknown(name: str) -> str:
        writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(name)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        return copies.unknown_splitting(tmp_path / "m.gguf")

    assert copies.unknown_splitting(write_gguf(tiny_model, tmp_path / "tiny.gguf")) == ""
    assert unknown("llama-bpe") == ""
    assert unknown("smollm") == ""
    assert unknown("something-new") == "something-new"


def test_digits_stand_apart_where_the_file_says_so() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = pre_tokenizers.ByteLevel.alphabet()
    vocabulary = {letter: i for i, letter in enumerate([*sorted(letters), "ĊĊ", "12"])}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[("Ċ", "Ċ"), ("1", "2")]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner)
    assert tokenizer.tokenize("\n\n12") == ["Ċ", "Ċ", "12"]
    copies.split_digits(tokenizer, "gpt-2")
    assert tokenizer.tokenize("\n\n12") == ["Ċ", "Ċ", "12"]
    copies.split_digits(tokenizer, "smollm")
    assert tokenizer.tokenize("\n\n12") == ["ĊĊ", "1", "2"]
