"""The in-place forms stand in only where they compute the same, and leave no trace."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from jeval.models.lean import Lean
from tests.models.support import model

LETTERS = 40


def _logits(network: Any, ids: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return network(ids).logits


@pytest.mark.parametrize(("family", "found"), [("llama", 3 * 3 + 1), ("qwen2", 10), ("qwen3", 10 + 6), ("mistral", 10)])
def test_a_model_computes_the_same_with_them_and_is_as_before_after_them(family: str, found: int) -> None:
    network = model(family, LETTERS, dtype=torch.float32)
    ids = torch.arange(24).reshape(2, 12)
    before = _logits(network, ids)
    lean = Lean(network)
    assert len(lean) == found  # norms and gated MLPs
    home = vars(sys.modules[type(network).__module__]).copy()
    methods = {cls: vars(cls).copy() for cls in {type(module) for module in network.modules()}}
    with lean.used():
        assert vars(sys.modules[type(network).__module__]) == home  # no library is touched
        assert {cls: vars(cls).copy() for cls in methods} == methods
        inside = _logits(network, ids)
    assert torch.allclose(before, inside, rtol=1e-4, atol=1e-5)
    assert not any("forward" in vars(module) for module in network.modules())
    assert torch.equal(_logits(network, ids), before)


@pytest.mark.parametrize("family", ["gemma", "gpt_neox"])
def test_forms_that_compute_something_else_are_left_alone(family: str) -> None:
    network = model(family, LETTERS, dtype=torch.float32)
    ids = torch.arange(24).reshape(2, 12)
    before = _logits(network, ids)
    lean = Lean(network)
    assert not any(type(module).__name__.endswith(("RMSNorm", "MLP")) for module, _ in lean._forwards)
    with lean.used():
        assert torch.allclose(_logits(network, ids), before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions_are_computed_as_the_model_was_written(dtype: torch.dtype) -> None:
    assert len(Lean(model("llama", LETTERS, dtype=dtype))) == 0


def test_an_error_inside_leaves_the_model_as_it_was() -> None:
    network = model("llama", LETTERS, dtype=torch.float32)
    with pytest.raises(ZeroDivisionError), Lean(network).used():
        raise ZeroDivisionError
    assert not any("forward" in vars(module) for module in network.modules())
