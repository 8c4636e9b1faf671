"""How much is computed at once: from the size of the model and of the machine, not from what happens to be free, so that a
resumed run repeats the same sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from jeval.machine import total_memory
from jeval.models.passes import text_config
from jeval.models.radix import common_prefix


def default_budget(model: Any) -> int:
    """Tokens per forward pass: about a second's work on a CPU, and never more than an eighth of the memory in activations."""
    config = text_config(model)
    width = int(getattr(config, "hidden_size", 1024))
    inner = int(getattr(config, "intermediate_size", 0) or 4 * width)
    weights = list(model.parameters())
    size = weights[0].element_size()
    per_token = size * (16 * width + 4 * inner)
    most = 16384
    if model.device.type != "cuda":
        count = sum(p.numel() for p in weights)
        most = int(np.clip(2e11 / max(count, 1), 512, 2048))
    return int(max(64, min(most, _memory(model) // 8 // per_token)))


_KV_BESIDE = 1 << 28  # bytes of keys and values that a small model may hold beyond the size of its weights
_MOST_ROWS = {"cpu": 128, "cuda": 256}


def batches(model: Any, requests: Sequence[tuple[tuple[int, ...], int]]) -> list[list[int]]:
    """Requests ``(prompt, most new tokens)`` in lexicographic order, cut where their keys and values would take too much memory.

    What neighbours share counts once. A batch holds at most as many bytes of keys and values as the weights and a
    quarter of a gigabyte, and an eighth of the machine's memory.
    """
    weights = list(model.parameters())
    room = min(sum(p.numel() * p.element_size() for p in weights) + _KV_BESIDE, _memory(model) // 8)
    tokens = room // _kv_bytes(model)
    order = sorted(range(len(requests)), key=lambda i: requests[i])
    found: list[list[int]] = []
    held = 0
    for i in order:
        prompt, limit = requests[i]
        before = requests[found[-1][-1]][0] if found else ()
        new = len(prompt) - common_prefix(before, prompt) + limit
        if not found or held + new > tokens or len(found[-1]) >= _MOST_ROWS.get(model.device.type, 128):
            found.append([])
            held, new = 0, len(prompt) + limit
        found[-1].append(i)
        held += new
    return found


def _kv_bytes(model: Any) -> int:
    """Keys and values of one token."""
    config = text_config(model)
    heads_count = int(config.num_attention_heads)
    kv = int(getattr(config, "num_key_value_heads", None) or heads_count)
    size = int(getattr(config, "head_dim", None) or config.hidden_size // heads_count)
    weight = next(p for p in model.parameters() if p.is_floating_point())
    return 2 * int(config.num_hidden_layers) * kv * size * int(weight.element_size())


def _memory(model: Any) -> int:
    """Bytes of memory of the device that the model is on."""
    if model.device.type == "cuda":
        return int(torch.cuda.get_device_properties(model.device).total_memory)
    return total_memory()
