"""Markdown: paragraphs, headings, list items and cells without their markup; code, comments and addresses left out, quotes apart.

markdown-it says what is what; it keeps the lines of blocks, but no places of what stands inside a line. These are recorded by asking
each of its inline rules where it began and ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jeval.keigo.files.html import Fragment
from jeval.keigo.files.segments import APART, PROSE, QUOTE, Cutting, Places, Segment
from jeval.keigo.files.wraps import unwrap
from jeval.keigo.text import MASK

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FRONT = re.compile(r"\A---[ \t]*\r?\n.*?^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_TAG = re.compile(r"<(/?)(rt|rp|rtc|code|kbd|samp|var)\b", re.IGNORECASE)
_PARTS = frozenset({"list_item_open", "heading_open", "th_open", "td_open"})


def read(text: str, name: str) -> Iterator[Segment]:
    """The blocks of a document; its front matter is left out."""
    front = front_matter(text)
    places = Places(text)
    lines = [text[slice(*places.line(index))] for index in range(len(places))]
    hidden = text.count("\n", 0, len(front)) if front else 0
    source = "\n".join(["" if index < hidden else line for index, line in enumerate(lines)])
    inside: list[str] = []
    row: tuple[int, int] | None = None
    cell = (0, 0)  # line and column that the last cell of a table ended at
    for token in _parser().parse(source):
        if token.nesting == 1:
            inside.append(token.type)
        elif token.nesting == -1:
            inside.pop()
        if token.type == "tr_open" and token.map:
            row, cell = (token.map[0], token.map[0] + 1), (token.map[0], 0)
        scope = _scope(inside)
        if token.type == "html_block" and token.map:
            yield from Fragment(text, *_stretch(places, token.map), scope).segments()
        elif token.type == "inline":
            in_cell = inside[-1] in {"td_open", "th_open"}
            span = row if in_cell and row else (token.map[0], token.map[1]) if token.map else None
            if span is None:
                continue
            starts, cell = _starts(token.content, lines, span, cell if in_cell else (span[0], 0), in_cell)
            found = _inline(token, text, places, starts)
            if not found.text.isascii():
                yield unwrap(Segment(found.text, found.runs, scope), always=True)


def front_matter(text: str) -> str:
    """The YAML between --- at the beginning, with its marks."""
    found = _FRONT.match(text)
    return found[0] if found else ""


def _scope(inside: Sequence[str]) -> str:
    if "blockquote_open" in inside:
        return QUOTE
    return PROSE if _PARTS.isdisjoint(inside) else APART


def _stretch(places: Places, lines: Sequence[int]) -> tuple[int, int]:
    return places.starts[lines[0]], places.line(min(lines[1], len(places)) - 1)[1]


def _starts(
    content: str, lines: list[str], span: tuple[int, int], after: tuple[int, int], in_cell: bool
) -> tuple[list[tuple[int, int, int]], tuple[int, int]]:
    """Where each line of a block's content stands: its offset in the content, the file's line and column; and where it ends.

    In a cell the stretches between the bars are looked for, which the file has with a backslash before them.
    """
    starts = []
    at, index = 0, span[0]
    column = after[1]
    for part in content.split("|" if in_cell else "\n"):
        found = -1
        while index < span[1] and (found := lines[index].find(part, column)) < 0:
            index, column = index + 1, 0
        if index >= span[1]:
            index, found = span[1] - 1, 0
        starts.append((at, index, found))
        after = index, found + len(part)
        at += len(part) + 1
        if in_cell:
            column = after[1]
        elif index + 1 < span[1]:
            index, column = index + 1, 0
    return starts, after


def _inline(token: Token, text: str, places: Places, starts: list[tuple[int, int, int]]) -> Segment:
    """The text of a block without its markup."""
    cutting = Cutting()

    def origin(at: int) -> int:
        line = next((one for one in reversed(starts) if one[0] <= at), starts[0])
        return min(len(text), places.starts[line[1]] + line[2] + at - line[0])

    end = silent = 0
    for child in token.children or ():
        start, end = child.meta.get("at", (end, end + len(child.content)))
        if child.type == "html_inline" and (tag := _TAG.match(child.content)):
            silent += -1 if tag[1] else 1
        if silent > 0:
            continue
        if child.type in {"softbreak", "hardbreak"} or child.content.lower().startswith("<br"):
            shown = "\n"
        elif child.type in {"code_inline", "image"} or child.meta.get("auto"):
            shown = MASK
        else:
            shown = child.content if child.type in {"text", "text_special"} else ""
        if shown:
            cutting.put(shown, origin(start), max(origin(start), origin(max(start, end - 1)) + (end > start)))
    return cutting.segment()


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """CommonMark with tables; pieces of text are not joined, so that each keeps its place."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    names, rules = parser.get_active_rules()["inline"], parser.inline.ruler.getRules("")
    for name, rule in zip(names, rules, strict=True):
        parser.inline.ruler.at(name, _placed(name, rule))
    parser.normalizeLink = parser.normalizeLinkText = str  # type: ignore[method-assign,assignment]  # addresses are left out
    return parser.disable(["text_join", "fragments_join"])


def _placed(name: str, rule: Callable[[Any, bool], bool]) -> Callable[[Any, bool], bool]:
    """The rule, which notes in ``meta["at"]`` of each token where in the block's content it stands.

    Plain text has no note: it lies between the tokens around it.
    """

    def run(state: Any, silent: bool) -> bool:
        start, count, pending = state.pos, len(state.tokens), bool(state.pending)
        done = rule(state, silent)
        if silent or len(state.tokens) == count:
            return done
        flushed = pending and state.tokens[count].type == "text"  # the plain text before it, unless it was white space
        for index, token in enumerate(state.tokens[count + flushed :]):
            if name in {"emphasis", "strikethrough"}:
                token.meta.setdefault("at", (start + index, start + index + 1))
            elif name == "link" and token.type == "link_open":
                token.meta.setdefault("at", (start, start + 1))
            elif name == "autolink":
                token.meta.update(at=(start, state.pos), auto=token.type == "text")
            elif name != "link" or token.type == "link_close":
                token.meta.setdefault("at", (start, state.pos))
        return done

    return run
