"""What lies at a model's path: a folder, an adapter with its base, a GGUF file. Nothing is loaded here.

A folder must say one thing only: one set of weights, of a causal language model. Where it says two, transformers takes one
without a word, and nobody knows which was evaluated.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open

from jeval.errors import InputError, ModelError
from jeval.output import one_line
from jeval.reading import check_regular, read_json

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
_GGUF = b"GGUF"
_PICKLE = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_NO_WEIGHTS = {"training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth", "optimizer.bin", "scheduler.bin"}
_TOKENIZER = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
#: Endings of architectures with another head than a language model's, and what they are.
_OTHER_HEADS = {
    "ForSequenceClassification": "a classifier or reward model",
    "ForTokenClassification": "a token classifier",
    "ForMaskedLM": "a masked language model, which sees the answer it is to predict",
    "ForQuestionAnswering": "a question-answering head",
    "ForMultipleChoice": "a multiple-choice head",
    "ForImageClassification": "an image classifier",
    "ForPreTraining": "a pre-training head",
    "RewardModel": "a reward model",
}
ADAPTER_CONFIG = "adapter_config.json"
#: Keys by which a configuration makes a library read other files, or code from elsewhere; the model would not be what its files say.
_REDIRECTS = {"transformers_weights", "configuration_files", "megatron_config"}
_CONFIGS = ("config.json", "generation_config.json", "tokenizer_config.json", ADAPTER_CONFIG)
_HEADER = 32 << 20
"""Bytes of a header of safetensors; the largest models have a tenth of it in a file."""
_SPLIT = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)


@dataclass(frozen=True)
class ModelSource:
    """A model on disk: ``kind`` is ``hf``, ``lora`` or ``gguf``; paths are absolute."""

    kind: Literal["hf", "lora", "gguf"]
    path: Path
    base: Path
    tokenizer: Path

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self.path.stem if self.kind == "gguf" else self.path.name


def resolve(model: str | Path, *, allow_pickle: bool = False, tokenizer: str | Path | None = None) -> ModelSource:
    """Find out what lies at ``model``.

    Args:
        tokenizer: a folder whose tokenizer is used instead of the model's own.

    Raises:
        InputError: nothing there, no weights or more than one set of them, pickle weights only, another architecture than a
            causal language model, no tokenizer, or an adapter whose base is not local.
        ModelError: the weights files cannot be read.
    """
    path = Path(model).expanduser()
    if not path.exists():
        raise InputError(_nothing_at(str(model)))
    given = path
    path = path.resolve()
    own = None if tokenizer is None else _find_tokenizer(_existing_folder(tokenizer))
    if path.is_file():
        _check_gguf(given, path)
        return ModelSource("gguf", path, path, own or path)
    _check_files(path)  # before anything asks whether a file is there: of a pipe the answer is no
    if (path / ADAPTER_CONFIG).is_file():
        base = _base_of(path)
        source = ModelSource("lora", path, base, own or path)
        check(source, allow_pickle=allow_pickle)
        return source if own else replace(source, tokenizer=_find_tokenizer(path, base))
    if not (path / "config.json").is_file():
        raise InputError(_no_config(path))
    source = ModelSource("hf", path, path, own or path)
    check(source, allow_pickle=allow_pickle)
    return source if own else replace(source, tokenizer=_find_tokenizer(path))


def check(source: ModelSource, *, allow_pickle: bool = False, trust_remote_code: bool = False) -> None:
    """Whether what lies there says one thing only, and leads nowhere else.

    Raises:
        InputError, ModelError: see :func:`resolve`; and keys of a configuration that make a library read other files than those
            of the model.
    """
    for folder in dict.fromkeys((source.path, source.base, source.tokenizer)):
        if folder.is_dir():
            _check_files(folder)
            _check_redirects(folder, trust_remote_code)
    if source.kind == "gguf":
        return
    if source.kind == "lora":
        _check_adapter(source.path, allow_pickle)
    if (source.base / ADAPTER_CONFIG).is_file():
        raise InputError(
            f"{source.base} is a base model with an {ADAPTER_CONFIG} of its own, which a library would follow; move it away, or "
            "merge that adapter first"
        )
    _check_model(source.base, allow_pickle)


def is_gguf(path: Path) -> bool:
    """Whether a file is a GGUF, by its first bytes."""
    try:
        with path.open("rb") as handle:
            return handle.read(4) == _GGUF
    except OSError as err:
        raise ModelError(f"{path} cannot be read ({err.strerror or err}); check the file") from err


def _check_files(folder: Path) -> None:
    """That what lies in a model's folder ends when it is read."""
    for file in sorted(folder.glob("**/*")):
        if file.exists() and not file.is_dir():
            check_regular(file, what="model file")


