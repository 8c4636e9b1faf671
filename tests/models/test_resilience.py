"""Stored answers, kills, full memory, broken weights, models that must go another way."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from jeval.errors import InputError, ModelError
from jeval.models.cache import AnswerStore
from jeval.models.hf import JevalHF
from tests.models import support

torch.set_num_threads(1)


class Store(AnswerStore):
    """An answer store in memory that can end the run after so many writes."""

    def __init__(self, dies_after: int | None = None) -> None:
        self.kept: dict[tuple[str, str], Any] = {}
        self.writes, self.dies_after = 0, dies_after

    def get_many(self, kind: str, args: Sequence[tuple[Any, ...]]) -> list[Any]:
        return [self.kept.get((kind, repr(one))) for one in args]

    def put_many(self, kind: str, rows: Sequence[tuple[tuple[Any, ...], Any]]) -> None:
        if self.dies_after is not None and self.writes >= self.dies_after:
            raise KeyboardInterrupt
        self.writes += 1
        for args, result in rows:
            self.kept[kind, repr(args)] = result


def asked(encoder: Any, kind: str) -> list[Any]:
    pairs = support.requests(encoder, 7)
    arguments: list[tuple[Any, ...]] = [*pairs]
    if kind == "generate_until":
        arguments = [(context, {"until": ["\n"], "max_gen_toks": 6}) for context, _ in pairs if context]
    if kind == "loglikelihood_rolling":
        arguments = [(context,) for context, _ in pairs if context]
    return support.instances(kind, arguments)


@pytest.mark.parametrize("kind", ["loglikelihood", "loglikelihood_rolling", "generate_until"])
def test_a_killed_and_resumed_run_ends_with_bit_identical_answers(kind: str) -> None:
    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder), window=90, dtype=torch.float32)
    requests = asked(encoder, kind)

    def run(store: Store | None) -> tuple[Any, JevalHF]:
        _, ours = support.pair(inner, encoder, token_budget=70)
        ours.answer_store = store
        return getattr(ours, kind)(requests), ours

    whole, first = run(None)
    for writes in (0, 1, 3):
        store = Store(dies_after=writes)
        ends = len({repr(r.args) for r in requests}) > 1 and (kind != "generate_until" or writes == 0)
        if ends:
            with pytest.raises(KeyboardInterrupt):
                run(store)
        store.dies_after = None
        resumed, second = run(store)
        assert resumed == whole
        assert second.cost.tokens_fed <= first.cost.tokens_fed
    again, third = run(store)
    assert again == whole
    assert third.cost.tokens_fed == 0


def test_a_unit_with_one_answer_missing_is_computed_whole_and_gives_the_same_bits() -> None:
    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder), dtype=torch.float32)
    requests = asked(encoder, "loglikelihood")
    store = Store()
    _, ours = support.pair(inner, encoder, token_budget=100)
    ours.answer_store = store
    whole = ours.loglikelihood(requests)
    for key in list(store.kept)[::7]:
        del store.kept[key]
    assert ours.loglikelihood(requests) == whole


def test_progress_counts_tokens_still_to_be_computed_and_ends_at_their_number() -> None:
    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder))
    requests = asked(encoder, "loglikelihood")
    _, ours = support.pair(inner, encoder, token_budget=100)
    seen: list[tuple[int, int]] = []
    ours.progress = lambda done, total: seen.append((done, total))
    ours.answer_store = Store()
    ours.loglikelihood(requests)
    assert seen[-1] == (ours.cost.tokens_fed,) * 2
    assert seen == sorted(seen)
    first = len(seen)
    ours.loglikelihood(requests)
    assert len(seen) == first  # nothing left to compute


def test_out_of_memory_halves_the_budget_and_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    from jeval.models.passes import Runner

    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder))
    requests = asked(encoder, "loglikelihood")
    stock, ours = support.pair(inner, encoder, token_budget=256)
    assert ours.reason == ""
    run = Runner.run
    sizes: list[int] = []

    def scarce(self: Any, this: Any, tokens: np.ndarray, *rest: Any) -> torch.Tensor:
        if len(tokens) > 140 and sizes:
            raise torch.OutOfMemoryError("out of memory")
        sizes.append(len(tokens))
        return run(self, this, tokens, *rest)

    monkeypatch.setattr(Runner, "run", scarce)
    store = Store()
    ours.answer_store = store
    got = ours.loglikelihood(requests)
    assert support.worst(got, stock.loglikelihood(requests, disable_tqdm=True)) < 1e-9
    assert len(sizes) > 3
    monkeypatch.setattr(Runner, "run", lambda *a, **k: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(ModelError, match="out of memory"):
        support.pair(inner, encoder, token_budget=256)[1].loglikelihood(requests)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", ["loglikelihood", "loglikelihood_rolling", "generate_until"])
def test_broken_weights_end_in_a_model_error(bad: float, kind: str) -> None:
    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder), dtype=torch.float32)
    with torch.no_grad():
        inner.model.layers[1].mlp.down_proj.weight[0, 0] = bad
    _, ours = support.pair(inner, encoder)
    with pytest.raises(ModelError, match="cannot be scored"):
        getattr(ours, kind)(asked(encoder, kind))


@pytest.mark.parametrize(
    ("family", "more", "words"),
    [
        ("bloom", {}, "ALiBi"),
        ("mamba", {}, "recurrent"),
        (
            "llama",
            {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}},
            "dynamic rotary scaling",
        ),
    ],
)
def test_models_that_the_tree_does_not_fit_are_scored_by_stock_and_say_why(
    family: str, more: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    encoder = support.tokenizer()
    stock, ours = support.pair(support.model(family, len(encoder), dtype=torch.float32, **more), encoder)
    requests = asked(encoder, "loglikelihood")[:12]
    assert ours.loglikelihood(requests) == stock.loglikelihood(requests, disable_tqdm=True)
    assert words in ours.reason
    assert [r.message for r in caplog.records if r.name == "jeval.models.hf"] == [
        f"jeval-hf scores this model as plain hf does: {ours.reason}"
    ]


def convolved(inner: Any) -> Any:
    """The model with layers that mix neighbouring rows, as a convolution does."""
    for layer in inner.model.layers:
        own = layer.forward

        def biased(*args: Any, own: Any = own, **kwargs: Any) -> Any:
            out = own(*args, **kwargs)
            return torch.cat([out[:, :1], out[:, 1:] + 0.5 * out[:, :-1]], 1)

        layer.forward = biased
    return inner


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_a_forward_pass_that_ignores_the_tree_is_found_out_by_the_probe(dtype: torch.dtype) -> None:
    encoder = support.tokenizer()
    inner = convolved(support.model("llama", len(encoder), dtype=dtype))
    stock, ours = support.pair(inner, encoder)
    assert "differ" in ours.reason
    requests = asked(encoder, "loglikelihood")[:12]
    assert ours.loglikelihood(requests) == stock.loglikelihood(requests, disable_tqdm=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("scale", [1.0, 8.0])
def test_half_precision_is_scored_over_the_tree_and_is_as_near_to_float32_as_stock(
    dtype: torch.dtype, scale: float
) -> None:
    """``scale`` 8 gives logits of a spread of trained models' and beyond, whose rounding is far above that of random ones."""
    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder), dtype=torch.float32, num_hidden_layers=6)
    with torch.no_grad():
        inner.lm_head.weight.mul_(scale)
    exact, _ = support.pair(inner, encoder)
    requests = asked(encoder, "loglikelihood")
    wanted = [value for value, _ in exact.loglikelihood(requests, disable_tqdm=True)]
    stock, ours = support.pair(copy.deepcopy(inner).to(dtype), encoder, batch_size=8)
    assert ours.reason == ""

    def distance(lm: Any) -> float:
        got = [value for value, _ in lm.loglikelihood(requests, disable_tqdm=True)]
        return sum((a - b) ** 2 for a, b in zip(got, wanted, strict=True)) ** 0.5

    assert distance(ours) <= 1.25 * distance(stock)


