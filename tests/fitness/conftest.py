"""A tiny live model for candidates to be evaluated in, and candidates of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

TASKS = ["jeval_search_keigo_pairs", "jeval_search_finreg_statement"]


@pytest.fixture(scope="module")
def live(tiny_model: Path) -> tuple[Any, Any]:
    """A model that candidates may overwrite, and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(tiny_model), AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(scope="module")
def states(live: tuple[Any, Any]) -> list[dict[str, torch.Tensor]]:
    """Weights of four candidates; no two earn the same."""
    found = []
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        noise = {name: torch.randn(t.shape, generator=generator) for name, t in live[0].state_dict().items()}
        found.append({name: t.clone() + 0.5 * noise[name] for name, t in live[0].state_dict().items()})
        found[-1]["lm_head.weight"] = found[-1]["model.embed_tokens.weight"]
    return found
