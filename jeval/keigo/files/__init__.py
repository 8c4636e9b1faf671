"""Files as they are: bytes to text, text to the pieces of it that are prose. One module a format.

A reader is given the text and the name of a file and yields :class:`Segment`; whoever analyses sees these only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import PurePath

from jeval.keigo.files import html, json_values, mail, markdown, plain, po, tables, yaml_values
from jeval.keigo.files.decode import Decoded, decode
from jeval.keigo.files.segments import APART, PROSE, QUOTE, Places, Segment
from jeval.keigo.files.speech import spoken
from jeval.keigo.knowledge import knowledge

#: Readers by the name that ``--input-format`` takes.
READERS: dict[str, Callable[[str, str], Iterator[Segment]]] = {
    "text": plain.read,
    "markdown": markdown.read,
    "html": html.read,
    "mail": mail.read,
    "csv": tables.read,
    "json": json_values.read,
    "jsonl": json_values.read_lines,
    "yaml": yaml_values.read,
    "po": po.read,
}
#: Formats by the end of a name. Other names, and .txt, are told by what is in them.
SUFFIXES = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".html": "html", ".htm": "html", ".xhtml": "html", ".eml": "mail",
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".yaml": "yaml", ".yml": "yaml",
    ".po": "po", ".pot": "po",
}  # fmt: skip
TEXT_SUFFIXES = frozenset({*SUFFIXES, ".txt", ".text", ".rst", ".adoc"})
_LOOK = 20_000  # characters
_PO = re.compile(r'^msg(?:id|str)(?:\[\d\])? "', re.MULTILINE)
_HTML = re.compile(
    r"<!doctype html|<(?:html|head|body|p|div|br|ruby|span|strong|em|ul|ol|li|table|h[1-6])\b[^<>]*>", re.IGNORECASE
)
_MARKDOWN = re.compile(
    r"^(?:#{1,6} |```|~~~|> |[-*+] )|`[^`\n]+`|<!--|\[[^\]\n]+\]\([^)\n]+\)|\*\*[^*\n]+\*\*|\A---\s*$", re.MULTILINE
)


def format_of(name: str, text: str) -> str:
    """The name of the format of a file, by its name, else by what is in it."""
    if known := SUFFIXES.get(PurePath(name).suffix.lower()):
        return known
    head = text[:_LOOK]
    if head.lstrip()[:1] in {"{", "["} and (told := _json(text)):
        return told
    if _PO.search(head):
        return "po"
    header = knowledge().expressions["mail_header"]
    if sum(header.match(line) is not None for line in head.split("\n")[:8]) >= 2:
        return "mail"
    if re.match(r"\s*<!doctype html|\s*<html", head, re.IGNORECASE):
        return "html"
    if _MARKDOWN.search(head):
        return "markdown"
    return "html" if _HTML.search(head) else "text"


def _json(text: str) -> str:
    for told, part in (("json", text), ("jsonl", text.lstrip().split("\n", 1)[0])):
        try:
            json.loads(part)
        except (ValueError, RecursionError):
            continue
        return told
    return ""


def segments(text: str, name: str, kind: str = "") -> Iterator[Segment]:
    """The pieces of a file that are prose, in order, those without Japanese left out.

    Args:
        kind: a key of :data:`READERS`; empty: :func:`format_of`.

    Raises:
        InputError: the file is not of its format.
    """
    japanese = knowledge().expressions["japanese"]
    for segment in READERS[kind or format_of(name, text)](text, name):
        if japanese.search(segment.text) or not segment.text.isascii():
            yield from spoken(segment)


__all__ = [
    "APART",
    "PROSE",
    "QUOTE",
    "READERS",
    "TEXT_SUFFIXES",
    "Decoded",
    "Places",
    "Segment",
    "decode",
    "format_of",
    "segments",
]
