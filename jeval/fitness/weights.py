"""The weights of a candidate: copied into a resident model, and their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import torch


def copy_weights(model: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Copy a state dict into a model's weights in place, all or nothing.

    Tied weights may be left out of ``state``.

    Raises:
        ValueError: a name or shape does not fit, or a weight is missing; the model is then unchanged.
    """
    own = model.state_dict()
    for name, tensor in state.items():
        if name not in own:
            raise ValueError(f"tensor {name} is not part of the resident architecture")
        if tensor.shape != own[name].shape:
            raise ValueError(f"tensor {name} has shape {tuple(tensor.shape)}, expected {tuple(own[name].shape)}")
    storages = {own[name].data_ptr() for name in state}
    if missing := [name for name, tensor in own.items() if name not in state and tensor.data_ptr() not in storages]:
        raise ValueError(f"tensor {missing[0]} is missing from the state dict ({len(missing)} in all)")
    with torch.no_grad():
        for name, tensor in state.items():
            own[name].copy_(tensor)


def stream_weights(model: torch.nn.Module, tensors: Iterable[tuple[str, torch.Tensor]]) -> None:
    """Copy tensors into a model's weights one by one, as they come. Tied weights may be left out.

    Raises:
        ValueError: a name or shape does not fit, or a weight is missing; the model is then neither what it was nor the new one.
    """
    own = model.state_dict()
    storages = set()
    for name, tensor in tensors:
        if name not in own:
            raise ValueError(f"tensor {name} is not part of the resident architecture")
        if tensor.shape != own[name].shape:
            raise ValueError(f"tensor {name} has shape {tuple(tensor.shape)}, expected {tuple(own[name].shape)}")
        with torch.no_grad():
            own[name].copy_(tensor)
        storages.add(own[name].data_ptr())
    if missing := [name for name, tensor in own.items() if tensor.data_ptr() not in storages]:
        raise ValueError(f"tensor {missing[0]} is missing from the merge ({len(missing)} in all)")


def weights_digest(model: torch.nn.Module) -> str:
    """SHA-256 of all weights as they lie in memory, with their names, types and shapes: equal for equal candidates, whether
    they came as a path, a model or a state dict.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
