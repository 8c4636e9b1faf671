"""From a path to a model that lm-eval can evaluate.

Weights are read from safetensors or GGUF only; pickle files run code when read and are refused unless asked for.
The model is loaded here rather than by lm-eval, so that tensors missing from the checkpoint are an error instead of
random numbers.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import InputError, ModelError

if TYPE_CHECKING:
    from lm_eval.api.model import LM

_PICKLE = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_TOKENIZER = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
_LOCAL_BACKENDS = {"jeval-hf", "hf", "hf-auto", "huggingface"}


@dataclass(frozen=True)
class ModelSource:
    """A model on disk: ``kind`` is ``hf``, ``lora`` or ``gguf``; paths are absolute."""

    kind: str
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
    config = _read_json(path / "adapter_config.json")
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


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as err:
        raise InputError(f"{path} is not readable JSON ({err}); the model folder is incomplete or damaged") from err
    if not isinstance(value, dict):
        raise InputError(f"{path} holds {type(value).__name__}; expected a JSON object")
    return value


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
    from safetensors import SafetensorError, safe_open

    for file in files:
        try:
            with safe_open(str(file), framework="numpy") as handle:
                handle.keys()
        except (SafetensorError, OSError) as err:
            raise ModelError(f"{file} cannot be read ({err}); the file is damaged or incomplete") from err
    for index in path.glob("*.safetensors.index.json"):
        shards = set(_read_json(index).get("weight_map", {}).values())
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


def default_dtype(device: str) -> str:
    """fp32 on a CPU without bf16 units (bf16 products are emulated there, about 9 times slower), else ``auto``."""
    if device != "cpu":
        return "auto"
    import torch

    capabilities = torch.cpu.get_capabilities()
    has_bf16 = any(value for key, value in capabilities.items() if "bf16" in key and isinstance(value, bool))
    return "auto" if has_bf16 else "float32"


def default_device() -> str:
    """The first accelerator that torch sees, else ``cpu``."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def load(
    source: ModelSource,
    *,
    backend: str = "jeval-hf",
    device: str,
    dtype: str,
    batch_size: str = "8",
    trust_remote_code: bool = False,
    model_args: dict[str, Any] | None = None,
) -> LM:
    """Load a local model into lm-eval's Hugging Face class, log-softmax always in float32.

    Raises:
        InputError: options that the model or the class does not take, or custom code that was not allowed.
        ModelError: the checkpoint lacks tensors, has tensors of the wrong shape, or cannot be read.
    """
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    if dtype != "auto" and not isinstance(getattr(torch, dtype, None), torch.dtype):
        raise InputError(f"unknown --dtype {dtype!r}; expected auto, float32, bfloat16, float16 or float64")
    model = _load_transformers(source, dtype, trust_remote_code).to(device)
    tokenizer = _load_tokenizer(source, trust_remote_code)
    return wrap(model, tokenizer, backend=backend, batch_size=batch_size, **(model_args or {}))


def wrap(model: Any, tokenizer: Any, *, backend: str = "jeval-hf", batch_size: str = "8", **model_args: Any) -> LM:
    """A live transformers model as an lm-eval model, log-softmax in float32 (float64 for a float64 model).

    Raises:
        InputError: unknown ``model_args``.
    """
    import torch

    lm_class: Any
    if backend == "jeval-hf":
        from jeval.models.hf import JevalHF

        lm_class = JevalHF
    else:
        from lm_eval.models.huggingface import HFLM

        lm_class = HFLM
    _check_model_args(lm_class, model_args)
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    double = next(model.parameters()).dtype == torch.float64
    lm: LM = lm_class(
        pretrained=model,
        tokenizer=tokenizer,
        softmax_dtype="float64" if double else "float32",
        batch_size=batch_size,
        **model_args,
    )
    return lm


