"""The element tree of a law (e-Gov 法令標準XML, schema XMLSchemaForJapaneseLaw v3) to articles of plain text.

XML and API v2 JSON carry the same tree; both become :class:`Node`. Layout of the text: one line per 項, 号 and sub-item,
table cells parted by ｜; ruby readings, figures and supplementary provisions (附則) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_ITEMS = {"Item": "Item", **{f"Subitem{n}": f"Subitem{n}" for n in range(1, 11)}}
_SKIPPED = {"Rt", "Fig", "FigStruct", "TOC", "SupplProvision"}


@dataclass(frozen=True)
class Node:
    """An element: its tag, attributes, and children (elements and strings)."""

    tag: str
    attr: dict[str, str] = field(default_factory=dict)
    children: tuple[Node | str, ...] = ()

    def nodes(self, *tags: str) -> Iterator[Node]:
        """The elements among the children, those with one of the tags where any is given."""
        return (child for child in self.children if isinstance(child, Node) and (not tags or child.tag in tags))

    def first(self, tag: str) -> Node | None:
        """The first child with this tag."""
        return next(self.nodes(tag), None)


def node_of_xml(element: Element) -> Node:
    """A node of XML; namespaces are left out."""
    children: list[Node | str] = [element.text] if element.text and element.text.strip() else []
    for child in element:
        children.append(node_of_xml(child))
        if child.tail and child.tail.strip():
            children.append(child.tail)
    return Node(element.tag.rpartition("}")[2], dict(element.attrib), tuple(children))


def node_of_json(tree: Any) -> Node:
    """A node of API v2 JSON.

    Raises:
        ValueError: not an object with a tag.
    """
    if not isinstance(tree, dict) or "tag" not in tree:
        raise ValueError("expected objects with tag, attr and children")
    children = tuple(c if isinstance(c, str) else node_of_json(c) for c in tree.get("children") or ())
    return Node(str(tree["tag"]), {k: str(v) for k, v in (tree.get("attr") or {}).items()}, children)


def text_of(node: Node | None) -> str:
    """All text below a node, without ruby readings and figures; 欄 (Column) parted by a full-width space."""
    if node is None:
        return ""
    parts = []
    for child in node.children:
        if isinstance(child, str):
            parts.append(child.strip("\n\t "))
        elif child.tag not in _SKIPPED:
            if child.tag == "Column" and parts:
                parts.append("　")
            parts.append(text_of(child))
    return "".join(parts)


def law_number(law: Node) -> str:
    """The number a law was promulgated under (平成十九年法律第二十二号)."""
    return text_of(law.first("LawNum"))


def law_title(law: Node) -> str:
    """The title of a law; "" where it has none."""
    body = law.first("LawBody")
    return text_of(body.first("LawTitle")) if body else ""


def law_articles(law: Node) -> Iterator[tuple[str, str, str]]:
    """Number, caption and text of every article of the main provisions and of every schedule (別表)."""
    body = law.first("LawBody") or law
    for main in body.nodes("MainProvision"):
        yield from _articles(main)
    for table in body.nodes("AppdxTable"):
        title = re.split(r"[（(]", text_of(table.first("AppdxTableTitle")))[0].strip() or "別表"
        caption = text_of(table.first("RelatedArticleNum")).strip("（）()")
        lines = [line for child in table.nodes() if child.tag not in {"AppdxTableTitle", "RelatedArticleNum"}
                 for line in _lines(child)]  # fmt: skip
        yield title, caption, "\n".join(lines)


def _articles(node: Node) -> Iterator[tuple[str, str, str]]:
    bare = list(node.nodes("Paragraph"))
    if node.tag == "MainProvision" and bare:  # a law without articles
        yield "本則", "", "\n".join(line for paragraph in bare for line in _lines(paragraph))
    for child in node.nodes():
        if child.tag == "Article":
            lines = [line for part in child.nodes() if part.tag not in {"ArticleCaption", "ArticleTitle"}
                     for line in _lines(part)]  # fmt: skip
            caption = text_of(child.first("ArticleCaption")).strip("（）()")
            yield article_number(child.attr.get("Num", "")), caption, "\n".join(lines)
        elif child.tag in {"Part", "Chapter", "Section", "Subsection", "Division"}:
            yield from _articles(child)


def article_number(num: str) -> str:
    """``Num`` of the XML as article numbers are cited: 36_3 → 36の3, 31:46 → 31から46まで, 38:39 → 38及び39."""
    first, colon, last = num.partition(":")
    if colon:
        neighbours = first.isdigit() and last.isdigit() and int(last) == int(first) + 1
        joint = "{}及び{}" if neighbours else "{}から{}まで"
        return joint.format(first.replace("_", "の"), last.replace("_", "の"))
    return first.replace("_", "の")


def _lines(node: Node, depth: int = 0) -> Iterator[str]:
    if node.tag in _SKIPPED:
        return
    if node.tag == "Paragraph":
        number = text_of(node.first("ParagraphNum")) or node.attr.get("Num", "").translate(_WIDE)
        if node.attr.get("Num", "1") == "1":
            number = ""
        sentence = text_of(node.first("ParagraphSentence"))
        yield f"{number}　{sentence}" if number else sentence
        for child in node.nodes():
            if child.tag not in {"ParagraphCaption", "ParagraphNum", "ParagraphSentence"}:
                yield from _lines(child)
    elif node.tag in _ITEMS:
        body = node.first(f"{node.tag}Sentence")
        table = body.first("Table") if body else None
        parts = (text_of(node.first(f"{node.tag}Title")), "" if table else text_of(body))
        yield "　" * depth + "　".join(filter(None, parts))
        if table:
            yield from _lines(table)
        for child in node.nodes():
            if child.tag not in {f"{node.tag}Title", f"{node.tag}Sentence"}:
                yield from _lines(child, depth + 1)
    elif node.tag in {"TableRow", "TableHeaderRow"}:
        yield "｜".join(_cell(cell) for cell in node.nodes())
    elif any(isinstance(child, Node) and child.tag in _BLOCKS for child in node.children):
        for child in node.nodes():
            yield from _lines(child, depth)
    elif text := text_of(node):
        yield "　" * depth + text


def _cell(cell: Node) -> str:
    return "".join(line.strip("　") for part in cell.nodes() for line in _lines(part)) or text_of(cell)


_BLOCKS = {
    "Paragraph", "Table", "TableRow", "TableHeaderRow", "TableStruct", "TableStructTitle", "Remarks", "RemarksLabel",
    "List", "ListSentence", "Sublist1", *_ITEMS,
}  # fmt: skip
