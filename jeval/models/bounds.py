"""What a model's configuration asks for, seen before any of it is allocated: sizes of another order than the weights are refused.

A configuration is text from outside. One that names a billion layers, or a width of a million, makes a library build or allocate
them before it looks at the weights.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from jeval.errors import InputError, ModelError
from jeval.limits import limited
from jeval.machine import free_memory
from jeval.models.translate import translated
from jeval.output import one_line

_SECONDS, _BYTES = 60.0, 4 << 30  # for a configuration, and for an architecture without its numbers
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "block_count")
_ITEM_BYTES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2}
_BEAMS, _LISTED = 64, 1 << 20  # the second: characters of a setting that is a list
_WIDTHS = {"num_return_sequences": 1, "num_beams": _BEAMS, "num_beam_groups": _BEAMS}
_SPARE = 1 << 20  # numbers that an architecture may compute for itself, however small the weights


@dataclass(frozen=True)
class Stored:
    """What the weight files of a folder hold, by their headers.

    Attributes:
        tensors: how many; ``None`` where the files have no headers (pickles).
        numbers: in all tensors, where the headers tell.
        by_type: numbers of each type, where the headers tell.
        bytes: of the files.
    """

    tensors: int | None
    numbers: int
    by_type: dict[str, int]
    bytes: int

    @classmethod
    def of(cls, folder: Path) -> Stored:
        """Read the headers of a folder that :func:`jeval.models.source.check` has passed."""
        files = [file for file in folder.glob("*.safetensors") if file.is_file()]
        if not files:
            size = sum(file.stat().st_size for file in folder.glob("*.bin"))
            return cls(None, 0, {}, size)
        by_type: dict[str, int] = {}
        tensors = numbers = 0
        for one in (tensor for file in files for tensor in _header(file)):
            count = 1
            for length in one["shape"]:
                count *= length
            by_type[one["dtype"]] = by_type.get(one["dtype"], 0) + count
            tensors, numbers = tensors + 1, numbers + count
        return cls(tensors, numbers, by_type, sum(file.stat().st_size for file in files))

    @classmethod
    def of_gguf(cls, path: Path) -> Stored:
        """Read the head of a GGUF file."""
        with path.open("rb") as opened:
            _, _, tensors = struct.unpack("<IIQ", opened.read(16).ljust(16, b"\0"))
        size = path.stat().st_size
        return cls(tensors, 0, {}, size)


def _header(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        header = json.loads(opened.read(length))
    yield from (tensor for name, tensor in header.items() if name != "__metadata__")


@contextmanager
def bounded(what: str, seconds: float | None = None, room: int | None = _BYTES) -> Iterator[None]:
    """A configuration, an architecture or a tokenizer is built inside, in bounded memory and time (:data:`_SECONDS` by default).

    Raises:
        ModelError: it takes more of either.
    """
    try:
        with limited(seconds or _SECONDS, room):
            yield
    except (TimeoutError, MemoryError) as err:
        most = f"{seconds or _SECONDS:.0f} s" + (f" and {room >> 30} GB" if room else "")
        raise ModelError(f"{what}: its files ask for more than can be built in {most}; get the model again") from err


def check_layers(path: Path, configuration: Mapping[str, Any], stored: Stored) -> None:
    """That no more layers are named than there are tensors, of which a layer has one at least.

    Args:
        configuration: config.json, or the metadata of a GGUF.

    Raises:
        ModelError: there are.
    """
    parts = [configuration, *(part for part in configuration.values() if isinstance(part, dict))]
    for key, count in (pair for part in parts for pair in part.items()):
        if key.rpartition(".")[2] in _LAYERS and isinstance(count, int) and count > (stored.tensors or count):
            raise ModelError(
                f"{path}: the configuration names {_shown(count)} layers ({one_line(key, 60)}), and the weights are "
                f"{stored.tensors} tensors; it is of another model"
            )


def check_size(path: Path, config: Any, stored: Stored, *, dtype: str, trust_remote_code: bool = False) -> None:
    """That the architecture is of the order of the weights, and fits into the memory that is free.

    Args:
        dtype: as in :func:`jeval.models.weights.read_weights`.

    Raises:
        ModelError: it is of another order, or does not fit.
        InputError: an architecture that is not known.
    """
    asked = _numbers(path, config, trust_remote_code)
    packed = getattr(config, "quantization_config", None) is not None or not stored.by_type
    # The output layer may be the embedding, stored once; a packed number takes a bit at least.
    most = (8 * stored.bytes if packed else 2 * stored.numbers) + _SPARE
    if asked > most:
        raise ModelError(
            f"{path}: the configuration describes {_shown(asked)} numbers, and the weights have {_shown(stored.bytes)} bytes; "
            "it is of another model"
        )
    _check_memory(path, stored, dtype)


def _numbers(path: Path, config: Any, trust_remote_code: bool) -> int:
    with translated(f"{path} cannot be loaded"), bounded(str(path)), torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code)
        return sum(one.numel() for one in (*model.parameters(), *model.buffers()))


def _check_memory(path: Path, stored: Stored, dtype: str) -> None:
    """Weights in their own type are mapped from the file; others are made anew."""
    wanted = {"float64": "F64", "float32": "F32", "bfloat16": "BF16", "float16": "F16"}.get(dtype)
    if wanted is None:
        return
    need = sum(n * _ITEM_BYTES[wanted] for kind, n in stored.by_type.items() if kind in _ITEM_BYTES and kind != wanted)
    free = free_memory()
    if need > free:
        raise ModelError(
            f"{path} takes {need / 1e9:.1f} GB of memory as {dtype}, and {free / 1e9:.1f} GB are free; keep the type of the "
            "checkpoint (--dtype auto), or take a machine with more memory"
        )


def check_generation(path: Path, model: Any) -> None:
    """That the model's own settings of generation stay within what a task asks for.

    A task says how many tokens an answer has; ``max_new_tokens`` of the configuration would overrule it in transformers and is taken
    off.

    Raises:
        InputError: many answers a question, or a search of a width that only takes memory.
    """
    config = getattr(model, "generation_config", None)
    if config is None:
        return
    if wide := too_wide(vars(config)):
        raise InputError(f"{path}: generation_config.json sets {wide}; take the key out")
    for key, value in vars(config).items():
        if isinstance(value, (list, dict)) and len(str(value)) > _LISTED:
            raise InputError(
                f"{path}: generation_config.json sets {one_line(key, 60)} to {len(value):,} entries, which each answer would be held "
                "against; take the key out"
            )
    config.max_new_tokens = None


def too_wide(settings: Mapping[str, Any]) -> str:
    """The setting of generation that asks for many answers a question, or for a search of a width that only takes memory, with what
    was expected; "" where none does.
    """
    for key, most in _WIDTHS.items():
        value = settings.get(key)
        if value is not None and not (isinstance(value, int) and 1 <= value <= most):
            return f"{key} to {_shown(value)}; expected 1{f' to {most}' if most > 1 else ''}"
    return ""


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**30 else one_line(repr(value), 60)