def _nothing_at(model: str) -> str:
    expected = "expected a Hugging Face folder (config.json and *.safetensors), a LoRA adapter folder or a .gguf file"
    if re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        return (
            f"no such model path: {model}; {expected}. If it is the name of a model on a hub, download it first (jeval works "
            "offline) and give the folder"
        )
    return f"no such model path: {model}; {expected}"


def _no_config(path: Path) -> str:
    """What to give instead of a folder without config.json."""
    if ggufs := sorted(file.name for file in path.glob("*.gguf")):
        return f"{path} holds {', '.join(ggufs[:3])}; give the file itself: --model {path / ggufs[0]}"
    snapshots = sorted(folder for folder in path.glob("snapshots/*") if (folder / "config.json").is_file())
    if snapshots:
        return f"{path} is a folder of the hub's cache; give the snapshot: --model {snapshots[-1]}"
    return f"{path} has no config.json; expected a Hugging Face model folder with config.json"


def _existing_folder(path: str | Path) -> Path:
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise InputError(f"--tokenizer {path}: no such folder; expected the folder that holds tokenizer.json")
    return folder.resolve()


def _check_gguf(given: Path, path: Path) -> None:
    if not is_gguf(path):
        raise InputError(
            f"{given} is a file but not a GGUF (its first bytes are not GGUF); give the folder that holds the weights, or a "
            ".gguf file"
        )
    if part := (_SPLIT.search(given.name) or _SPLIT.search(path.name)):
        raise InputError(
            f"{given} is part {int(part[1])} of {int(part[2])} of a split GGUF; join the parts first (llama-gguf-split --merge) "
            "and give the whole file"
        )


def _base_of(path: Path) -> Path:
    config = read_json(path / ADAPTER_CONFIG, what="model file")
    named = str(config.get("base_model_name_or_path") or "")
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # no name that a path could have
        for candidate in (Path(named).expanduser(), path / named):
            if named and (candidate / "config.json").is_file():
                return candidate.resolve()
    raise InputError(
        f"{path} is an adapter of {one_line(repr(named), 200)}, which is not a local folder; put the base model on this machine and "
        f"write its path into base_model_name_or_path of {ADAPTER_CONFIG}"
    )


def _check_model(path: Path, allow_pickle: bool) -> None:
    _check_architecture(path, read_json(path / "config.json", what="model file"))
    files = sorted(file for file in path.glob("*.safetensors") if file.is_file())  # a pipe would be waited for
    if not files:
        _check_pickle(path, WEIGHTS, allow_pickle)
        return
    for file in files:
        _check_readable(file)
    _check_one_set(path, [file.name for file in files])


def _check_architecture(path: Path, config: dict[str, Any]) -> None:
    named = config.get("architectures") or []
    if not isinstance(named, list):
        raise InputError(f"{path / 'config.json'}: architectures is {type(named).__name__}; expected a list of names")
    for name in map(str, named):
        for ending, what in _OTHER_HEADS.items():
            if name.endswith(ending):
                raise InputError(f"{path} is {what} ({name}); jeval scores causal language models")


def _check_one_set(path: Path, files: Sequence[str]) -> None:
    """One file, or one index with exactly the shards that lie there."""
    indices = sorted(index.name for index in path.glob("*.safetensors.index.json"))
    advice = "move one set away, so that it is clear which weights are evaluated"
    if len(indices) > 1:
        raise InputError(f"{path} has two indices of weights ({', '.join(indices)}); {advice}")
    if not indices:
        if list(files) == [WEIGHTS]:
            return
        if WEIGHTS in files:
            others = ", ".join(name for name in files if name != WEIGHTS)
            raise InputError(f"{path} has more than one set of weights: {WEIGHTS} and {others}; {advice}")
        raise InputError(
            f"{path} has weights under other names ({', '.join(files[:3])}); expected {WEIGHTS}, or shards with {INDEX}"
        )
    if indices != [INDEX]:
        raise InputError(f"{path} has an index of another name ({indices[0]}), which nothing reads; expected {INDEX}")
    shards = _shards(path / indices[0])
    if missing := sorted(shards - set(files)):
        raise InputError(f"{path} lacks {', '.join(missing[:3])}, named in {indices[0]}; copy the missing shards")
    if others_left := sorted(set(files) - shards):
        raise InputError(
            f"{path} has more than one set of weights: those of {indices[0]} and {', '.join(others_left[:3])}; {advice}"
        )


