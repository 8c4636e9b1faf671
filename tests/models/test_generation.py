"""Batched greedy generation gives the text of the stock class, one request at a time."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from tests.models import support

torch.set_num_threads(1)


def asked(seed: int = 0, shared: int = 60) -> list[tuple[str, dict[str, Any]]]:
    chooser = random.Random(seed)
    head = support.text(chooser, shared, shared) if shared else ""
    found = [
        (
            head + support.text(chooser, 1, 40),
            {"until": ["\n"], "max_gen_toks": chooser.choice([4, 24]), "do_sample": False},
        )
        for _ in range(9)
    ]
    found += [
        (head + support.text(chooser, 3, 20), {"until": ["あ", "いう", "。、"], "max_gen_toks": 30}) for _ in range(9)
    ]
    return [*found, found[0], found[-1]]


@pytest.mark.parametrize("family", ["llama", "qwen3", "gpt_neox", "gemma", "gemma3"])
@pytest.mark.parametrize("shared", [0, 60, 180])
def test_texts_equal_stock_one_at_a_time(family: str, shared: int) -> None:
    encoder = support.tokenizer(bos=True)
    inner = support.model(family, len(encoder), window=400)
    stock, ours = support.pair(inner, encoder, token_budget=100)
    requests = support.instances("generate_until", asked(shared=shared))
    expected = stock.generate_until(requests, disable_tqdm=True)
    assert ours.generate_until(requests) == expected
    assert len(set(expected)) > 3
    assert "stock" not in ours.cost.seconds


def test_tokens_equal_the_models_own_greedy_tokens_beyond_a_stop_string() -> None:
    from jeval.models.generate import Generation, generate

    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder))
    _, ours = support.pair(inner, encoder)
    prompts = [tuple(encoder.encode(text)) for text, _ in asked()]
    batch = [Generation(prompt, 20, frozenset({1}), ()) for prompt in prompts]
    generate(ours._runner(), encoder, list(batch), budget=64)
    for one in batch:
        own = inner.generate(torch.tensor([one.prompt]), max_new_tokens=20, do_sample=False, pad_token_id=2)
        assert one.tokens == own[0, len(one.prompt) :].tolist()


def test_prompts_too_long_for_the_window_lose_their_left_end_as_in_stock() -> None:
    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder), window=64)
    stock, ours = support.pair(inner, encoder)
    requests = support.instances("generate_until", asked(shared=90))
    assert ours.generate_until(requests) == stock.generate_until(requests, disable_tqdm=True)


@pytest.mark.parametrize("kwargs", [{"num_beams": 2}, {"repetition_penalty": 1.3}], ids=str)
def test_anything_but_greedy_decoding_goes_to_the_models_own_generate(kwargs: dict[str, Any]) -> None:
    encoder = support.tokenizer()
    stock, ours = support.pair(support.model("llama", len(encoder)), encoder)
    requests = support.instances("generate_until", [(text, more | kwargs) for text, more in asked()[:4]])
    assert ours.generate_until(requests) == stock.generate_until(requests, disable_tqdm=True)
    assert "stock" in ours.cost.seconds


@pytest.mark.parametrize("family", ["gemma2", "mistral"])
def test_attention_that_cannot_be_decoded_here_goes_to_the_models_own_generate(family: str) -> None:
    encoder = support.tokenizer()
    inner = support.model(family, len(encoder), sliding_window=20)
    stock, ours = support.pair(inner, encoder)
    requests = support.instances("generate_until", asked()[:4])
    assert ours.generate_until(requests) == stock.generate_until(requests, disable_tqdm=True)
    assert "stock" in ours.cost.seconds
