"""Names before an honorific or a title."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from jeval.japanese.kana import to_hiragana
from jeval.leak.identifiers.pages import Page
from jeval.leak.identifiers.people import names, people
from jeval.leak.identifiers.wording import (
    KANA,
    KANJI,
    KATAKANA,
    core_of,
    in_context,
    in_parts,
    listed,
    read_as_name,
    words_of_names,
)

_BACK = 24
_BESIDE = re.compile(rf"[{KANJI}{KATAKANA}ぁ-んA-Za-z]")
_MIXED_BEHIND = re.compile(rf"(?<![{KANJI}])([{KANJI}]{{1,3}}[ぁ-ん]{{2,4}})[ ]?\Z")
#: Read backwards: a stretch of kanji, and one more behind a blank.
_KANJI_BEFORE = re.compile(rf"[ ]?[{KANJI}]{{1,9}}(?:[ ・][{KANJI}]{{1,9}})?")


def before_honorifics(page: Page) -> Iterator[tuple[int, int]]:
    """Names before an honorific."""
    text, words = page.text, words_of_names()
    for honorific in words.honorifics.finditer(text):
        end = honorific.start()
        low = max(0, end - _BACK)
        kanji = _KANJI_BEFORE.match(text[low:end][::-1])
        if kanji is not None:
            start = end - kanji.end()
        else:
            mixed = _MIXED_BEHIND.search(text, low, end)
            if mixed is not None and names().split(mixed.group(1)):
                yield mixed.span(1)
                continue
            match = words.behind.search(text, low, end) if _BESIDE.search(text, max(low, end - 2), end) else None
            if match is None:
                continue
            start = match.start()
        name = text[start:end].rstrip(" ")
        span = _behind(text, start, name, honorific.group())
        if span is not None:
            yield span


def _behind(text: str, start: int, name: str, honorific: str) -> tuple[int, int] | None:
    words, known = words_of_names(), names()
    core = core_of(name)
    end = start + len(name)
    if words.refuses(core) or to_hiragana(core) in words.refused or _greets(core):
        return _inside(start, name)
    if core[0].isascii():
        return start, end
    if len(core) == 1:
        lone = honorific in ("様", "さま", "さん", "氏") and known.plain(core) in known.surnames
        return (start, end) if lone and text[start - 1 : start] not in ("お", "ご") else None
    if core.endswith(words.titles):
        return None
    if in_parts(name):
        if _first_part(name):
            return start, end
        last = re.split("[ ・=,]", name)[-1]
        return _inside(start, name) or _behind(text, end - len(last), last, honorific)
    return (start, end) if len(core) <= 7 and read_as_name(core) else _inside(start, name)


@lru_cache(maxsize=1)
def _greetings() -> tuple[str, ...]:
    return tuple(word for word in people()["not_names"] if KANA.fullmatch(word) and len(word) > 3)


def _greets(core: str) -> bool:
    """Whether it is a greeting written in katakana (オツカレ様)."""
    return to_hiragana(core).startswith(_greetings())


def _first_part(name: str) -> bool:
    first = re.split("[ ・=,]", name)[0]
    if words_of_names().refuses(first):
        return False
    return read_as_name(first) if re.match(f"[{KANJI}]", first) else len(first) <= 8


def _inside(start: int, name: str) -> tuple[int, int] | None:
    """A name at the end of a stretch that begins with a department, a title or a company (融資部早川)."""
    parts = name.split(" ")
    if (
        len(parts) > 1
        and words_of_names().refuses(parts[0]) is False
        and names().plain(parts[0][-2:]) not in names().surnames
    ):
        offset = len(parts[0]) + 1
        tail = " ".join(parts[1:])
        return (start + offset, start + len(name)) if listed(core_of(tail)) else None
    cut = words_of_names().department.match(name)
    if cut is None:
        return None
    tail = name[cut.end() :].strip()
    return (start + len(name) - len(tail), start + len(name)) if tail and listed(core_of(tail)) else None


_OF_TITLE = re.compile(rf"の([{KANJI}]{{2,6}})(?![{KANJI}])")


def before_titles(page: Page) -> Iterator[tuple[int, int]]:
    """Names before a title (早川支店長); the place or the office that a title is of is none (千葉支店長, 総務部長)."""
    text, words = page.text, words_of_names()
    for title in words.title.finditer(text):
        behind = _OF_TITLE.match(text, title.end())
        if behind is not None and listed(behind.group(1)) and in_context(text, *behind.span(1)):
            yield behind.span(1)
        end = title.start()
        kanji = _KANJI_BEFORE.match(text[max(0, end - _BACK) : end][::-1])
        if kanji is None:
            continue
        start = end - kanji.end()
        name = text[start:end].rstrip(" ")
        if not listed(core_of(name)):
            span = _inside(start, name)
            if span is None:
                continue
            start, name = span[0], text[span[0] : span[1]]
        if name in words.places or words.refuses(core_of(name)):
            continue
        of_place = title.group().endswith(words.of_places)
        places = not of_place and len(name) > 1
        if names().split(core_of(name)) or in_context(text, start, start + len(name), places=places):
            yield start, start + len(name)
