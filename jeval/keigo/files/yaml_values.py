"""YAML: every string value by itself, keys and comments left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from jeval.errors import InputError
from jeval.keigo.files.escapes import from_backslashes
from jeval.keigo.files.segments import APART, Cutting, Segment
from jeval.keigo.files.wraps import unwrap

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BYTES = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"\S+|\n")


def read(text: str, name: str) -> Iterator[Segment]:
    """The string values of all documents.

    Raises:
        InputError: not YAML; names the line.
    """
    text = _BYTES.sub("\ufffd", text)  # one for one: places stay
    try:
        for document in yaml.compose_all(text, Loader=_LOADER):
            for node in _scalars(document):
                if not node.value.isascii():
                    yield unwrap(_placed(text, node), always=node.style != "|")
    except (yaml.YAMLError, RecursionError) as err:
        mark = getattr(err, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        raise InputError(f"{where}: not YAML ({' '.join(str(err).split())[:120]}); mend the line") from err


def _scalars(document: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    waiting, seen = [document], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in reversed(node.value)]


def _placed(text: str, node: yaml.ScalarNode) -> Segment:
    """The value, each of its words where it is found in the source from the one before on."""
    start, end = node.start_mark.index, node.end_mark.index
    cutting = Cutting()
    if node.style == '"' and "\\" in text[start:end]:
        from_backslashes(text, start + 1, end - 1, cutting)
        return cutting.segment(APART)
    at = start + bool(node.style)  # behind the quotation mark
    for word in _WORD.findall(node.value):
        found = text.find(word, at, end)
        if found < 0:
            found = at
        if word != "\n" and found > at:
            cutting.put(" " if "\n" not in text[at:found] else "\n", at, found)
        cutting.put(word, found, min(end, found + len(word)))
        at = min(end, found + len(word))
    return cutting.segment(APART)
