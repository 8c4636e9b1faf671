"""How much is computed at once: from the size of the model and of the machine, not from what happens to be free, so that a
resumed run repeats the same sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import psutil
import torch

from jeval.models.passes import text_config


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


def decoding_rows(model: Any, length: int) -> int:
    """Rows decoded together: at most an eighth of the memory in keys and values of ``length`` tokens each."""
    config = text_config(model)
    heads_count = int(config.num_attention_heads)
    kv = int(getattr(config, "num_key_value_heads", None) or heads_count)
    size = int(getattr(config, "head_dim", None) or config.hidden_size // heads_count)
    weight = next(p for p in model.parameters() if p.is_floating_point())
    per_row = 2 * int(config.num_hidden_layers) * kv * size * weight.element_size() * length
    most = 256 if model.device.type == "cuda" else 64
    return int(max(1, min(most, _memory(model) // 8 // per_row)))


def _memory(model: Any) -> int:
    """Bytes of memory of the device that the model is on."""
    if model.device.type == "cuda":
        return int(torch.cuda.get_device_properties(model.device).total_memory)
    return int(psutil.virtual_memory().total)
