"""Norms, gated MLPs and rotary embeddings in fewer passes over memory, for float32 on a CPU.

What transformers writes as a chain of elementwise operations allocates a tensor for each; beside matrix products of a small
model that is a fifth of the time. The forms below do the same arithmetic in place. None is trusted by its name: each is used only where
it agrees with the module's own forward pass on random input.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

_ROTARY = "apply_rotary_pos_emb"


class Lean:
    """The replacements that a model admits; ``with lean.used():`` puts them in and takes them out again."""

    def __init__(self, model: nn.Module) -> None:
        self._forwards: list[tuple[nn.Module, Callable[..., Any]]] = []
        self._rotary: list[tuple[Any, Callable[..., Any]]] = []
        if model.device.type != "cpu" or any(
            p.dtype != torch.float32 for p in model.parameters() if p.is_floating_point()
        ):
            return
        with torch.inference_mode():
            self._find(model)

    def _find(self, model: nn.Module) -> None:
        agrees: dict[tuple[type, str], bool] = {}
        homes: dict[str, None] = {}
        for module in model.modules():
            homes[type(module).__module__] = None
            if "forward" in vars(module):
                continue  # somebody else has replaced it already
            for form, width_of in ((_norm, _norm_width), (_gated, _gated_width)):
                if not (width := width_of(module)):
                    continue
                key = type(module), form.__name__
                if key not in agrees:
                    agrees[key] = _agree(module, partial(form, module), width)
                if agrees[key]:
                    self._forwards.append((module, partial(form, module)))
        for name in homes:
            home = sys.modules.get(name)
            own = getattr(home, _ROTARY, None)
            if own is not None and _rotates_alike(own):
                self._rotary.append((home, partial(_rotary, own)))

    def __len__(self) -> int:
        return len(self._forwards) + len(self._rotary)

    @contextmanager
    def used(self) -> Iterator[None]:
        own = [(home, getattr(home, _ROTARY)) for home, _ in self._rotary]
        try:
            for module, forward in self._forwards:
                vars(module)["forward"] = forward
            for home, function in self._rotary:
                setattr(home, _ROTARY, function)
            yield
        finally:
            for module, _ in self._forwards:
                vars(module).pop("forward", None)
            for home, function in own:
                setattr(home, _ROTARY, function)


def _norm_width(module: nn.Module) -> int:
    """Width of what looks like a root-mean-square norm, else 0."""
    weight = getattr(module, "weight", None)
    return len(weight) if isinstance(weight, torch.Tensor) and hasattr(module, "variance_epsilon") else 0


def _norm(module: Any, states: torch.Tensor) -> torch.Tensor:
    """Root-mean-square norm: ``states / sqrt(mean(states²) + epsilon) · weight``."""
    scale = torch.linalg.vector_norm(states, dim=-1, keepdim=True).square_().div_(states.shape[-1])
    return (states * scale.add_(module.variance_epsilon).rsqrt_()).mul_(module.weight)


def _gated_width(module: nn.Module) -> int:
    """Input width of what looks like a gated MLP of plain linear layers, else 0."""
    layers = [getattr(module, name, None) for name in ("gate_proj", "up_proj", "down_proj")]
    return layers[0].in_features if all(type(layer) is nn.Linear for layer in layers) else 0  # type: ignore[union-attr]


def _gated(module: Any, states: torch.Tensor) -> torch.Tensor:
    """``down(silu(gate(states)) · up(states))``."""
    inner = nn.functional.silu(module.gate_proj(states), inplace=True)
    return module.down_proj(inner.mul_(module.up_proj(states)))


def _agree(module: nn.Module, form: Callable[..., Any], width: int) -> bool:
    states = torch.randn(2, 3, width, generator=torch.Generator().manual_seed(0))
    try:
        return torch.allclose(module(states.clone()), form(states), rtol=1e-5, atol=1e-6)
    except (TypeError, ValueError, RuntimeError):
        return False


def _rotary(
    own: Callable[..., Any],
    q: torch.Tensor,
    k: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    *more: Any,
    **named: Any,
) -> Any:
    """Rotation of the two halves of each head by the angles of ``cos`` and ``sin`` ``[batch, rows, head size]``."""
    if more or named or cos.shape[-1] != q.shape[-1] or cos.dim() != 3 or cos.dtype != q.dtype:
        return own(q, k, cos, sin, *more, **named)
    cos, sin = cos.unsqueeze(1), sin.unsqueeze(1)
    return _turned(q, cos, sin), _turned(k, cos, sin)


def _turned(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    turned = x * cos
    turned[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
    turned[..., half:].addcmul_(x[..., :half], sin[..., half:])
    return turned


def _rotates_alike(own: Callable[..., Any]) -> bool:
    draw = partial(torch.randn, generator=torch.Generator().manual_seed(0))
    q, k, cos, sin = draw(1, 4, 5, 8), draw(1, 2, 5, 8), draw(1, 5, 8), draw(1, 5, 8)
    try:
        theirs, ours = own(q, k, cos, sin), _rotary(own, q, k, cos, sin)
        return all(torch.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(theirs, ours, strict=True))
    except (TypeError, ValueError, RuntimeError):
        return False