def _shards(index: Path) -> set[str]:
    placed = read_json(index, what="model file").get("weight_map") or {}
    if not isinstance(placed, dict) or not all(isinstance(name, str) for name in placed.values()):
        raise InputError(f"{index}: weight_map is not of the form tensor: file; copy the index of the model again")
    return set(placed.values())


def _check_adapter(path: Path, allow_pickle: bool) -> None:
    if any((path / name).is_file() for name in (WEIGHTS, INDEX)):
        raise InputError(
            f"{path} has the weights of a whole model beside an {ADAPTER_CONFIG}; move one of them away, so that it is clear which "
            "is evaluated"
        )
    expected = "adapter_model.safetensors"
    files = sorted(file.name for file in path.glob("adapter_model*.safetensors") if file.is_file())
    if not files:
        _check_pickle(path, expected, allow_pickle)
    elif files != [expected]:  # PEFT reads this one name, and where it is not there a pickle
        raise InputError(
            f"{path} has adapter weights under other names ({', '.join(files[:3])}); expected {expected} alone"
        )
    for name in files:
        _check_readable(path / name)


def _check_redirects(folder: Path, trust_remote_code: bool) -> None:
    for name in _CONFIGS:
        if (folder / name).is_file():
            for key, value in _entries(read_json(folder / name, what="model file")):
                if why := _leads_away(key, value, trust_remote_code):
                    raise InputError(
                        f"{folder / name}: {key} {why}; take the key out, and have the files in the folder itself"
                    )


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one.items()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _leads_away(key: str, value: Any, trust_remote_code: bool) -> str:
    """Why an entry of a configuration is refused; "" where it is not."""
    if not value:
        return ""
    if key in _REDIRECTS or (key == "adapters" and isinstance(value, dict)):
        return "makes a library read other files than those of the model"
    if key.endswith("attn_implementation") and "/" in str(value):
        return f"names code of another repository ({one_line(str(value), 80)})"
    if key == "auto_map" and trust_remote_code and "--" in str(value):
        return f"takes code from another repository ({one_line(str(value), 80)})"
    return ""


def _check_pickle(path: Path, expected: str, allow_pickle: bool) -> None:
    names = {file.name for pattern in _PICKLE for file in path.glob(pattern)} - _NO_WEIGHTS
    for index in path.glob("*.bin.index.json"):
        if missing := sorted(_shards(index) - names):
            raise InputError(f"{path} lacks {', '.join(missing[:3])}, named in {index.name}; copy the missing shards")
    if not names:
        raise InputError(f"{path} has no weights; expected {expected} in the folder (*.safetensors)")
    if not allow_pickle:
        raise InputError(
            f"{path} has only pickle weights ({', '.join(sorted(names)[:3])}), which can run code when read; "
            "save the model as safetensors, or pass --allow-pickle if you trust the file"
        )


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
        if _HEADER < length <= file.stat().st_size:
            raise ModelError(f"{file} has a header of {length} bytes; expected at most {_HEADER}; get the file again")
        with safe_open(str(file), framework="numpy") as handle:
            handle.keys()
    except (SafetensorError, OSError) as err:
        raise ModelError(f"{file} cannot be read ({err}); the file is damaged or incomplete") from err


def _find_tokenizer(*folders: Path) -> Path:
    for folder in folders:
        if any((folder / name).is_file() for name in _TOKENIZER):
            return folder
    raise InputError(
        f"no tokenizer in {folders[0]}; expected tokenizer.json (or tokenizer.model) beside the weights, "
        "as tokenizer.save_pretrained writes it"
    )
