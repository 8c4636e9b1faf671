"""Personal names beside an honorific or a label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.people import people
from jeval.leak.knowledge import any_of

_KANJI = "一-鿿々"
_KATAKANA = "ァ-ヴー"
_FOREIGN = rf"[{_KATAKANA}]{{2,8}}(?:[ ・][{_KATAKANA}]{{2,8}})?"
_CELL = re.compile(
    rf"[{_KANJI}]{{2,6}}|[{_KANJI}]{{1,4}} [{_KANJI}ぁ-ん]{{1,4}}|[{_KATAKANA}]{{2,8}}[ ・][{_KATAKANA}]{{2,8}}"
)
#: A label with a colon, or on a line of its own: what follows is the name.
_STATED = re.compile(r"[:=\n]\s*「?\Z")


@dataclass(frozen=True)
class _Words:
    """Names beside an honorific (``beside``) and behind a label (``labelled``), and what is none: words, and parts of words."""

    beside: re.Pattern[str]
    labelled: re.Pattern[str]
    labels: frozenset[str]
    refused: frozenset[str]
    titles: tuple[str, ...]
    company: re.Pattern[str]

    def refuses(self, core: str) -> bool:
        return core in self.refused or self.company.search(core) is not None


@lru_cache(maxsize=1)
def _words() -> _Words:
    words = people()
    honorific = "|".join(words["honorifics"])
    with_no = "|".join(f"(?<={label})の" for label in words["labels_with_no"])
    name = rf"[{_KANJI}]{{1,6}}(?:[ ](?:[{_KANJI}]{{1,4}}|[ぁ-ん]{{2,4}}))?|{_FOREIGN}|[ぁ-ん]{{2,5}}[ ][ぁ-ん]{{2,5}}"
    return _Words(
        beside=re.compile(
            rf"(?<![{_KANJI}{_KATAKANA}])(?P<name>[{_KANJI}]{{1,6}}(?:[ ][{_KANJI}ぁ-ん]{{1,4}})?|{_FOREIGN})[ ]?"
            rf"(?:{honorific})(?!(?!{any_of(words['after_honorific'])})[{_KANJI}])"
        ),
        labelled=re.compile(
            rf"(?:{any_of(words['labels'])})(?:\([^)\n]{{0,8}}\))?[ ]{{0,3}}"
            rf"(?:[:=\n]|{with_no}|{'|'.join(words['after_label'])})?[ ]{{0,3}}「?(?P<name>{name})"
            rf"(?=$|[ \n、。,」)|]|{honorific}|{'|'.join(words['after_name'])}|\(|/)"
        ),
        labels=frozenset(words["labels"]),
        refused=frozenset(words["not_names"]),
        titles=tuple(words["titles"]),
        company=re.compile(any_of(words["company"])),
    )


@lru_cache(maxsize=1)
def _tagger() -> Any:
    import fugashi

    return fugashi.Tagger()


@lru_cache(maxsize=4096)
def _read_as_name(core: str) -> bool:
    """Whether MeCab reads ``core`` as a name: every part a personal name, or a place (千葉, 宮崎 are surnames too)."""
    kinds = [word.feature.pos3 for word in _tagger()(core + "さん")][:-1]
    return bool(kinds) and kinds[0] in {"人名", "地名"} and all(kind in {"人名", "地名", "一般"} for kind in kinds)


def _in_parts(name: str) -> bool:
    """Whether a space or a middle dot parts it, as surname and given name are parted."""
    return " " in name or "・" in name


def _core(name: str) -> str:
    return name.replace(" ", "").replace("・", "")


def find_names(text: str) -> list[Found]:
    """Names beside an honorific or a label in folded text; titles, roles and companies are not names.

    After a label with a colon any word is taken as the name; elsewhere MeCab must read it as one.
    """
    found: dict[int, Found] = {}
    for start, end in (*_labelled(text), *_beside(text), *_in_columns(text)):
        found.setdefault(start, Found(start, end, "person_name", "shaped"))
    return list(found.values())


def _candidates(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    words = _words()
    for match in pattern.finditer(text):
        core = _core(match["name"])
        if len(core) > 1 and not core.endswith(words.titles) and not words.refuses(core):
            yield match


def _labelled(text: str) -> Iterator[tuple[int, int]]:
    for match in _candidates(_words().labelled, text):
        name = match["name"]
        core = _core(name)
        stated = len(core) <= 4 and _STATED.search(text, match.start(), match.start("name"))
        if stated or _in_parts(name) or _read_as_name(core):
            yield match.span("name")


def _beside(text: str) -> Iterator[tuple[int, int]]:
    for match in _candidates(_words().beside, text):
        name = match["name"]
        if _in_parts(name) or _read_as_name(_core(name)):
            yield match.span("name")


def _in_columns(text: str) -> Iterator[tuple[int, int]]:
    """Names in the columns of a table (Markdown, comma or tab separated) whose heading is a name's label."""
    words = _words()
    columns: list[int] = []
    mark, offset = "", 0
    for line in text.split("\n"):
        mark_here = next((m for m in "|\t," if m in line), "")
        cells = line.split(mark_here) if mark_here else []
        named = [place for place, cell in enumerate(cells) if cell.strip() in words.labels]
        if named:
            columns, mark = named, mark_here
        elif mark_here != mark:
            columns = []
        elif columns:
            position = offset
            for place, cell in enumerate(cells):
                core = cell.strip()
                if place in columns and _is_name(core):
                    start = position + cell.index(core)
                    yield start, start + len(core)
                position += len(cell) + 1
        offset += len(line) + 1


def _is_name(cell: str) -> bool:
    """Whether a cell of a column of names holds one."""
    if not _CELL.fullmatch(cell) or not (_in_parts(cell) or _read_as_name(cell)):
        return False
    return not _words().refuses(_core(cell))