def _check_model_args(lm_class: type, model_args: dict[str, Any]) -> None:
    """lm-eval's class takes any keyword and drops what it does not know; a mistyped option must not vanish."""
    from jeval.suggest import near

    known = {name for cls in lm_class.__mro__ if cls is not object for name in signature(cls).parameters}
    for name in model_args:
        if name not in known:
            raise InputError(f"--model-args {name}: not an option of this backend; {near(name, known)}")


def _load_transformers(source: ModelSource, dtype: str, trust_remote_code: bool) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    kwargs: dict[str, Any] = {"dtype": dtype, "trust_remote_code": trust_remote_code}
    if source.kind == "gguf":
        location = source.path.parent
        kwargs["gguf_file"] = source.path.name
        if dtype == "auto":
            kwargs["dtype"] = "float32"  # a GGUF file is dequantised on reading; it names no dtype of its own
    else:
        location = source.base
    try:
        if source.kind != "gguf":
            config = AutoConfig.from_pretrained(location, trust_remote_code=trust_remote_code)
            if config.is_encoder_decoder:
                raise InputError(f"{location} is an encoder-decoder model; jeval scores causal language models")
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            location, output_loading_info=True, local_files_only=True, **kwargs
        )
        model, info = loaded
    except (ValueError, KeyError, TypeError, NotImplementedError, ImportError) as err:
        raise InputError(f"{source.path} cannot be loaded: {_one_line(err)}") from err
    except (OSError, RuntimeError) as err:
        raise ModelError(f"{source.path} cannot be loaded: {_one_line(err)}") from err
    missing = sorted(info.get("missing_keys") or ())
    if missing:
        raise ModelError(
            f"{location}: the checkpoint lacks {len(missing)} tensor(s) of the architecture, first {missing[0]}; "
            "scoring would use random numbers"
        )
    if source.kind == "lora":
        from peft import PeftModel

        try:
            model = PeftModel.from_pretrained(model, str(source.path)).merge_and_unload()
        except (ValueError, KeyError, RuntimeError) as err:
            raise ModelError(f"{source.path}: the adapter does not fit its base: {_one_line(err)}") from err
    return model.eval()


def _load_tokenizer(source: ModelSource, trust_remote_code: bool) -> Any:
    from transformers import AutoTokenizer

    try:
        if source.kind == "gguf":
            return AutoTokenizer.from_pretrained(source.path.parent, gguf_file=source.path.name)
        return AutoTokenizer.from_pretrained(source.tokenizer, trust_remote_code=trust_remote_code)
    except (ValueError, KeyError, OSError, TypeError) as err:
        raise InputError(f"the tokenizer in {source.tokenizer} cannot be loaded: {_one_line(err)}") from err


def is_local_backend(backend: str) -> bool:
    """Whether ``backend`` is loaded by jeval itself (transformers in this process)."""
    return backend in _LOCAL_BACKENDS


def load_other(backend: str, model_args: dict[str, Any], *, batch_size: str, device: str | None) -> LM:
    """Any other lm-eval model by name (``vllm``, ``local-completions`` …).

    Raises:
        InputError: unknown name, missing package, or arguments that the class does not take.
    """
    import lm_eval.models
    from lm_eval.api.registry import get_model

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    try:
        cls = get_model(backend)
    except (KeyError, ValueError, ImportError, AttributeError) as err:
        from jeval.suggest import near

        known = sorted(lm_eval.models.MODEL_MAPPING)
        raise InputError(f"unknown or missing backend {backend!r} ({_one_line(err)}); {near(backend, known)}") from err
    additional = {"batch_size": batch_size, "device": device}
    try:
        return cls.create_from_arg_obj(model_args, additional)
    except (TypeError, ModuleNotFoundError, ImportError, ValueError, AssertionError) as err:
        raise InputError(f"backend {backend!r} cannot start: {_one_line(err)}; check --model-args") from err


def _one_line(err: BaseException, limit: int = 300) -> str:
    return " ".join(str(err).split())[:limit] or type(err).__name__
