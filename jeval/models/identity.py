"""Which model is it: SHA-256 digests of weights, configuration, tokenizer and chat template.

A path is not an identity: a re-merge into the same folder is another model. Digests are taken from the bytes on disk
each time, never from names or times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from jeval.digests import combined, file_digest
from jeval.models.source import ModelSource
from jeval.reading import read_json
from jeval.record.schema import Identity

ModelFiles = Mapping[str, Mapping[str, Path]]
"""Part of a model → name of a file in the record → where it lies."""

WEIGHTS, CONFIG, ADAPTER, ADAPTER_CONFIG, TOKENIZER, TEMPLATE = (
    "weights", "config", "adapter", "adapter_config", "tokenizer", "template",
)  # fmt: skip
_WEIGHT_FILES = ("*.safetensors", "*.bin", "*.safetensors.index.json", "*.bin.index.json")
_CONFIG_FILES = ("config.json", "generation_config.json", "*.py", "custom_generate/*.py")
_TOKENIZER_FILES = (
    "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model", "tekken.json", "emoji.json",
    "bpe.codes", "*.spm", "*.tiktoken",
)  # fmt: skip
_TEMPLATE_FILES = ("chat_template*", "additional_chat_templates/*")


def files_of(source: ModelSource) -> ModelFiles:
    """Every file of a model that anything may be read from: what is not here is neither loaded nor in the digest."""
    if source.kind == "gguf":
        found = {WEIGHTS: {source.path.name: source.path}}
        return found if source.tokenizer == source.path else {**found, **_tokenizer_files(source)}
    found = {
        WEIGHTS: _found(source.base, _WEIGHT_FILES, "base/"),
        CONFIG: _found(source.base, (*_CONFIG_FILES, *_modules(source.base)), "base/"),
    }
    if source.kind == "lora":
        found[ADAPTER] = _found(source.path, ("adapter_model*.safetensors", "adapter_model*.bin"), "adapter/")
        found[ADAPTER_CONFIG] = _found(source.path, ("adapter_config.json",), "adapter/")
    return {**found, **_tokenizer_files(source)}


def identify(source: ModelSource) -> Identity:
    """Digest the files of a model on disk."""
    return identity_of(files_of(source))


def identity_of(files: ModelFiles) -> Identity:
    """The identity of these files. ``digest`` is one digest over weights, configuration, tokenizer and chat template."""
    digests: dict[str, str] = {}
    parts: dict[str, str] = {}
    for part, members in files.items():
        for name, file in members.items():
            if name not in digests:
                digests[name] = file_digest(file)
        parts[part] = combined([(name, digests[name]) for name in members])
    if CONFIG not in files:  # a GGUF: its bytes, whatever its name
        parts[WEIGHTS] = parts[CONFIG] = next(iter(digests.values()))
    if ADAPTER in files:
        for part, own in ((WEIGHTS, ADAPTER), (CONFIG, ADAPTER_CONFIG)):
            parts[part] = combined([("base", parts[part]), ("adapter", parts[own])])
    tokenizer = parts.get(TOKENIZER, parts[WEIGHTS])
    template = parts[TEMPLATE] if files.get(TEMPLATE) else _template_field(files.get(TOKENIZER, {}))
    whole = [parts[WEIGHTS], parts[CONFIG], tokenizer, template or ""]
    return Identity(
        weights=parts[WEIGHTS],
        config=parts[CONFIG],
        tokenizer=tokenizer,
        chat_template=template,
        files=digests,
        digest=digest_of(whole),
    )


def digest_of(parts: Iterable[str]) -> str:
    """One digest over those of weights, configuration, tokenizer and chat template ("" for none)."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _found(folder: Path, patterns: Iterable[str], label: str) -> dict[str, Path]:
    found = sorted({file for pattern in patterns for file in folder.glob(pattern) if file.is_file()})
    return {f"{label}{file.relative_to(folder).as_posix()}": file for file in found}


def _tokenizer_files(source: ModelSource) -> dict[str, dict[str, Path]]:
    folder = source.tokenizer
    patterns: tuple[str, ...] = _TOKENIZER_FILES
    if folder != source.base:  # transformers asks its config.json which class it is of
        patterns = (*patterns, "config.json", *_modules(folder))
    return {
        TOKENIZER: _found(folder, patterns, "tokenizer/"),
        TEMPLATE: _found(folder, _TEMPLATE_FILES, "tokenizer/"),
    }


def _modules(folder: Path) -> tuple[str, ...]:
    """Where the folder brings code of its own, all its modules: one may import another, below it too."""
    for name in ("config.json", "tokenizer_config.json"):
        try:
            if "auto_map" in json.loads((folder / name).read_text(encoding="utf-8")):
                return ("**/*.py",)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError, RecursionError):  # says nothing that can be relied on
            return ("**/*.py",)
    return ()


def tokenizer_digest(path: Path) -> str:
    """Digest of the tokenizer's files in a folder, with its chat template; or of the one file."""
    if path.is_file():
        return file_digest(path)
    files = sorted({f for pattern in (*_TOKENIZER_FILES, *_TEMPLATE_FILES) for f in path.glob(pattern) if f.is_file()})
    return combined([(file.relative_to(path).as_posix(), file_digest(file)) for file in files])


def _template_field(tokenizer: Mapping[str, Path]) -> str | None:
    """Digest of the chat template that stands in ``tokenizer_config.json``."""
    config = tokenizer.get("tokenizer/tokenizer_config.json")
    if config is None:
        return None
    template = read_json(config, what="model file").get("chat_template")
    if template is None:
        return None
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()