def test_the_model_attends_as_before_when_scoring_is_over() -> None:
    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder))
    ids = torch.tensor([[5, 6, 7, 8]])
    before, implementation = inner(ids).logits, inner.config._attn_implementation
    _, ours = support.pair(inner, encoder)
    ours.loglikelihood(asked(encoder, "loglikelihood"))
    assert inner.config._attn_implementation == implementation
    assert torch.equal(inner(ids).logits, before)


def test_new_weights_in_the_same_model_reuse_token_ids_and_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    from jeval.models import hf, requests

    encoder = support.tokenizer()
    inner, other = support.model("llama", len(encoder)), support.model("llama", len(encoder))
    with torch.no_grad():
        other.lm_head.weight.mul_(0.5)
    asked_of = asked(encoder, "loglikelihood")
    _, ours = support.pair(inner, encoder)
    requests.forget()
    first = ours.loglikelihood(asked_of)
    inner.load_state_dict(other.state_dict())
    monkeypatch.setattr(hf, "prepare", lambda *a: pytest.fail("planned again"))
    monkeypatch.setattr(hf.JevalHF, "_encode_all", lambda *a: pytest.fail("tokenised again"))
    second = ours.loglikelihood(asked_of)
    third = support.pair(other, encoder)[1].loglikelihood(asked_of)
    assert second == third != first


