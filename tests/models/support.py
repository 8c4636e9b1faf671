"""Tiny models of several families and tokenizers with awkward habits."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch

from jeval.models.hf import JevalHF

LETTERS = "あいうえおかきくけこさしすせそ、。"


def tokenizer(*, merges: bool = True, bos: bool = False, eos_only: bool = False) -> Any:
    """A small tokenizer; with ``merges`` pairs of letters fuse, so that a continuation can change its context's tokens."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors
    from tokenizers.decoders import Fuse
    from transformers import PreTrainedTokenizerFast

    vocab = {"<s>": 0, "</s>": 1, "<unk>": 2, " ": 3, "\n": 4}
    for letter in LETTERS:
        vocab[letter] = len(vocab)
    rules = []
    if merges:
        chooser = random.Random(5)
        for a in LETTERS:
            b = chooser.choice(LETTERS)
            if a + b not in vocab:
                vocab[a + b] = len(vocab)
                rules.append((a, b))
    inner = Tokenizer(models.BPE(vocab=vocab, merges=rules, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split("\n", "isolated")
    inner.decoder = Fuse()
    inner.add_special_tokens([AddedToken(t, special=True) for t in ("<s>", "</s>", "<unk>")])
    if bos:
        inner.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    names = {"eos_token": "</s>", "unk_token": "<unk>"} | ({} if eos_only else {"bos_token": "<s>"})
    return PreTrainedTokenizerFast(tokenizer_object=inner, clean_up_tokenization_spaces=False, **names)


def model(family: str, vocabulary: int, *, window: int = 256, dtype: torch.dtype = torch.float64, **more: Any) -> Any:
    """A random model with logits far from uniform."""
    import transformers as t

    base: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": 48,
        "intermediate_size": 80,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": window,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": None,
    }
    grouped = base | {"num_key_value_heads": 2}
    gemma = grouped | {"head_dim": 12}
    made: dict[str, Callable[[], Any]] = {
        "llama": lambda: t.LlamaForCausalLM(t.LlamaConfig(**(grouped | more))),
        "qwen2": lambda: t.Qwen2ForCausalLM(t.Qwen2Config(**(grouped | more))),
        "qwen3": lambda: t.Qwen3ForCausalLM(t.Qwen3Config(**(grouped | {"head_dim": 16} | more))),
        "mistral": lambda: t.MistralForCausalLM(t.MistralConfig(**(grouped | {"sliding_window": None} | more))),
        "mixtral": lambda: t.MixtralForCausalLM(
            t.MixtralConfig(**(grouped | {"num_local_experts": 4, "sliding_window": None} | more))
        ),
        "gpt_neox": lambda: t.GPTNeoXForCausalLM(t.GPTNeoXConfig(**(base | more))),
        "gemma": lambda: t.GemmaForCausalLM(t.GemmaConfig(**(gemma | more))),
        "gemma2": lambda: t.Gemma2ForCausalLM(t.Gemma2Config(**(gemma | {"sliding_window": 4096} | more))),
        "gemma3": lambda: t.Gemma3ForCausalLM(t.Gemma3TextConfig(**(gemma | {"sliding_window": 4096} | more))),
        "bloom": lambda: t.BloomForCausalLM(
            t.BloomConfig(vocab_size=vocabulary, hidden_size=48, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=1)
        ),
        "gpt2": lambda: t.GPT2LMHeadModel(
            t.GPT2Config(
                vocab_size=vocabulary,
                n_embd=48,
                n_layer=2,
                n_head=4,
                n_positions=window,
                bos_token_id=0,
                eos_token_id=1,
            )
        ),
        "mamba": lambda: t.MambaForCausalLM(
            t.MambaConfig(vocab_size=vocabulary, hidden_size=48, num_hidden_layers=2, state_size=8)
        ),
    }
    torch.manual_seed(3)
    built = made[family]()
    with torch.no_grad():
        for name, weight in built.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0.0, 0.12 if "embed" not in name else 1.0)
    return built.to(dtype).eval()


def pair(
    inner: Any, encoder: Any, *, batch_size: int = 1, token_budget: int | None = None, **more: Any
) -> tuple[Any, JevalHF]:
    """The stock class and ours over the same model."""
    from lm_eval.models.huggingface import HFLM

    softmax = "float64" if inner.dtype == torch.float64 else "float32"
    stock = HFLM(pretrained=inner, tokenizer=encoder, softmax_dtype=softmax, batch_size=batch_size, **more)
    ours = JevalHF(
        pretrained=inner,
        tokenizer=encoder,
        softmax_dtype=softmax,
        batch_size=batch_size,
        token_budget=token_budget,
        **more,
    )
    return stock, ours


def instances(kind: str, args: list[tuple[Any, ...]]) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [Instance(kind, {}, one, number) for number, one in enumerate(args)]


def text(chooser: random.Random, low: int, high: int) -> str:
    return "".join(chooser.choice(LETTERS) for _ in range(chooser.randint(low, high)))


def requests(encoder: Any, seed: int = 0, *, long: int = 60) -> list[tuple[str, str]]:
    """Shared shots, several items, choices, pairs with empty contexts, duplicates, one-token continuations."""
    chooser = random.Random(seed)
    found: list[tuple[str, str]] = []
    for _ in range(2):
        shots = text(chooser, long, long + 10) + "\n"
        for _ in range(5):
            item = shots + text(chooser, 1, long)
            found += [(item, text(chooser, 1, 12)) for _ in range(4)]
            found += [(item, letter) for letter in "、。"]
    for _ in range(6):
        head = text(chooser, 1, 6)
        found += [("", head + text(chooser, 1, 8)) for _ in range(2)]
    found.append((text(chooser, 5, 9) + "  ", "あ"))
    found += chooser.sample(found, 6)
    # A continuation that the tokenizer swallows whole into the context cannot be scored, here or in stock.
    return [(c, t) for c, t in found if c == "" or len(encoder.encode(c + t)) > len(encoder.encode(c))]


def worst(one: list[Any], other: list[Any]) -> float:
    return max(abs(a[0] - b[0]) for a, b in zip(one, other, strict=True))
