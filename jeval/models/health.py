"""Is the model whole: NaN and Inf in the weights, and in what the layers compute."""

from __future__ import annotations

from typing import Any

import torch

from jeval.errors import ModelError


def first_bad_tensor(model: torch.nn.Module) -> str | None:
    """Name of the first parameter or buffer that holds a NaN or Inf, in the order of the model; ``None`` if whole."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        # A finite sum proves that every element is finite; a non-finite one may be mere overflow, so look closely.
        if tensor.is_floating_point() and not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():
            return name
    return None


def first_bad_layer(model: torch.nn.Module, input_ids: torch.Tensor) -> str | None:
    """Name of the first module whose output is not finite on ``input_ids`` (shape ``[1, tokens]``)."""
    found: list[str] = []

    def watch(name: str) -> Any:
        def hook(_module: torch.nn.Module, _inputs: Any, output: Any) -> None:
            tensors = output if isinstance(output, tuple) else (output,)
            for tensor in tensors:
                is_float = isinstance(tensor, torch.Tensor) and tensor.is_floating_point()
                if is_float and not found and not torch.isfinite(tensor).all():
                    found.append(name)

        return hook

    leaves = [(name, module) for name, module in model.named_modules() if not list(module.children())]
    handles = [module.register_forward_hook(watch(name)) for name, module in leaves]
    try:
        with torch.inference_mode():
            logits = model(input_ids=input_ids).logits
        if not found and not torch.isfinite(logits).all():
            found.append("logits")
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def check(model: torch.nn.Module, input_ids: torch.Tensor) -> None:
    """Refuse a model that cannot be scored.

    Raises:
        ModelError: naming the first bad tensor, or the first layer whose output is NaN or Inf.
    """
    if (name := first_bad_tensor(model)) is not None:
        raise ModelError(f"the model cannot be scored: tensor {name} holds NaN or Inf; merge or export it again")
    if (layer := first_bad_layer(model, input_ids)) is not None:
        raise ModelError(
            f"the model cannot be scored: layer {layer} computes NaN or Inf though all weights are finite; "
            "try --dtype float32, otherwise merge or export it again"
        )
