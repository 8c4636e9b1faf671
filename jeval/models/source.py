"""What lies at a model's path: a folder, an adapter with its base, a GGUF file. Nothing is loaded here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from safetensors import SafetensorError, safe_open

from jeval.errors import InputError, ModelError
from jeval.reading import read_json

_PICKLE = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_TOKENIZER = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")


@dataclass(frozen=True)
class ModelSource:
    """A model on disk: ``kind`` is ``hf``, ``lora`` or ``gguf``; paths are absolute."""

    kind: Literal["hf", "lora", "gguf"]
    path: Path
    base: Path
    tokenizer: Path

    @property
    def name(self) -> str:
        return self.path.stem if self.kind == "gguf" else self.path.name


def resolve(model: str | Path, *, allow_pickle: bool = False) -> ModelSource:
    """Find out what lies at ``model``.

    Raises:
        InputError: nothing there, no weights, pickle weights only, no tokenizer, or an adapter whose base is not local.
        ModelError: the weights files cannot be read.
    """
    path = Path(model).expanduser()
    if not path.exists():
        raise InputError(
            f"no such model path: {model}; expected a Hugging Face folder (config.json and *.safetensors), "
            "a LoRA adapter folder or a .gguf file"
        )
    path = path.resolve()
    if path.is_file():
        if path.suffix.lower() != ".gguf":
            raise InputError(
                f"{model} is a file but not a .gguf; give the folder that holds the weights, or a .gguf file"
            )
        return ModelSource("gguf", path, path, path)
    if (path / "adapter_config.json").is_file():
        return _resolve_adapter(path, allow_pickle)
    if not (path / "config.json").is_file():
        raise InputError(f"{model} has no config.json; expected a Hugging Face model folder with config.json")
    _check_weights(path, "*.safetensors", allow_pickle)
    return ModelSource("hf", path, path, _find_tokenizer(path))


def _resolve_adapter(path: Path, allow_pickle: bool) -> ModelSource:
    config = read_json(path / "adapter_config.json", what="model file")
    _check_weights(path, "adapter_model*.safetensors", allow_pickle)
    named = str(config.get("base_model_name_or_path") or "")
    for candidate in (Path(named).expanduser(), path / named):
        if named and (candidate / "config.json").is_file():
            base = candidate.resolve()
            break
    else:
        raise InputError(
            f"{path} is an adapter of {named!r}, which is not a local folder; put the base model on this machine and "
            "write its path into base_model_name_or_path of adapter_config.json"
        )
    _check_weights(base, "*.safetensors", allow_pickle)
    return ModelSource("lora", path, base, _find_tokenizer(path, base))


def _check_weights(path: Path, pattern: str, allow_pickle: bool) -> None:
    files = sorted(path.glob(pattern))
    if not files:
        pickles = sorted(f.name for p in _PICKLE for f in path.glob(p) if f.name != "training_args.bin")
        if pickles and not allow_pickle:
            raise InputError(
                f"{path} has only pickle weights ({', '.join(pickles[:3])}), which can run code when read; "
                "save the model as safetensors, or pass --allow-pickle if you trust the file"
            )
        if not pickles:
            raise InputError(f"{path} has no weights; expected {pattern} in the folder")
        return
    for file in files:
        try:
            with safe_open(str(file), framework="numpy") as handle:
                handle.keys()
        except (SafetensorError, OSError) as err:
            raise ModelError(f"{file} cannot be read ({err}); the file is damaged or incomplete") from err
    for index in path.glob("*.safetensors.index.json"):
        shards = set(read_json(index, what="model file").get("weight_map", {}).values())
        if missing := sorted(shards - {f.name for f in files}):
            raise InputError(f"{path} lacks {', '.join(missing[:3])}, named in {index.name}; copy the missing shards")


def _find_tokenizer(*folders: Path) -> Path:
    for folder in folders:
        if any((folder / name).is_file() for name in _TOKENIZER):
            return folder
    raise InputError(
        f"no tokenizer in {folders[0]}; expected tokenizer.json (or tokenizer.model) beside the weights, "
        "as tokenizer.save_pretrained writes it"
    )
