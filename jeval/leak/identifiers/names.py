"""Personal names: behind a label or in a column of them, beside an honorific or a title, and, less surely, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jeval.leak.identifiers.addressed import before_honorifics, before_titles
from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.labels import NAME, ROLE, named
from jeval.leak.identifiers.pages import Page
from jeval.leak.identifiers.people import names, people
from jeval.leak.identifiers.unlabelled import half_in_kana, in_sentences, speakers
from jeval.leak.identifiers.wording import (
    KANA,
    KANA_PARTS,
    KANJI,
    KATAKANA,
    LATIN,
    PARTICLES,
    Words,
    core_of,
    in_context,
    in_parts,
    read_as_name,
    words_of_names,
)


def find_names(page: Page) -> list[Found]:
    """Names of a page; titles, roles and companies are not names."""
    found: dict[int, Found] = {}
    for search in (_labelled, _in_cells, before_honorifics, before_titles, _named_anyhow, _holders):
        for start, end in search(page):
            found.setdefault(start, Found(start, end, "person_name", "shaped"))
    for start, end in (*in_sentences(page), *half_in_kana(page), *speakers(page)):
        found.setdefault(start, Found(start, end, "person_name", "likely"))
    return list(found.values())


#: A kanji surname and a given name in hiragana (大槻さくら): a name only where the dictionary has both.
_MIXED = re.compile(rf"[{KANJI}]{{1,3}}[ぁ-ん]{{2,4}}")
_NAME = re.compile(
    rf"(?:[{KANJI}]{{1,3}}(?!{PARTICLES})[ぁ-ん]{{2,4}}(?![ぁ-ん])|[{KANJI}]{{1,7}}(?:[ ・](?:[{KANJI}]{{1,4}}|[ぁ-ん]{{2,5}}|[{KATAKANA}]{{2,6}}))?(?![{KANJI}])|{KANA_PARTS}|[{KATAKANA}]{{2,12}}"
    rf"|[ぁ-ん]{{2,6}} [ぁ-ん]{{2,6}}|{LATIN})"
)
_WHOLE_KANJI = re.compile(rf"[{KANJI}]{{1,7}}(?:[ ・][{KANJI}]{{1,4}})?(?![{KANJI}])")
_NEXT = re.compile(r"[ ]?(?:[、,・/;と]|及び|および|並びに|\n[ ]{0,4}(?:[-*・]|[0-9]{1,2}[.)])?)[ ]{0,2}")
#: The number of an item of a list before its text (三 破産者).
_ITEM = re.compile("[一二三四五六七八九十]{1,3}[ ・]")
_HONOURS = frozenset("様氏殿君印")


def _labelled(page: Page) -> Iterator[tuple[int, int]]:
    text, words = page.text, words_of_names()
    for mark in page.marks:
        if mark.kind not in (NAME, ROLE):
            continue
        for turn, start in enumerate(page.values(mark)):
            stated = not turn and mark.kind == NAME and _states(text, mark.end, start)
            span = _name_at(text, start, mark.kind, stated, glued=start == mark.end)
            if span and not turn and "\n" in text[mark.end : start] and not _LINE_END.match(text, span[1]):
                continue  # the line below begins with something else
            if span is None and text.startswith("の", start) and mark.word in people()["labels_with_no"]:
                span = _name_at(text, start + 1, ROLE, stated=False, glued=False)
            if span is None:
                continue
            yield span
            yield from _more(text, span[1], words)
            break


_LINE_END = re.compile(r"[ ]{0,3}(?:\n|\x1f|\Z|様|さま|殿|氏|\(|生|[ ][^ ])")


def _states(text: str, end: int, start: int) -> bool:
    between = text[end:start]
    return any(mark in between for mark in ':=\n\x1f>"')


def _name_at(text: str, start: int, kind: str, stated: bool, *, glued: bool) -> tuple[int, int] | None:
    """The name that begins at ``start``; behind a label that states it any word of its form is one."""
    words = words_of_names()
    match = _NAME.match(text, start)
    if match is not None and _MIXED.fullmatch(match.group()) and not names().split(match.group()):
        match = _WHOLE_KANJI.match(text, start)
    if match is None:
        return None
    name = match.group()
    if len(name) > 2 and name[-1] in _HONOURS:
        name = name[:-1].rstrip()
    end = start + len(name)
    core = core_of(name)
    if _ITEM.match(name):
        return None
    if core.endswith(words.titles) or not words.after.match(text, end):
        return _shortened(text, start, name)
    first = name.split(" ")[0]
    if words.refuses(core) or named(name) or words.refuses(first) or named(first):
        return _shortened(text, start, name)
    if not core[0].isascii() and KANA.fullmatch(core):
        if glued and text[start - 1] in "ナな" and len(core) > 3:
            return start, end
        return (start, end) if in_parts(name) or (stated and len(core) <= 8) else None
    if core[0].isascii():
        return (start, end) if stated or kind == NAME else None
    if len(core) == 1:
        return (start, end) if stated and core in names().surnames else None
    if read_as_name(core) or (in_parts(name) and read_as_name(re.split("[ ・]", name)[0])):
        return (start, end) if not glued or names().split(core) else None
    return (start, end) if stated and len(core) <= 4 and not named(core) else None


def _shortened(text: str, start: int, name: str) -> tuple[int, int] | None:
    """A full name at the head of a longer stretch (早川美緒本人, 大森康平 支店長, 氏名 早川 美緒 生年月日)."""
    head = name.split(" ")[0]
    known = names()
    for cut in range(min(len(head), 6), 2, -1):
        rest = text[start + cut : start + cut + 6]
        if known.split(head[:cut]) and (
            not rest or words_of_names().after.match(rest) or rest.startswith(words_of_names().titles)
        ):
            return start, start + cut
    return None


def _more(text: str, end: int, words: Words) -> Iterator[tuple[int, int]]:
    """Further names of a list behind one label; each must be one that the dictionary has."""
    while True:
        honorific = words.honorific.match(text, end)
        bracket = _BRACKET.match(text, honorific.end() if honorific else end)
        inside = _READING.fullmatch(bracket.group()) if bracket else None
        if bracket and inside:
            yield bracket.start() + 1, bracket.end() - 1
        gap = _NEXT.match(text, bracket.end() if bracket else honorific.end() if honorific else end)
        span = _name_at(text, gap.end(), ROLE, stated=False, glued=False) if gap else None
        if span is None:
            return
        name = text[slice(*span)]
        if not (names().split(core_of(name)) or _KANA_NAME.fullmatch(name)):
            return
        yield span
        end = span[1]


_BRACKET = re.compile(r"\([^()\n]{0,24}\)")
_READING = re.compile(rf"\((?:{KANA_PARTS}|{LATIN})\)")
_KANA_NAME = re.compile(KANA_PARTS)


def _in_cells(page: Page) -> Iterator[tuple[int, int]]:
    text, words = page.text, words_of_names()
    for cell in page.cells:
        if cell.kind not in (NAME, ROLE):
            continue
        honorific = words.honorifics.search(text, max(cell.start, cell.end - 3), cell.end)
        end = honorific.start() if honorific and honorific.end() == cell.end else cell.end
        name = text[cell.start : end].strip(" \"'")
        match = _NAME.fullmatch(name)
        core = core_of(name)
        if match is None or (len(core) < 2 and core not in names().surnames) or words.refuses(core) or named(name):
            continue
        if in_parts(name) or (core[0].isascii() or KANA.fullmatch(core) or read_as_name(core)):
            start = text.index(name, cell.start)
            yield start, start + len(name)


_ANYHOW = re.compile(
    rf"[: ](?=[ \"']{{0,3}}[{KANJI}]{{1,3}}[ {KANJI}])(?<=[{KANJI}{KATAKANA}\"')].)(?:(?<=:)|(?<=[{KANJI}{KATAKANA}].)(?<=[{KANJI}{KATAKANA}]..))[ \"']{{0,3}}([{KANJI}]{{3,6}}|[{KANJI}]{{1,3}} (?:[{KANJI}]{{1,3}}|[ぁ-ん]{{2,4}}))(?![{KANJI}ぁ-ん])"
)


def _named_anyhow(page: Page) -> Iterator[tuple[int, int]]:
    """Full names behind a label that no list has (ご紹介者:, 委任者): dictionary and sentence make them names."""
    for match in _ANYHOW.finditer(page.text):
        name = match.group(1)
        if name[-1] in _HONOURS:
            name = name[:-1]
        start = match.start(1)
        core = core_of(name)
        if (
            not names().split(core)
            or words_of_names().refuses(core)
            or (" " in name and names().plain(name.split(" ")[0]) not in names().surnames)
        ):
            continue
        if match.group()[0] == ":" or in_context(page.text, start, start + len(name)):
            yield start, start + len(name)


_POST = re.compile("ゆうちょ|郵便貯金|記号")
_HOLDER = re.compile(rf"[0-9]{{7}}[ \x1f]{{1,2}}([{KATAKANA}]{{2,8}} [{KATAKANA}]{{1,8}})(?![{KATAKANA}])")


def _holders(page: Page) -> Iterator[tuple[int, int]]:
    """The holder of an account, in katakana behind its number."""
    for match in _HOLDER.finditer(page.text):
        if page.label(match.start()) == "bank_account" or _POST.search(
            page.text, max(0, match.start() - 40), match.start()
        ):
            yield match.span(1)
