"""Loading: what lies at the path lands whole and can be scored, or one line says why not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from peft import LoraConfig, PrefixTuningConfig, PromptTuningConfig, TaskType, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    BertConfig,
    BertForMaskedLM,
    BertLMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
)

from jeval.demo.model import char_tokenizer, save
from jeval.errors import InputError, JevalError, ModelError
from jeval.models import options
from jeval.models.checks import check_causal
from jeval.models.hf import JevalHF
from jeval.models.load import load
from jeval.models.source import resolve

TOKENIZER = char_tokenizer(["お客様がご覧になる。abcdefghij0123456789"])


def llama(*, layers: int = 2, tie: bool = False, seed: int = 0, rows: int | None = None) -> Any:
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=rows or len(TOKENIZER),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=tie,
            bos_token_id=1,
            eos_token_id=2,
            initializer_range=0.3,
        )
    )


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return save(llama(), TOKENIZER, tmp_path / "base")


def edit(path: Path, **values: Any) -> None:
    content = json.loads(path.read_text())
    content.update(values)
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def opened(folder: Path, **given: Any) -> Any:
    return load(resolve(folder, allow_pickle=given.get("allow_pickle", False)), device="cpu", **given)


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([[1, 5, 6, 7, 8]])).logits


# Options


def test_every_keyword_of_the_classes_is_effective_owned_by_a_flag_or_known_to_do_nothing() -> None:
    names = {name for cls in (HFLM, JevalHF) for name in signature(cls).parameters} - {"args", "kwargs"}
    known = options.EFFECTIVE | set(options.OWNED) | set(options.WITHOUT_EFFECT)
    assert names - known == set()
    assert not options.EFFECTIVE & (set(options.OWNED) | set(options.WITHOUT_EFFECT))


@pytest.mark.parametrize("name", sorted([*options.OWNED, *options.WITHOUT_EFFECT, "no_such_option"]))
def test_an_option_that_would_do_nothing_is_refused(base: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"--model-args {name}: "):
        opened(base, model_args={name: "x"})


def test_an_effective_option_acts(base: Path) -> None:
    assert opened(base, model_args={"max_length": 77}).max_length == 77


# What is computed


def test_the_default_dtype_is_float32_whatever_the_checkpoint_and_the_machine(base: Path) -> None:
    llama().to(torch.bfloat16).save_pretrained(base)
    assert opened(base).model.dtype == torch.float32
    assert opened(base, dtype="auto").model.dtype == torch.bfloat16
    assert opened(base, dtype="float64").model.dtype == torch.float64


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"device": "gpu0"}, "--device gpu0"),
        ({"device": "cuda:99"}, "--device cuda:99"),
        ({"dtype": "float31"}, "--dtype"),
        ({"dtype": "Tensor"}, "--dtype"),
        ({"batch_size": "abc"}, "--batch-size abc"),
        ({"batch_size": "0"}, "--batch-size 0"),
    ],
)
def test_an_impossible_option_is_named_before_anything_is_loaded(
    base: Path, given: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load(resolve(base), **({"device": "cpu"} | given))  # type: ignore[arg-type]


# Checkpoints land whole


def fewer_layers(folder: Path) -> None:
    llama(layers=4).save_pretrained(folder)
    edit(folder / "config.json", num_hidden_layers=2, layer_types=None)


def more_layers(folder: Path) -> None:
    edit(folder / "config.json", num_hidden_layers=3, layer_types=None)


def another_width(folder: Path) -> None:
    edit(folder / "config.json", intermediate_size=128)


def a_tensor_more(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "model.vision.weight": torch.ones(2)}, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (fewer_layers, "no place for, first model.layers.2"),
        (more_layers, "lacks 9 tensor"),
        (another_width, "gate_proj|shape"),
        (a_tensor_more, "no place for, first model.vision.weight"),
    ],
)
def test_a_checkpoint_that_does_not_land_whole_is_refused(
    base: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(base)
    with pytest.raises(JevalError, match=message):
        opened(base)


def test_what_older_versions_stored_beside_the_weights_is_passed_over(base: Path) -> None:
    llama(tie=True).save_pretrained(base)
    tensors = load_file(base / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
    save_file(tensors, base / "model.safetensors", {"format": "pt"})
    assert torch.equal(logits(opened(base).model), logits(llama(tie=True).eval()))


def test_an_output_layer_that_differs_from_tied_embeddings_is_refused(base: Path) -> None:
    llama(tie=True).save_pretrained(base)
    tensors = load_file(base / "model.safetensors")
    head = tensors["model.embed_tokens.weight"] + 1
    save_file({**tensors, "lm_head.weight": head}, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="tie_word_embeddings"):
        opened(base)


def shards_beside_a_file(folder: Path) -> None:
    llama(seed=7).save_pretrained(folder / "new", max_shard_size="20KB")
    for file in (folder / "new").glob("model*"):
        shutil.copy(file, folder)


def two_indices(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    llama(seed=7).save_pretrained(folder, max_shard_size="20KB")
    shutil.copy(folder / "model.safetensors.index.json", folder / "old.safetensors.index.json")


def consolidated(folder: Path) -> None:
    shutil.copy(folder / "model.safetensors", folder / "consolidated.safetensors")


def a_shard_more(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    llama().save_pretrained(folder, max_shard_size="20KB")
    shutil.copy(next(folder.glob("model-00001*")), folder / "model-00099-of-00099.safetensors")


@pytest.mark.parametrize(
    ("second", "named"),
    [
        (shards_beside_a_file, ["model.safetensors", "index"]),
        (two_indices, ["old.safetensors.index.json"]),
        (consolidated, ["consolidated.safetensors"]),
        (a_shard_more, ["model-00099-of-00099.safetensors"]),
    ],
)
def test_a_second_set_of_weights_is_named(base: Path, second: Callable[[Path], None], named: list[str]) -> None:
    second(base)
    with pytest.raises(InputError) as error:
        resolve(base)
    assert all(name in str(error.value) for name in named)


# Causal language models only


def test_another_head_is_refused_by_its_name(base: Path) -> None:
    config = AutoConfig.from_pretrained(base)
    config.num_labels = 1
    LlamaForSequenceClassification(config).save_pretrained(base)
    with pytest.raises(InputError, match="reward model"):
        resolve(base)


def small_bert(cls: Any, *, scale: float) -> Any:
    torch.manual_seed(0)
    return cls(
        BertConfig(
            vocab_size=len(TOKENIZER), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
            initializer_range=scale, is_decoder=False,
        )
    ).eval()  # fmt: skip


@pytest.mark.parametrize("scale", [0.02, 0.3])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_a_model_that_sees_what_comes_is_refused_whatever_its_name(tmp_path: Path, scale: float, dtype: str) -> None:
    folder = save(small_bert(BertLMHeadModel, scale=scale), TOKENIZER, tmp_path / "bert")
    with pytest.raises(InputError, match="both directions"):
        opened(folder, dtype=dtype)


def test_a_masked_language_model_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = save(small_bert(BertForMaskedLM, scale=0.3), TOKENIZER, tmp_path / "bert")
    with pytest.raises(InputError, match="masked language model"):
        resolve(folder)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("experts", [False, True])
def test_a_causal_model_passes_in_every_dtype(dtype: torch.dtype, experts: bool) -> None:
    from transformers import MixtralConfig, MixtralForCausalLM

    torch.manual_seed(0)
    mixture = MixtralConfig(
        vocab_size=99, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, initializer_range=0.3,
    )  # fmt: skip
    model: Any = MixtralForCausalLM(mixture) if experts else llama()
    check_causal(model.to(dtype).eval())


# Tokenizers


def test_a_token_beyond_the_embedding_is_named(base: Path) -> None:
    tokenizer = char_tokenizer(["お客様がご覧になる。abcdefghij0123456789"])
    tokenizer.add_tokens(["<x>"])
    tokenizer.save_pretrained(base)
    with pytest.raises(InputError, match="'<x>'"):
        opened(base)


def test_an_end_of_text_comes_from_the_model_where_the_tokenizer_has_none(base: Path) -> None:
    edit(base / "tokenizer_config.json", eos_token=None)
    assert opened(base).eot_token_id == 2
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "eos_token_id": None}))
    (base / "generation_config.json").unlink()
    with pytest.raises(InputError, match="end of text"):
        opened(base)


@pytest.mark.parametrize("content", ["{", "\ufeff{}", "[]", "null", '{"tokenizer_class": 3}'])
def test_a_damaged_tokenizer_is_one_line(base: Path, content: str) -> None:
    (base / "tokenizer_config.json").write_text(content, encoding="utf-8")
    try:
        opened(base)
    except JevalError as err:
        assert "\n" not in str(err)


def sentencepiece_folder(folder: Path) -> Path:
    import sentencepiece

    (folder / "text.txt").write_text(
        "お客様がご覧になる資料をお送りいたします。\n本日はご来店ありがとうございます。\n" * 50
    )
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "tokenizer"), vocab_size=60, model_type="unigram",
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    llama(rows=80).save_pretrained(folder)
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer", **names}))
    return folder


def test_a_sentencepiece_tokenizer_gives_its_own_tokens(tmp_path: Path) -> None:
    import sentencepiece

    lm = opened(sentencepiece_folder(tmp_path))
    own = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
    for text in ("お客様がご覧になる。", "本日はありがとうございます"):
        assert lm.tok_encode(text, add_special_tokens=False) == own.encode(text)


def test_a_missing_package_of_sentencepiece_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sentencepiece_folder(tmp_path)
    monkeypatch.setattr("jeval.models.load.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install sentencepiece protobuf"):
        opened(tmp_path)


# Adapters land whole


def adapter(base: Path, folder: Path, config: Any = None, **more: Any) -> Path:
    """An adapter with weights that show (fresh ones change nothing)."""
    config = config or LoraConfig(task_type=TaskType.CAUSAL_LM, r=4, target_modules=["q_proj", "v_proj"], **more)
    torch.manual_seed(1)
    model: Any = get_peft_model(LlamaForCausalLM.from_pretrained(base), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.5)
    model.save_pretrained(folder)
    edit(folder / "adapter_config.json", base_model_name_or_path=str(base))
    return folder


def test_an_adapter_acts(base: Path, tmp_path: Path) -> None:
    plain, adapted = opened(base).model, opened(adapter(base, tmp_path / "lora")).model
    assert not torch.allclose(logits(plain), logits(adapted), atol=1e-2)


def another_prefix(folder: Path) -> None:
    file = folder / "adapter_model.safetensors"
    save_file({name.replace("layers.", "blocks."): one for name, one in load_file(file).items()}, file)


def half_of_it(folder: Path) -> None:
    file = folder / "adapter_model.safetensors"
    tensors = load_file(file)
    save_file({name: tensors[name] for name in sorted(tensors)[: len(tensors) // 2]}, file)


def deeper(folder: Path) -> None:
    file = folder / "adapter_model.safetensors"
    tensors = load_file(file)
    save_file({**tensors, **{name.replace("layers.1", "layers.7"): one.clone() for name, one in tensors.items()}}, file)


def empty(folder: Path) -> None:
    save_file({"unrelated": torch.ones(1)}, folder / "adapter_model.safetensors")


@pytest.mark.parametrize(
    ("damage", "message"),
    [(another_prefix, "no place"), (half_of_it, "lacks"), (deeper, "no place"), (empty, "no place")],
)
def test_an_adapter_that_does_not_land_whole_is_refused(
    base: Path, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(adapter(base, tmp_path / "lora"))
    with pytest.raises(ModelError, match=message):
        opened(tmp_path / "lora")


def test_saved_modules_and_enlarged_embeddings_land(base: Path, tmp_path: Path) -> None:
    folder = adapter(base, tmp_path / "saved", modules_to_save=["lm_head"])
    assert not torch.allclose(logits(opened(base).model), logits(opened(folder).model), atol=1e-2)
    rows = len(TOKENIZER) + 4
    large = save(llama(rows=rows), TOKENIZER, tmp_path / "large")
    torch.manual_seed(1)
    model: Any = get_peft_model(
        LlamaForCausalLM.from_pretrained(large),
        LoraConfig(task_type=TaskType.CAUSAL_LM, r=4, target_modules=["q_proj"]),
    )
    model.save_pretrained(tmp_path / "rows", save_embedding_layers=True)
    edit(tmp_path / "rows" / "adapter_config.json", base_model_name_or_path=str(base))
    got = opened(tmp_path / "rows").model
    assert got.get_input_embeddings().weight.shape[0] == rows
    large_weights: Any = LlamaForCausalLM.from_pretrained(large).get_input_embeddings()
    assert torch.equal(got.get_input_embeddings().weight, large_weights.weight)


def test_an_output_layer_of_the_adapters_own_is_not_tied_again(tmp_path: Path) -> None:
    tied = save(llama(tie=True), TOKENIZER, tmp_path / "tied")
    config = LoraConfig(task_type=TaskType.CAUSAL_LM, r=4, target_modules=["q_proj"], modules_to_save=["lm_head"])
    torch.manual_seed(1)
    trained: Any = get_peft_model(LlamaForCausalLM.from_pretrained(tied), config)
    with torch.no_grad():
        head = trained.base_model.model.lm_head.modules_to_save["default"]
        head.weight = torch.nn.Parameter(head.weight + 1)
    trained.save_pretrained(tmp_path / "lora")
    edit(tmp_path / "lora" / "adapter_config.json", base_model_name_or_path=str(tied))
    model = opened(tmp_path / "lora").model
    assert torch.equal(model.lm_head.weight, head.weight)
    assert not torch.equal(model.lm_head.weight, model.get_input_embeddings().weight)


@pytest.mark.parametrize("kind", [PromptTuningConfig, PrefixTuningConfig])
def test_an_adapter_that_is_no_change_of_weights_is_refused(base: Path, tmp_path: Path, kind: Any) -> None:
    folder = adapter(base, tmp_path / "prompt", kind(task_type=TaskType.CAUSAL_LM, num_virtual_tokens=3))
    with pytest.raises(InputError, match="adapters that can be merged"):
        opened(folder)


# Messages that lead on


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: (folder / "config.json").write_text('{"model_type": "llamma"}'), "llamma"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json"),
        (lambda folder: edit(folder / "config.json", quantization_config={"quant_method": "q7"}), "q7"),
        (
            lambda folder: edit(
                folder / "config.json", model_type="own", auto_map={"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}
            ),
            "--trust-remote-code",
        ),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\0" * 100), "damaged"),
    ],
)  # fmt: skip
def test_what_third_party_code_raises_is_one_line(base: Path, prepare: Callable[[Path], object], message: str) -> None:
    prepare(base)
    with pytest.raises(JevalError, match=message) as error:
        opened(base)
    assert "\n" not in str(error.value)


def test_a_folder_that_holds_a_gguf_or_is_the_hubs_cache_leads_to_what_to_give(base: Path, tmp_path: Path) -> None:
    ggufs = tmp_path / "ggufs"
    ggufs.mkdir()
    (ggufs / "m.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match=r"--model .*m\.gguf"):
        resolve(ggufs)
    snapshot = tmp_path / "models--a--b" / "snapshots" / "0123"
    shutil.copytree(base, snapshot)
    with pytest.raises(InputError, match=r"snapshots/0123"):
        resolve(tmp_path / "models--a--b")
    with pytest.raises(InputError, match="download it first"):
        resolve("someone/some-model")
