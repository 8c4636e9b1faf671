"""The file of the user's documents."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jeval.errors import InputError
from jeval.reading import read_text

_FORM = 'expected JSON Lines {"text": …, "held_out": true|false} or .txt with documents parted by blank lines'


@dataclass(frozen=True)
class Document:
    """A document; ``held_out``: kept out of training, as its owner declares."""

    id: str
    text: str
    held_out: bool


def load(path: str | Path) -> list[Document]:
    """Read a corpus: JSON Lines with ``text``, optional ``id`` and ``held_out`` (true: not trained on), or a ``.txt`` file
    whose documents are parted by blank lines (none held out). A byte order mark is passed over.

    Raises:
        InputError: unreadable, empty, a duplicate, or no document that was trained on.
    """
    path = Path(path)
    content = _text(path)
    documents = _lines(path, content) if path.suffix in (".jsonl", ".json", ".ndjson") else _paragraphs(content)
    if not documents:
        raise InputError(f"corpus {path} is empty: nothing can be measured; {_FORM}")
    for what in ("id", "text"):
        seen: set[str] = set()
        for document in documents:
            key = str(getattr(document, what))
            if key in seen:
                raise InputError(f"corpus {path}: document {document.id} repeats the {what} of another; remove one")
            seen.add(key)
    if all(d.held_out for d in documents):
        raise InputError(f"corpus {path}: every document is held out; nothing can be measured without one trained on")
    return documents


def _text(path: Path) -> str:
    try:
        return read_text(path, what="corpus").removeprefix("\ufeff")
    except InputError as err:
        raise InputError(f"{err}; {_FORM}") from err


def _lines(path: Path, content: str) -> list[Document]:
    """Documents of JSON Lines. Not by :func:`jeval.reading.read_jsonl`, which takes no byte order mark: Windows writes one."""
    documents = []
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        where = f"corpus {path}:{number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as err:
            raise InputError(f"{where}: not JSON ({err.msg}); {_FORM}") from err
        if not isinstance(row, Mapping) or not isinstance(row.get("text"), str):
            raise InputError(f"{where}: no text; {_FORM}")
        held_out = row.get("held_out", False)
        if not isinstance(held_out, bool):
            raise InputError(f"{where}: held_out is {held_out!r}; expected true or false")
        if row["text"].strip():
            documents.append(Document(str(row.get("id", f"line-{number}")), row["text"].strip(), held_out))
    return documents


def _paragraphs(content: str) -> list[Document]:
    parts = [part.strip() for part in re.split(r"\n[ \t]*\n", content)]
    return [Document(f"document-{n}", part, False) for n, part in enumerate([p for p in parts if p], 1)]
