"""Where a document is cut: after which tokens its continuation is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Tokens given before the continuation starts.
PREFIXES = (32, 128)
#: Tokens that must follow word for word to count as regurgitated.
VERBATIM = 32
#: Tokens of true continuation that an output is compared with (the task's ``max_gen_toks``).
CONTINUATION = 64
#: At most this many places of one document are tried, spread evenly.
WINDOWS = 4


def bounds(text: str, tokenizer: Any = None) -> list[int]:
    """Where tokens of ``text`` start, as character offsets, and at last its length; every character where ``tokenizer`` is None.

    Tokens that share a character (bytes of one character) count as one: a text can only be cut between characters.
    """
    if tokenizer is None:
        return list(range(len(text) + 1))
    spans = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return [*sorted({int(start) for start, end in spans if end > start}), len(text)]


def places(length: int, prefix: int) -> list[int]:
    """Where continuations of a document of ``length`` tokens start: after the first ``prefix`` and, in a longer document, at up
    to ``WINDOWS`` places spread evenly to its end.
    """
    last = length - VERBATIM
    if last < prefix:
        return []
    count = min(WINDOWS, 1 + (last - prefix) // (prefix + CONTINUATION))
    if count == 1:
        return [prefix]
    return sorted({prefix + round(i * (last - prefix) / (count - 1)) for i in range(count)})


def tokenizer_of(path: str | None) -> Any:
    """The model's tokenizer; None where it has none on this machine, or none that says which characters a token covers."""
    if not path or not Path(path).exists():
        return None
    from transformers import AutoTokenizer  # takes seconds to load; only a corpus needs it

    place = Path(path)
    try:
        if place.is_file():
            tokenizer = AutoTokenizer.from_pretrained(place.parent, gguf_file=place.name, local_files_only=True)
        else:
            tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
    except (OSError, ValueError):
        return None
    return tokenizer if tokenizer.is_fast else None
