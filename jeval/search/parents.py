"""Whether parents can be merged: same architecture, same vocabulary, safetensors weights in local folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.models.source import resolve
from jeval.reading import read_json
from jeval.search.config import SearchConfig

#: What decides the shapes of the weights. Parents of a stack may differ in depth.
_SHAPE = (
    "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "head_dim", "tie_word_embeddings", "vocab_size",
)  # fmt: skip


def check_parents(config: SearchConfig) -> dict[str, int]:
    """The number of layers of each parent.

    Raises:
        InputError: a parent is missing or is no local safetensors model, or two of them differ: in what.
    """
    known = {name: _read(name, folder) for name, folder in config.models.items()}
    used = _used(config)
    first = config.base_model if config.base_model in used else used[0]
    for name in used:
        _compare(config, first, name, known[first], known[name])
    return {name: int(one["num_hidden_layers"]) for name, one in known.items()}


def _used(config: SearchConfig) -> list[str]:
    """Parents whose weights candidates are made of."""
    stack = config.space.stack
    named = (stack.models or list(config.models)) if stack else [*config.space.models]
    return list(dict.fromkeys([*named, *([config.base_model] if config.base_model else [])]))


def _read(name: str, folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise InputError(f"models.{name}: there is no folder {folder}; expected a Hugging Face folder with safetensors")
    try:
        resolve(folder)
    except InputError as err:
        raise InputError(f"models.{name}: {err}") from err
    if not any(folder.glob("*.safetensors")):
        raise InputError(
            f"models.{name}: {folder} has no safetensors weights; expected a whole model (merge adapters first)"
        )
    found = read_json(folder / "config.json")
    if not isinstance(found.get("num_hidden_layers"), int):
        raise InputError(f"models.{name}: {folder / 'config.json'} says no num_hidden_layers; no decoder of layers")
    return found


def _compare(config: SearchConfig, first: str, name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    free = {"vocab_size"} if config.tokenizer_source else set()
    free |= {"num_hidden_layers"} if config.space.stack else set()
    for key in _SHAPE:
        if key in free or one.get(key) == other.get(key):
            continue
        hint = "; tokenizer_source: union (or base) would change it" if key == "vocab_size" else ""
        what = "architecture" if key == "model_type" else key
        raise InputError(
            f"models.{name} cannot be merged with models.{first}: {what} {other.get(key)!r}, not {one.get(key)!r}{hint}"
        )
    if config.tokenizer_source is None and name != first:
        _compare_vocabularies(config, first, name)


def _compare_vocabularies(config: SearchConfig, first: str, name: str) -> None:
    mine, theirs = (_vocabulary(name_, config.models[name_]) for name_ in (first, name))
    if mine == theirs:
        return
    only, lacking = len(theirs.keys() - mine.keys()), len(mine.keys() - theirs.keys())
    moved = sum(theirs[token] != number for token, number in mine.items() if token in theirs)
    raise InputError(
        f"models.{name} has another tokenizer than models.{first}: {only} tokens only it has, {lacking} it lacks, {moved} of "
        "the shared ones have another number; tokenizer_source: union (or base) would change that"
    )


def _vocabulary(name: str, folder: Path) -> dict[str, int]:
    from transformers import AutoTokenizer

    try:
        return dict(AutoTokenizer.from_pretrained(folder, local_files_only=True).get_vocab())
    except (OSError, ValueError, ImportError) as err:
        raise InputError(f"models.{name}: its tokenizer cannot be read ({' '.join(str(err).split())[:200]})") from err
