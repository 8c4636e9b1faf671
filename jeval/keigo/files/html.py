"""HTML: text of blocks, entities resolved, inline tags and the readings of ruby passed over, code and comments left out."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

from jeval.keigo.files.segments import APART, PROSE, QUOTE, Cutting, Segment
from jeval.keigo.files.wraps import unwrap
from jeval.keigo.text import MASK

_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "label",
        "mark",
        "nobr",
        "rb",
        "ruby",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "wbr",
        "br",
        "img",
        "input",
    ]
)
_SILENT = frozenset(["rp", "rt", "rtc"])
_CODE = frozenset(["code", "kbd", "samp", "var", "q"])
_HIDDEN = frozenset(["math", "pre", "script", "style", "svg", "template", "textarea"])
_APART = frozenset(
    [
        "button",
        "caption",
        "dd",
        "dt",
        "figcaption",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "label",
        "legend",
        "li",
        "option",
        "summary",
        "td",
        "th",
        "title",
    ]
)
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


def read(text: str, name: str) -> Iterator[Segment]:
    """The blocks of a document."""
    return Fragment(text, 0, len(text), PROSE).segments()


class Fragment(HTMLParser):
    """The blocks of a stretch of HTML in ``text``, which may be all of it or a block inside of Markdown."""

    def __init__(self, text: str, start: int, end: int, scope: str) -> None:
        super().__init__(convert_charrefs=False)
        self._text, self._base, self._end, self._scope = text, start, end, scope
        self._html = text[start:end]
        self._lines = [0, *(index + 1 for index, one in enumerate(self._html) if one == "\n")]
        self._open: list[str] = []
        self._cutting = Cutting()
        self._found: list[Segment] = []

    def segments(self) -> Iterator[Segment]:
        """What was found, in order."""
        self.feed(self._html)
        self.close()
        self._flush()
        return iter(self._found)

    def _at(self) -> int:
        line, column = self.getpos()
        return self._base + self._lines[line - 1] + column

    def _flush(self) -> None:
        scope = self._scope
        if "blockquote" in self._open:
            scope = QUOTE
        elif scope == PROSE and not _APART.isdisjoint(self._open):
            scope = APART
        found = self._cutting.segment(scope)
        if found.text.strip():
            self._found.append(unwrap(found, always=True))

    def _put(self, text: str, source: int) -> None:
        if _HIDDEN.isdisjoint(self._open) and _SILENT.isdisjoint(self._open) and _CODE.isdisjoint(self._open):
            at = self._at()
            self._cutting.put(text, at, min(self._end, at + source))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._put("\n", len(self.get_starttag_text() or ""))
        elif tag in _CODE or tag == "img":
            self._put(MASK, len(self.get_starttag_text() or ""))
        elif tag not in _INLINE and tag not in _SILENT:
            self._flush()
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE and tag not in _SILENT and tag not in _CODE:
            self._flush()
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._put(data, len(data))

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}")

    def _reference(self, source: str) -> None:
        after = self._at() + len(source)
        source += ";" if self._text.startswith(";", after) else ""
        self._put(unescape(source), len(source))