def test_a_continuation_swallowed_by_its_context_is_refused_in_plain_words() -> None:
    encoder = support.tokenizer()
    fused = next(token for token in encoder.get_vocab() if len(token) == 2 and token[0] in support.LETTERS)
    _, ours = support.pair(support.model("llama", len(encoder)), encoder)
    with pytest.raises(InputError, match="merges it into the context"):
        ours.loglikelihood(support.instances("loglikelihood", [(fused[0], fused[1])]))


def test_the_mask_for_gpus_gives_the_same_answers_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    from jeval.models import attention

    encoder = support.tokenizer()
    requests = asked(encoder, "loglikelihood")[:40]
    for family in ("llama", "gemma2"):
        inner = support.model(family, len(encoder), sliding_window=30, dtype=torch.float32)
        stock, ours = support.pair(inner, encoder, token_budget=120)
        expected = stock.loglikelihood(requests, disable_tqdm=True)
        assert ours.reason == ""
        monkeypatch.setattr(attention, "_blockwise", attention._flex)
        monkeypatch.setattr(attention, "_explicit", attention._flex)
        assert support.worst(ours.loglikelihood(requests), expected) < 1e-4
        monkeypatch.undo()


def test_an_interrupt_reaches_the_caller_and_loses_no_stored_unit(tmp_path: Path, warm: list[str]) -> None:
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
import torch
torch.set_num_threads(1)
from pathlib import Path
from tests.models import support
from jeval.models.cache import AnswerStore
encoder = support.tokenizer()
_, ours = support.pair(support.model("llama", len(encoder)), encoder, token_budget=64)
store = ours.answer_store = AnswerStore(Path({str(tmp_path / "a.sqlite")!r}), {{"model": "x"}})
ours.progress = lambda done, total: os.kill(os.getpid(), signal.SIGKILL) if done > total / 2 and sys.argv[1] == "die" else None
got = ours.loglikelihood(support.instances("loglikelihood", support.requests(encoder, 7)))
print(store.hits, store.stored, repr(got))
"""
    dead = subprocess.run([*warm, "-c", code, "die"], capture_output=True, check=False)
    assert dead.returncode == -9
    alive = subprocess.run([*warm, "-c", code, "live"], capture_output=True, check=True, text=True)
    hits, stored, _ = alive.stdout.split(" ", 2)
    assert int(hits) > 0 < int(stored)
