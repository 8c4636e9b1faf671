"""The file of the user's documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jeval.errors import InputError
from jeval.reading import numbered_jsonl, read_text

_FORM = 'expected JSON Lines {"text": …, "held_out": true|false} or .txt with documents parted by blank lines'


@dataclass(frozen=True)
class Document:
    """A document; ``held_out``: kept out of training, as its owner declares."""

    id: str
    text: str
    held_out: bool


def load(path: str | Path) -> list[Document]:
    """Read a corpus: JSON Lines with ``text``, optional ``id`` and ``held_out`` (true: not trained on), or a ``.txt`` file
    whose documents are parted by blank lines (none held out).

    Raises:
        InputError: unreadable, empty, a duplicate, or no document that was trained on.
    """
    path = Path(path)
    try:
        documents = _lines(path) if path.suffix in (".jsonl", ".json", ".ndjson") else _paragraphs(path)
    except InputError as err:
        raise InputError(f"{err}; {_FORM}") from err
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


def _lines(path: Path) -> list[Document]:
    documents = []
    for number, row in numbered_jsonl(path, what="corpus"):
        where = f"corpus {path}:{number}"
        if not isinstance(row.get("text"), str):
            raise InputError(f"{where}: no text")
        held_out = row.get("held_out", False)
        if not isinstance(held_out, bool):
            raise InputError(f"{where}: held_out is {held_out!r}")
        if row["text"].strip():
            documents.append(Document(str(row.get("id", f"line-{number}")), row["text"].strip(), held_out))
    return documents


def _paragraphs(path: Path) -> list[Document]:
    parts = [part.strip() for part in re.split(r"\n[ \t]*\n", read_text(path, what="corpus"))]
    return [Document(f"document-{n}", part, False) for n, part in enumerate([p for p in parts if p], 1)]
