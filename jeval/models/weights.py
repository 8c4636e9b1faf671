"""A checkpoint read into its architecture: it lands whole or not at all.

transformers fills what a checkpoint lacks with random numbers, drops what the architecture has no place for, and says so in a
log that nobody reads. Here both are errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from jeval.errors import InputError, ModelError
from jeval.models.bounds import Stored, bounded, check_generation, check_layers, check_size
from jeval.models.translate import translated
from jeval.reading import read_json

#: Tensors that older versions of transformers wrote and that hold nothing learned.
_COMPUTED = re.compile(r"(rotary_emb\.inv_freq|rope\.freqs|\.masked_bias|position_ids|\.(attn|attention)\.bias)$")


def read_weights(folder: Path, *, dtype: str, trust_remote_code: bool = False, allow_pickle: bool = False) -> Any:
    """The causal language model of a Hugging Face folder, in evaluation mode, on the CPU.

    Args:
        dtype: name of a torch dtype, or ``auto`` for that of the checkpoint.

    Raises:
        InputError: an encoder-decoder model, an architecture that is not known, custom code that was not allowed.
        ModelError: the checkpoint lacks tensors of the architecture, has tensors that it has no place for or of another shape,
            cannot be read, or its configuration asks for sizes of another order.
    """
    config = read_config(folder, trust_remote_code)
    if config.is_encoder_decoder:
        raise InputError(f"{folder} is an encoder-decoder model; jeval scores causal language models")
    check_size(folder, config, Stored.of(folder), dtype=dtype, trust_remote_code=trust_remote_code)
    with translated(f"{folder} cannot be loaded"):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            trust_remote_code=trust_remote_code,
            local_files_only=True,
            use_safetensors=None if allow_pickle else True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # check_landed names them
        )
    model, info = loaded
    check_landed(folder, info)
    _check_tied(folder, model)
    check_generation(folder, model)
    return model.eval()


def read_config(folder: Path, trust_remote_code: bool = False) -> Any:
    """The configuration of a Hugging Face folder. A tokenizer's reader builds it too, so that it is to be read first.

    Raises:
        InputError, ModelError: see :func:`read_weights`.
    """
    check_layers(folder, read_json(folder / "config.json", what="model file"), Stored.of(folder))
    with translated(f"{folder} cannot be loaded"), bounded(str(folder)):
        return AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code, local_files_only=True)


def _check_tied(folder: Path, model: Any) -> None:
    """A model that says that its output layer is its embedding must have one: lm-eval ties them, whatever was stored."""
    head, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    if not getattr(model.config.get_text_config(), "tie_word_embeddings", False) or head is None:
        return
    if head.weight.shape == embedding.weight.shape and not torch.equal(head.weight, embedding.weight):
        raise ModelError(
            f"{folder}: config.json says that the output layer is the embedding (tie_word_embeddings), and the checkpoint has "
            "another output layer; set tie_word_embeddings to false, or drop the tensor"
        )


def check_landed(path: Path, info: Mapping[str, Any]) -> None:
    """Refuse a checkpoint of which something is left over or lacking, after what ``from_pretrained`` tells of it.

    Raises:
        ModelError: it names the first such tensor.
    """
    if mismatched := sorted(
        str(one[0] if isinstance(one, tuple) else one) for one in info.get("mismatched_keys") or ()
    ):
        raise ModelError(
            f"{path}: {len(mismatched)} tensor(s) of the checkpoint have another shape than the architecture, first "
            f"{mismatched[0]}; config.json is of another model"
        )
    if missing := sorted(info.get("missing_keys") or ()):
        raise ModelError(
            f"{path}: the checkpoint lacks {len(missing)} tensor(s) of the architecture, first {missing[0]}; "
            "scoring would use random numbers"
        )
    strangers = sorted(key for key in info.get("unexpected_keys") or () if not _COMPUTED.search(key))
    if strangers:
        raise ModelError(
            f"{path}: the checkpoint has {len(strangers)} tensor(s) that the architecture has no place for, first "
            f"{strangers[0]}; config.json is of another model (another number of layers, say) or the weights are of another kind"
        )
