"""GGUF files: read once, dequantised to float32, kept as safetensors beside the answer cache.

Reading a GGUF through transformers parses its metadata three times in Python and takes longer than scoring it; the copy is
read as any other model. It lies under the digest of the file, and its own files are checked against their digests each
time. Only the file itself is read, never what lies beside it.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tokenizers import Regex, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
from transformers.integrations.gguf.reader import read_gguf_metadata
from transformers.utils.quantization_config import GgufConfig

from jeval.digests import file_digest, value_digest
from jeval.models.bounds import Stored, bounded, check_layers, check_size
from jeval.models.translate import translated
from jeval.models.weights import check_landed
from jeval.resources import answers_path

_log = logging.getLogger(__name__)
_LIST = "files.json"
_COPY = "2"  # raised when a copy made by earlier code would be another
#: A copy is kept where it leaves at least this share of the disk free.
_FREE = 0.1


def folder_of(path: Path) -> Path:
    """Where the copy of a GGUF lies: under the digest of its bytes and the versions of what read it."""
    versions = {name: version(name) for name in ("transformers", "gguf")} | {"copy": _COPY}
    return answers_path().expanduser().parent / "gguf" / value_digest([file_digest(path), versions])[:32]


#: Names of ways to split text before merging that are GPT-2's, which transformers takes for every name that it does not know.
_AS_GPT2 = {"gpt-2", "mpt", "olmo", "jais", "phi-2"}
#: GPT-2's with every digit apart.
_DIGITS_APART = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}


def unknown_splitting(path: Path) -> str:
    """The name of the file's way to split text before merging (``tokenizer.ggml.pre``), where the tokenizer read has another.

    Returns:
        "" where tokens are those of llama.cpp as far as names tell.

    Raises:
        ModelError: the file cannot be read.
    """
    name = _splitting(path)
    return "" if name in GGUF_PRE_TOKENIZER_SPLITS or name in _AS_GPT2 | _DIGITS_APART else name


def _splitting(path: Path) -> str:
    """``tokenizer.ggml.pre``; "gpt-2" for vocabularies of other kinds, which are not split before merging."""
    with translated(f"{path} cannot be read"):
        metadata, _ = read_gguf_metadata(str(path))
    if metadata.get("tokenizer.ggml.model") != "gpt2":
        return "gpt-2"
    return str(metadata.get("tokenizer.ggml.pre") or "default")


def split_digits(tokenizer: Any, name: str) -> None:
    """Set every digit apart before all else, where the way to split called ``name`` does and transformers does not know it."""
    if name not in GGUF_PRE_TOKENIZER_SPLITS and name in _DIGITS_APART:
        inner = tokenizer.backend_tokenizer
        inner.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(r"\p{N}"), "isolated"), inner.pre_tokenizer]
        )


@contextmanager
def opened(path: Path, *, fresh: bool = False) -> Iterator[Path]:
    """A Hugging Face folder with the model and the tokenizer of a GGUF, in float32.

    Args:
        fresh: read the file anew, whatever copy is kept.

    Raises:
        ModelError: the file cannot be read.
        InputError: its architecture is not known to transformers.
    """
    kept = folder_of(path)
    if not fresh and _whole(kept):
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="jeval-gguf-") as scratch:
        made = Path(scratch) / "model"
        _convert(path, Path(scratch), made)
        yield _keep(made, kept) or made


def _convert(path: Path, scratch: Path, target: Path) -> None:
    alone = scratch / "file"
    alone.mkdir()
    (alone / "model.gguf").symlink_to(path)
    _check_bounds(path, alone)
    with translated(f"{path} cannot be loaded"):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            alone,
            gguf_file="model.gguf",
            dtype="float32",
            local_files_only=True,
            output_loading_info=True,
            quantization_config=GgufConfig(dequantize=True),
        )
        model, info = loaded
        check_landed(path, info)
        tokenizer = AutoTokenizer.from_pretrained(alone, gguf_file="model.gguf", local_files_only=True)
        split_digits(tokenizer, _splitting(path))
        _forget_quantisation(model)
        model.save_pretrained(target, max_shard_size="1TB")
        tokenizer.save_pretrained(target)
    names = sorted(file.name for file in target.iterdir())
    (target / _LIST).write_text(json.dumps({name: file_digest(target / name) for name in names}), encoding="utf-8")


def _check_bounds(path: Path, alone: Path) -> None:
    """That the metadata does not ask for more than the file could hold."""
    stored = Stored.of_gguf(path)
    with translated(f"{path} cannot be read"), bounded(str(path)):
        metadata, _ = read_gguf_metadata(str(path))
    check_layers(path, metadata, stored)
    with translated(f"{path} cannot be loaded"), bounded(str(path)):
        config = AutoConfig.from_pretrained(alone, gguf_file="model.gguf", local_files_only=True)
    check_size(path, config, stored, dtype="float32")


def _forget_quantisation(model: Any) -> None:
    """Dequantised weights are a plain model, which can be saved."""
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def _whole(folder: Path) -> bool:
    """Whether a copy is there and unchanged, with nothing beside it."""
    try:
        files = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        if {_LIST, *files} != {file.name for file in folder.iterdir()} or "config.json" not in files:
            return False
        return all(file_digest(folder / name) == digest for name, digest in files.items())
    except (OSError, ValueError, AttributeError):
        return False


def _keep(made: Path, kept: Path) -> Path | None:
    """Move a copy to its place; ``None`` where there is no room for it or it cannot be written."""
    size = sum(file.stat().st_size for file in made.iterdir())
    partial = kept.with_name(f"{kept.name}.{os.getpid()}.part")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        disk = shutil.disk_usage(kept.parent)
        if disk.free - size < _FREE * disk.total:
            _log.warning("no room to keep a copy of the GGUF (%d MB); it is read anew each time", size >> 20)
            return None
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(made, partial)
        partial.rename(kept)
    except OSError as err:
        shutil.rmtree(partial, ignore_errors=True)
        _log.warning("a copy of the GGUF cannot be kept (%s); it is read anew each time", err.strerror or err)
        return None
    return kept
