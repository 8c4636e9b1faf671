"""Which model is it: SHA-256 digests of weights, configuration, tokenizer and chat template.

A path is not an identity: a re-merge into the same folder is another model. Digests are taken from the bytes on disk
each time, never from names or times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from jeval.digests import combined, file_digest
from jeval.models.source import ModelSource
from jeval.reading import read_json
from jeval.record.schema import Identity

Take = Callable[[Path, Iterable[str], str], str]

_TOKENIZER_FILES = (
    "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model", "tekken.json",
)  # fmt: skip
_TEMPLATE_FILES = ("chat_template*", "additional_chat_templates/*")


def identify(source: ModelSource) -> Identity:
    """Digest the files of a model on disk."""
    files: dict[str, str] = {}

    def take(folder: Path, patterns: Iterable[str], label: str) -> str:
        found = sorted({f for pattern in patterns for f in folder.glob(pattern) if f.is_file()})
        entries = []
        for file in found:
            name = f"{label}{file.relative_to(folder).as_posix()}"
            files.setdefault(name, file_digest(file))
            entries.append((name, files[name]))
        return combined(entries)

    if source.kind == "gguf":
        files[source.path.name] = whole = file_digest(source.path)  # of the bytes: a file's name is not the model
        if source.tokenizer == source.path:
            return _identity(whole, whole, whole, None, files)
        tokenizer = take(source.tokenizer, _TOKENIZER_FILES, "tokenizer/")
        return _identity(whole, whole, tokenizer, _template_digest(source.tokenizer, take), files)
    weights = take(source.base, ("*.safetensors", "*.bin", "*.safetensors.index.json"), "base/")
    config = take(source.base, ("config.json", "generation_config.json", "*.py"), "base/")
    if source.kind == "lora":
        adapter = take(source.path, ("adapter_model*.safetensors", "adapter_model*.bin"), "adapter/")
        weights = combined([("base", weights), ("adapter", adapter)])
        config = combined([("base", config), ("adapter", take(source.path, ("adapter_config.json",), "adapter/"))])
    tokenizer = take(source.tokenizer, _TOKENIZER_FILES, "tokenizer/")
    return _identity(weights, config, tokenizer, _template_digest(source.tokenizer, take), files)


def tokenizer_digest(path: Path) -> str:
    """Digest of the tokenizer's files in a folder, with its chat template; or of the one file."""
    if path.is_file():
        return file_digest(path)
    files = sorted({f for pattern in (*_TOKENIZER_FILES, *_TEMPLATE_FILES) for f in path.glob(pattern) if f.is_file()})
    return combined([(file.relative_to(path).as_posix(), file_digest(file)) for file in files])


def _identity(weights: str, config: str, tokenizer: str, chat_template: str | None, files: dict[str, str]) -> Identity:
    """``digest`` is one digest over weights, configuration, tokenizer and chat template."""
    parts = [weights, config, tokenizer, chat_template or ""]
    return Identity(
        weights=weights,
        config=config,
        tokenizer=tokenizer,
        chat_template=chat_template,
        files=files,
        digest=hashlib.sha256("\n".join(parts).encode()).hexdigest(),
    )


def _template_digest(folder: Path, take: Take) -> str | None:
    """Digest of the chat template: its own file, or the field of ``tokenizer_config.json``."""
    if any(f.is_file() for pattern in _TEMPLATE_FILES for f in folder.glob(pattern)):
        return take(folder, _TEMPLATE_FILES, "tokenizer/")
    config = folder / "tokenizer_config.json"
    if not config.is_file():
        return None
    template = read_json(config, what="model file").get("chat_template")
    if template is None:
        return None
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()
