"""An adapter on its base: it lands whole or not at all.

PEFT ignores tensors that it has no place for and leaves parameters that the file lacks at their initial values; a mistaken
prefix then scores the bare base without a word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file

from jeval.errors import InputError, ModelError
from jeval.models.bounds import bounded
from jeval.models.source import ADAPTER_CONFIG
from jeval.models.translate import translated
from jeval.reading import read_json

_RANKS = ("r", "init_r", "target_r")
_RANK = 1024  # up to here a rank costs little, whatever the file has
_SECONDS = 600.0  # for an adapter to be laid over its base: patterns of its configuration are held against every module
_EMBEDDINGS = ("embed_tokens", "lm_head", "wte", "embed_in", "embed_out")


def with_adapter(model: Any, path: Path) -> Any:
    """``model`` with the adapter of a folder merged into its weights.

    Raises:
        InputError: an adapter of a kind that cannot be merged (prompts, prefixes).
        ModelError: the adapter does not fit its base, or some of it did not land.
    """
    tensors = _tensors(path)
    _check_ranks(path, tensors)
    _resize(model, tensors)
    what = f"{path}: the adapter does not fit its base"
    with translated(what), bounded(what, _SECONDS, room=None):
        adapted = PeftModel.from_pretrained(model, str(path))
    kind = str(next(iter(adapted.peft_config.values())).peft_type)
    if not hasattr(adapted.base_model, "merge_and_unload"):
        raise InputError(
            f"{path} is an adapter of the kind {kind.rpartition('.')[2]}, which is no change of weights; jeval scores adapters "
            "that can be merged (LoRA and its kin)"
        )
    if tensors:
        _check_landed(adapted, tensors, path)
    with translated(f"{path}: the adapter cannot be merged into its base"):
        return adapted.merge_and_unload(safe_merge=True)


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of the adapter's file; none where it is a pickle (which only its own loader may read)."""
    tensors: dict[str, torch.Tensor] = {}
    for file in sorted(path.glob("adapter_model*.safetensors")):
        with translated(f"{file} cannot be read"):
            tensors.update(load_file(str(file)))
    return tensors


def _check_ranks(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """That the configuration makes no matrices of an order that the file has none of."""
    config = read_json(path / ADAPTER_CONFIG, what="model file")
    pattern = config.get("rank_pattern")
    ranks = [*(config.get(key) for key in _RANKS), *(pattern.values() if isinstance(pattern, dict) else ())]
    longest = max((length for tensor in tensors.values() for length in tensor.shape), default=0)
    for rank in ranks:
        if tensors and isinstance(rank, int) and rank > max(longest, _RANK):
            raise ModelError(
                f"{path}: {ADAPTER_CONFIG} names the rank {rank}, and no tensor of the adapter is longer than {longest}; it is of "
                "another adapter"
            )


def _resize(model: Any, tensors: dict[str, torch.Tensor]) -> None:
    """An adapter trained on added tokens holds the whole enlarged embedding: the base gets as many rows first."""
    own = model.get_input_embeddings().weight.shape
    rows = {
        tensor.shape[0]
        for name, tensor in tensors.items()
        if tensor.dim() == 2 and tensor.shape[1] == own[1] and any(f".{part}." in f".{name}." for part in _EMBEDDINGS)
        and "lora_" not in name
    }  # fmt: skip
    if len(rows) == 1 and (wanted := rows.pop()) != own[0]:
        model.resize_token_embeddings(wanted, mean_resizing=False)


def _check_landed(adapted: Any, tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Every tensor of the file is a parameter of the adapter with this value, and every parameter comes from the file."""
    with translated(f"{path}: the adapter cannot be checked"):
        landed = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    strangers = sorted(set(tensors) - set(landed) - _saved_embeddings(adapted, tensors))
    if strangers:
        raise ModelError(
            f"{path}: {len(strangers)} of {len(tensors)} tensors of the adapter have no place in the base, first {strangers[0]}; "
            "the base is another model or the names have another prefix"
        )
    if lacking := sorted(set(landed) - set(tensors)):
        raise ModelError(
            f"{path}: the adapter's file lacks {len(lacking)} of its {len(landed)} parameters, first {lacking[0]}; they would "
            "stay at their initial values"
        )
    for name, tensor in landed.items():
        if not torch.equal(tensors[name].to(tensor.dtype), tensor.detach().cpu()):
            raise ModelError(f"{path}: parameter {name} of the adapter has another value than its file")


def _saved_embeddings(adapted: Any, tensors: dict[str, torch.Tensor]) -> set[str]:
    """Embeddings that the file holds beside the adapter's parameters, as far as the model has taken them over."""
    taken = set()
    state = adapted.base_model.model.state_dict()
    for name, tensor in tensors.items():
        own = state.get(name.removeprefix("base_model.model."))
        if own is not None and own.shape == tensor.shape and torch.equal(own.cpu(), tensor.to(own.dtype)):
            taken.add(name)
    return taken
