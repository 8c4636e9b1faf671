"""From a model's path to a model that lm-eval can evaluate: one stage, checked from end to end.

Weights are read from safetensors or GGUF only; pickle files run code when read and are refused unless asked for. The model is
loaded here rather than by lm-eval, so that what does not land is an error instead of random numbers, and what other people's
code raises on the way becomes one line.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer
from transformers.utils import logging as transformers_logging

from jeval.errors import InputError
from jeval.models import gguf
from jeval.models.adapter import with_adapter
from jeval.models.backends import LOCAL
from jeval.models.bounds import bounded
from jeval.models.checks import check_causal, check_tokenizer
from jeval.models.hf import JevalHF
from jeval.models.options import check_model_args
from jeval.models.source import ModelSource
from jeval.models.template import Templated
from jeval.models.translate import message, translated
from jeval.models.trial import Trial, begin
from jeval.models.weights import read_config, read_weights

#: What a model is computed in unless asked otherwise, on every machine: the same numbers everywhere, at the full precision of
#: any checkpoint. Half precision rounds differently on every kind of processor, and is emulated on most CPUs.
DEFAULT_DTYPE = "float32"
_TOKENIZER_SECONDS = 600.0  # large vocabularies are converted in Python
_DTYPES = ("auto", "float32", "bfloat16", "float16", "float64")


def default_device() -> str:
    """The first accelerator that torch sees, else ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check_options(*, device: str | None, dtype: str | None, batch_size: str) -> None:
    """Refuse what no model could be loaded with, before one is.

    Raises:
        InputError: a device that is not there, an unknown dtype, a batch size that is not one.
    """
    if dtype is not None and dtype not in _DTYPES:
        raise InputError(f"unknown --dtype {dtype!r}; expected {', '.join(_DTYPES[:-1])} or {_DTYPES[-1]}")
    if not re.fullmatch(r"[1-9]\d*|auto(:\d+)?", str(batch_size)):
        raise InputError(f"--batch-size {batch_size}: expected a whole number of at least 1, or auto")
    if device is None:
        return
    try:
        torch.empty(1, device=device).add(1)
    except Exception as err:  # torch raises AssertionError, RuntimeError, AcceleratorError …
        raise InputError(
            f"--device {device} cannot be used here ({message(err, 120)}); expected cpu, or cuda, cuda:1, mps where there is one"
        ) from err


def load(
    source: ModelSource,
    *,
    backend: str = "jeval-hf",
    device: str | None = None,
    dtype: str | None = None,
    batch_size: str = "8",
    trust_remote_code: bool = False,
    allow_pickle: bool = False,
    model_args: Mapping[str, Any] | None = None,
    fresh: bool = False,
    trial: Trial | None = None,
) -> Templated:
    """Load a local model into lm-eval's Hugging Face class, log-softmax always in float32.

    Args:
        device: ``None`` takes :func:`default_device`.
        dtype: ``None`` takes :data:`DEFAULT_DTYPE`; ``auto`` that of the checkpoint (float32 for a GGUF).
        fresh: read a GGUF anew, whatever copy is kept.
        trial: of the tokenizer, where it was begun before.

    Raises:
        InputError: options that the model or the class does not take, custom code that was not allowed, or a model or tokenizer
            that jeval cannot score (encoder-decoder, attending in both directions, tokens beyond the embedding …).
        ModelError: the checkpoint or adapter does not land whole, or cannot be read.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    check_options(device=device, dtype=dtype, batch_size=batch_size)
    check_model_args(model_args or {}, backend=backend)
    with _folders(source, fresh) as (weights, vocabulary):
        read_config(weights, trust_remote_code)
        _tried(vocabulary, trial)
        tokenizer = _tokenizer(vocabulary, trust_remote_code)
        model = read_weights(
            weights, dtype=dtype or DEFAULT_DTYPE, trust_remote_code=trust_remote_code, allow_pickle=allow_pickle
        )
    if source.kind == "lora":
        model = with_adapter(model, source.path)
    with translated(f"{source.path} cannot be moved to {device or default_device()}"):
        model = model.to(device or default_device())
    return wrap(model, tokenizer, backend=backend, batch_size=batch_size, **(model_args or {}))


def wrap(
    model: Any, tokenizer: Any, *, backend: str = "jeval-hf", batch_size: str = "8", **model_args: Any
) -> Templated:
    """A live transformers model as an lm-eval model, log-softmax in float32 (float64 for a float64 model).

    Args:
        model_args: options of the class that :func:`jeval.models.options.check_model_args` takes.

    Raises:
        InputError: a model or tokenizer that jeval cannot score.
    """
    check_tokenizer(model, tokenizer)
    check_causal(model)
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    lm_class: type[Templated] = JevalHF if backend == "jeval-hf" else Templated
    double = next(model.parameters()).dtype == torch.float64
    with translated(f"backend {backend} does not take this model", InputError):
        return lm_class(
            pretrained=model,
            tokenizer=tokenizer,
            softmax_dtype="float64" if double else "float32",
            batch_size=batch_size,
            **model_args,
        )


@contextmanager
def _folders(source: ModelSource, fresh: bool) -> Iterator[tuple[Path, Path]]:
    """Where the weights and the tokenizer can be read as Hugging Face folders."""
    if source.kind != "gguf":
        yield source.base, source.tokenizer
        return
    with gguf.opened(source.path, fresh=fresh) as folder:
        yield folder, folder if source.tokenizer == source.path else source.tokenizer


def _tried(folder: Path, trial: Trial | None) -> None:
    if trial is None or trial.file.parent != folder:
        trial = begin(folder)
    trial.end()


def _tokenizer(folder: Path, trust_remote_code: bool) -> Any:
    # transformers names another package when one of these is missing.
    missing = [name for name in ("sentencepiece", "google.protobuf") if not _installed(name)]
    if missing and not (folder / "tokenizer.json").is_file() and any(folder.glob("*.model")):
        raise InputError(f"{folder} has a SentencePiece tokenizer; pip install sentencepiece protobuf to read it")
    what = f"the tokenizer in {folder}"
    with translated(f"{what} cannot be loaded", InputError), bounded(what, _TOKENIZER_SECONDS):
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code, local_files_only=True)


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent
        return False


def is_local_backend(backend: str) -> bool:
    """Whether ``backend`` is loaded by jeval itself (transformers in this process)."""
    return backend in LOCAL
