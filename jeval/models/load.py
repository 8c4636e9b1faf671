"""From a model's path to a model that lm-eval can evaluate.

Weights are read from safetensors or GGUF only; pickle files run code when read and are refused unless asked for.
The model is loaded here rather than by lm-eval, so that tensors missing from the checkpoint are an error instead of
random numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from inspect import signature
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from jeval.errors import InputError, ModelError
from jeval.models.hf import JevalHF
from jeval.models.source import ModelSource
from jeval.suggest import near

_LOCAL_BACKENDS = {"jeval-hf", "hf", "hf-auto", "huggingface"}


def default_dtype(device: str) -> str:
    """fp32 on a CPU without bf16 units (bf16 products are emulated there, about 9 times slower), else ``auto``."""
    if device != "cpu":
        return "auto"
    capabilities = torch.cpu.get_capabilities()
    has_bf16 = any(value for key, value in capabilities.items() if "bf16" in key and isinstance(value, bool))
    return "auto" if has_bf16 else "float32"


def default_device() -> str:
    """The first accelerator that torch sees, else ``cpu``."""
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
    model_args: Mapping[str, Any] | None = None,
) -> HFLM:
    """Load a local model into lm-eval's Hugging Face class, log-softmax always in float32.

    Raises:
        InputError: options that the model or the class does not take, or custom code that was not allowed.
        ModelError: the checkpoint lacks tensors, has tensors of the wrong shape, or cannot be read.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    if dtype != "auto" and not isinstance(getattr(torch, dtype, None), torch.dtype):
        raise InputError(f"unknown --dtype {dtype!r}; expected auto, float32, bfloat16, float16 or float64")
    model = _load_transformers(source, dtype, trust_remote_code).to(device)
    tokenizer = _load_tokenizer(source, trust_remote_code)
    return wrap(model, tokenizer, backend=backend, batch_size=batch_size, **(model_args or {}))


def wrap(model: Any, tokenizer: Any, *, backend: str = "jeval-hf", batch_size: str = "8", **model_args: Any) -> HFLM:
    """A live transformers model as an lm-eval model, log-softmax in float32 (float64 for a float64 model).

    Raises:
        InputError: unknown ``model_args``.
    """
    lm_class: type[HFLM] = JevalHF if backend == "jeval-hf" else HFLM
    _check_model_args(lm_class, model_args)
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    double = next(model.parameters()).dtype == torch.float64
    return lm_class(
        pretrained=model,
        tokenizer=tokenizer,
        softmax_dtype="float64" if double else "float32",
        batch_size=batch_size,
        **model_args,
    )


def _check_model_args(lm_class: type, model_args: dict[str, Any]) -> None:
    """lm-eval's class takes any keyword and drops what it does not know; a mistyped option must not vanish."""
    known = {name for cls in lm_class.__mro__ if cls is not object for name in signature(cls).parameters}
    for name in model_args:
        if name not in known:
            raise InputError(f"--model-args {name}: not an option of this backend; {near(name, known)}")


def _load_transformers(source: ModelSource, dtype: str, trust_remote_code: bool) -> Any:
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
        try:
            model = PeftModel.from_pretrained(model, str(source.path)).merge_and_unload()
        except (ValueError, KeyError, RuntimeError) as err:
            raise ModelError(f"{source.path}: the adapter does not fit its base: {_one_line(err)}") from err
    return model.eval()


def _load_tokenizer(source: ModelSource, trust_remote_code: bool) -> Any:
    try:
        if source.kind == "gguf":
            return AutoTokenizer.from_pretrained(source.path.parent, gguf_file=source.path.name)
        return AutoTokenizer.from_pretrained(source.tokenizer, trust_remote_code=trust_remote_code)
    except (ValueError, KeyError, OSError, TypeError) as err:
        raise InputError(f"the tokenizer in {source.tokenizer} cannot be loaded: {_one_line(err)}") from err


def is_local_backend(backend: str) -> bool:
    """Whether ``backend`` is loaded by jeval itself (transformers in this process)."""
    return backend in _LOCAL_BACKENDS


def _one_line(err: BaseException, limit: int = 300) -> str:
    return " ".join(str(err).split())[:limit] or type(err).__name__
