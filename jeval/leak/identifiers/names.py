"""Personal names: behind a label, in a column of them, beside an honorific or a title, and, less surely, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jeval.leak.identifiers.found import Found, Tier
from jeval.leak.identifiers.labels import NAME, ROLE, named
from jeval.leak.identifiers.pages import Page
from jeval.leak.identifiers.people import names, people
from jeval.leak.identifiers.tries import pairs, trie
from jeval.leak.knowledge import any_of

#: Characters of names, as the inside of character classes: kanji with the compatibility forms and those beyond the first plane.
_KANJI = "一-鿿々〆ヶ㐀-䶿\uf900-\ufaff\U00020000-\U0002fa1f"
_KATAKANA = "ァ-ヴー\u3099\u309a"
_KANA_PARTS = rf"[{_KATAKANA}]{{2,10}}(?:[ ・=][{_KATAKANA}]{{1,10}}){{1,4}}"
_LATIN = r"[A-Z][A-Za-z'’-]{0,20}(?:,? [A-Z][A-Za-z'’-]{0,20}\.?){1,3}"
#: A kanji surname and a given name in hiragana (大槻さくら): a name only where the dictionary has both.
_PARTICLES = (
    "より|から|まで|など|です|さん|さま|くん|との|では|には|とは|への|のみ|たち|ほか|がた|ども|こと|もの|だけ|ので"
)
_MIXED = re.compile(rf"[{_KANJI}]{{1,3}}[ぁ-ん]{{2,4}}")
_NAME = re.compile(
    rf"(?:[{_KANJI}]{{1,3}}(?!{_PARTICLES})[ぁ-ん]{{2,4}}(?![ぁ-ん])|[{_KANJI}]{{1,7}}(?:[ ・](?:[{_KANJI}]{{1,4}}|[ぁ-ん]{{2,5}}|[{_KATAKANA}]{{2,6}}))?(?![{_KANJI}])|{_KANA_PARTS}|[{_KATAKANA}]{{2,12}}"
    rf"|[ぁ-ん]{{2,6}} [ぁ-ん]{{2,6}}|{_LATIN})"
)
_WHOLE_KANJI = re.compile(rf"[{_KANJI}]{{1,7}}(?:[ ・][{_KANJI}]{{1,4}})?(?![{_KANJI}])")
_NEXT = re.compile(r"[ ]?(?:[、,・/;と]|及び|および|並びに|\n[ ]{0,4}(?:[-*・]|[0-9]{1,2}[.)])?)[ ]{0,2}")
_SPACED = re.compile(rf"[{_KANJI}](?: [{_KANJI}]){{2,5}}(?![{_KANJI}])")
_HIRAGANA = str.maketrans({chr(code + 96): chr(code) for code in range(ord("ぁ"), ord("ゔ"))})
#: The number of an item of a list before its text (三 破産者).
_ITEM = re.compile("[一二三四五六七八九十]{1,3}[ ・]")
_HONOURS = frozenset("様氏殿君印")
_BACK = 24
_BESIDE = re.compile(rf"[{_KANJI}{_KATAKANA}ぁ-んA-Za-z]")


@dataclass(frozen=True)
class _Words:
    """What stands beside names, and what is none: words, and parts of words."""

    after: re.Pattern[str]
    honorific: re.Pattern[str]
    honorifics: re.Pattern[str]
    title: re.Pattern[str]
    behind: re.Pattern[str]
    refused: frozenset[str]
    titles: tuple[str, ...]
    company: re.Pattern[str]
    department: re.Pattern[str]
    places: frozenset[str]
    of_places: tuple[str, ...]
    spoken: re.Pattern[str]

    def refuses(self, core: str) -> bool:
        return core in self.refused or self.company.search(core) is not None


@lru_cache(maxsize=1)
def _words() -> _Words:
    words = people()
    honorific = any_of(words["honorifics"])
    titles = any_of(words["titles"])
    return _Words(
        after=re.compile(
            rf"(?=$|[ \n\t\x1f、。,.」』)\]|;:<\"'&…!?=]|{honorific}|{titles}|{'|'.join(words['after_name'])}|\(|/|[0-9]|生|名義|宛)"
        ),
        honorific=re.compile(rf"[ ]?(?:{honorific})"),
        honorifics=re.compile(rf"(?:{trie(words['honorifics'])})(?!(?!{any_of(words['after_honorific'])})[{_KANJI}])"),
        title=re.compile(rf"{pairs(words['titles'])}(?![{_KANJI}])"),
        behind=re.compile(
            rf"(?:(?:[{_KANJI}]{{1,9}}(?:[ ・][{_KANJI}ぁ-ん{_KATAKANA}]{{1,6}})?)|{_KANA_PARTS}|[{_KATAKANA}]{{2,12}}|{_LATIN})[ ]?\Z"
        ),
        refused=frozenset(words["not_names"]),
        titles=tuple(words["titles"]),
        company=re.compile(any_of(words["company"])),
        department=re.compile(rf".{{0,12}}(?:{any_of([*words['departments'], *words['titles']])})"),
        places=frozenset(words["places"]),
        of_places=tuple(words["titles_of_places"]),
        spoken=re.compile(
            rf"(?:{any_of(words['self'])}|[はがもにのをへと、。」]|です|でございます|だ|(?:より|から)|(?:と|に)?(?:{any_of(words['verbs'])})|\()"
        ),
    )


@lru_cache(maxsize=1)
def _tagger() -> Any:
    import fugashi

    return fugashi.Tagger()


@lru_cache(maxsize=8192)
def _read_as_name(core: str) -> bool:
    """Whether the dictionary of names has ``core``, or MeCab reads it as a name: every part a personal name, or a place
    (千葉, 宮崎 are surnames too)."""
    known = names()
    plain = known.plain(core)
    if plain in known.surnames or known.split(plain) or (len(plain) > 1 and plain in known.given):
        return True
    kinds = [word.feature.pos3 for word in _tagger()(plain + "さん")][:-1]
    return bool(kinds) and kinds[0] in {"人名", "地名"} and all(kind in {"人名", "地名", "一般"} for kind in kinds)


def _in_parts(name: str) -> bool:
    """Whether a space or a middle dot parts it, as surname and given name are parted."""
    return any(mark in name for mark in " ・=,")


def _core(name: str) -> str:
    return re.sub("[ ・=]", "", name)


def find_names(page: Page) -> list[Found]:
    """Names of a page; titles, roles and companies are not names."""
    found: dict[int, Found] = {}
    for search in (_labelled, _in_cells, _beside, _titled, _named_anyhow, _holders):
        for start, end in search(page):
            found.setdefault(start, Found(start, end, "person_name", "shaped"))
    for start, end in (*_in_sentences(page), *_half_kana(page), *_speakers(page)):
        found.setdefault(start, Found(start, end, "person_name", _LIKELY))
    return list(found.values())


_LIKELY: Tier = "likely"


def _labelled(page: Page) -> Iterator[tuple[int, int]]:
    text, words = page.text, _words()
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
    words = _words()
    match = _NAME.match(text, start)
    if match is not None and _MIXED.fullmatch(match.group()) and not names().split(match.group()):
        match = _WHOLE_KANJI.match(text, start)
    if match is None:
        return None
    name = match.group()
    if len(name) > 2 and name[-1] in _HONOURS:
        name = name[:-1].rstrip()
    end = start + len(name)
    core = _core(name)
    if _ITEM.match(name):
        return None
    if core.endswith(words.titles) or not words.after.match(text, end):
        return _shortened(text, start, name)
    first = name.split(" ")[0]
    if words.refuses(core) or named(name) or words.refuses(first) or named(first):
        return _shortened(text, start, name)
    if not core[0].isascii() and _KANA.fullmatch(core):
        if glued and text[start - 1] in "ナな" and len(core) > 3:
            return start, end
        return (start, end) if _in_parts(name) or (stated and len(core) <= 8) else None
    if core[0].isascii():
        return (start, end) if stated or kind == NAME else None
    if len(core) == 1:
        return (start, end) if stated and core in names().surnames else None
    if _read_as_name(core) or (_in_parts(name) and _read_as_name(re.split("[ ・]", name)[0])):
        return (start, end) if not glued or names().split(core) else None
    return (start, end) if stated and len(core) <= 4 and not named(core) else None


_KANA = re.compile(rf"[{_KATAKANA}ぁ-ん]+")


def _shortened(text: str, start: int, name: str) -> tuple[int, int] | None:
    """A full name at the head of a longer stretch (早川美緒本人, 大森康平 支店長, 氏名 早川 美緒 生年月日)."""
    head = name.split(" ")[0]
    known = names()
    for cut in range(min(len(head), 6), 2, -1):
        rest = text[start + cut : start + cut + 6]
        if known.split(head[:cut]) and (not rest or _words().after.match(rest) or rest.startswith(_words().titles)):
            return start, start + cut
    return None


def _more(text: str, end: int, words: _Words) -> Iterator[tuple[int, int]]:
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
        if not (names().split(_core(name)) or _KANA_NAME.fullmatch(name)):
            return
        yield span
        end = span[1]


_BRACKET = re.compile(r"\([^()\n]{0,24}\)")
_READING = re.compile(rf"\((?:{_KANA_PARTS}|{_LATIN})\)")
_KANA_NAME = re.compile(_KANA_PARTS)


def _in_cells(page: Page) -> Iterator[tuple[int, int]]:
    text, words = page.text, _words()
    for cell in page.cells:
        if cell.kind not in (NAME, ROLE):
            continue
        honorific = words.honorifics.search(text, max(cell.start, cell.end - 3), cell.end)
        end = honorific.start() if honorific and honorific.end() == cell.end else cell.end
        name = text[cell.start : end].strip(" \"'")
        match = _NAME.fullmatch(name)
        core = _core(name)
        if match is None or (len(core) < 2 and core not in names().surnames) or words.refuses(core) or named(name):
            continue
        if _in_parts(name) or (core[0].isascii() or _KANA.fullmatch(core) or _read_as_name(core)):
            start = text.index(name, cell.start)
            yield start, start + len(name)


_ANYHOW = re.compile(
    rf"[: ](?=[ \"']{{0,3}}[{_KANJI}]{{1,3}}[ {_KANJI}])(?<=[{_KANJI}{_KATAKANA}\"')].)(?:(?<=:)|(?<=[{_KANJI}{_KATAKANA}].)(?<=[{_KANJI}{_KATAKANA}]..))[ \"']{{0,3}}([{_KANJI}]{{3,6}}|[{_KANJI}]{{1,3}} (?:[{_KANJI}]{{1,3}}|[ぁ-ん]{{2,4}}))(?![{_KANJI}ぁ-ん])"
)


def _named_anyhow(page: Page) -> Iterator[tuple[int, int]]:
    """Full names behind a label that no list has (ご紹介者:, 委任者): dictionary and sentence make them names."""
    for match in _ANYHOW.finditer(page.text):
        name = match.group(1)
        if name[-1] in _HONOURS:
            name = name[:-1]
        start = match.start(1)
        core = _core(name)
        if (
            not names().split(core)
            or _words().refuses(core)
            or (" " in name and names().plain(name.split(" ")[0]) not in names().surnames)
        ):
            continue
        if match.group()[0] == ":" or _in_context(page.text, start, start + len(name)):
            yield start, start + len(name)


_POST = re.compile("ゆうちょ|郵便貯金|記号")
_HOLDER = re.compile(rf"[0-9]{{7}}[ \x1f]{{1,2}}([{_KATAKANA}]{{2,8}} [{_KATAKANA}]{{1,8}})(?![{_KATAKANA}])")


def _holders(page: Page) -> Iterator[tuple[int, int]]:
    """The holder of an account, in katakana behind its number."""
    for match in _HOLDER.finditer(page.text):
        if page.label(match.start()) == "bank_account" or _POST.search(
            page.text, max(0, match.start() - 40), match.start()
        ):
            yield match.span(1)


_MIXED_BEHIND = re.compile(rf"(?<![{_KANJI}])([{_KANJI}]{{1,3}}[ぁ-ん]{{2,4}})[ ]?\Z")


#: Read backwards: a stretch of kanji, and one more behind a blank.
_KANJI_BEFORE = re.compile(rf"[ ]?[{_KANJI}]{{1,9}}(?:[ ・][{_KANJI}]{{1,9}})?")


def _beside(page: Page) -> Iterator[tuple[int, int]]:
    """Names before an honorific."""
    text, words = page.text, _words()
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
    words, known = _words(), names()
    core = _core(name)
    end = start + len(name)
    if words.refuses(core) or core.translate(_HIRAGANA) in words.refused or _greets(core):
        return _inside(start, name)
    if core[0].isascii():
        return start, end
    if len(core) == 1:
        lone = honorific in ("様", "さま", "さん", "氏") and known.plain(core) in known.surnames
        return (start, end) if lone and text[start - 1 : start] not in ("お", "ご") else None
    if core.endswith(words.titles):
        return None
    if _in_parts(name):
        if _first_part(name):
            return start, end
        last = re.split("[ ・=,]", name)[-1]
        return _inside(start, name) or _behind(text, end - len(last), last, honorific)
    return (start, end) if len(core) <= 7 and _read_as_name(core) else _inside(start, name)


@lru_cache(maxsize=1)
def _greetings() -> tuple[str, ...]:
    return tuple(word for word in people()["not_names"] if _KANA.fullmatch(word) and len(word) > 3)


def _greets(core: str) -> bool:
    """Whether it is a greeting written in katakana (オツカレ様)."""
    return core.translate(_HIRAGANA).startswith(_greetings())


def _first_part(name: str) -> bool:
    first = re.split("[ ・=,]", name)[0]
    if _words().refuses(first):
        return False
    return _read_as_name(first) if re.match(f"[{_KANJI}]", first) else len(first) <= 8


def _inside(start: int, name: str) -> tuple[int, int] | None:
    """A name at the end of a stretch that begins with a department, a title or a company (融資部早川)."""
    parts = name.split(" ")
    if len(parts) > 1 and _words().refuses(parts[0]) is False and names().plain(parts[0][-2:]) not in names().surnames:
        offset = len(parts[0]) + 1
        tail = " ".join(parts[1:])
        return (start + offset, start + len(name)) if _listed(_core(tail)) else None
    cut = _words().department.match(name)
    if cut is None:
        return None
    tail = name[cut.end() :].strip()
    return (start + len(name) - len(tail), start + len(name)) if tail and _listed(_core(tail)) else None


def _listed(core: str) -> bool:
    known = names()
    return core not in _words().refused and (known.plain(core) in known.surnames or known.split(core) > 0)


_OF_TITLE = re.compile(rf"の([{_KANJI}]{{2,6}})(?![{_KANJI}])")


def _titled(page: Page) -> Iterator[tuple[int, int]]:
    """Names before a title (早川支店長); the place or the office that a title is of is none (千葉支店長, 総務部長)."""
    text, words = page.text, _words()
    for title in words.title.finditer(text):
        behind = _OF_TITLE.match(text, title.end())
        if behind is not None and _listed(behind.group(1)) and _in_context(text, *behind.span(1)):
            yield behind.span(1)
        end = title.start()
        kanji = _KANJI_BEFORE.match(text[max(0, end - _BACK) : end][::-1])
        if kanji is None:
            continue
        start = end - kanji.end()
        name = text[start:end].rstrip(" ")
        if not _listed(_core(name)):
            span = _inside(start, name)
            if span is None:
                continue
            start, name = span[0], text[span[0] : span[1]]
        if name in words.places or words.refuses(_core(name)):
            continue
        of_place = title.group().endswith(words.of_places)
        places = not of_place and len(name) > 1
        if names().split(_core(name)) or _in_context(text, start, start + len(name), places=places):
            yield start, start + len(name)


def _in_context(text: str, start: int, end: int, *, places: bool = False) -> bool:
    """Whether MeCab reads ``text[start:end]`` as names of persons, or of ``places``, where it stands."""
    low = max(0, start - 12, text.rfind("\n", 0, start) + 1)
    window = names().plain(text[low : end + 8].replace("\x1f", " ").replace("\n", " "))
    return _personal(window, start - low, end - low, places)


@lru_cache(maxsize=8192)
def _personal(window: str, start: int, end: int, places: bool) -> bool:
    position, kinds = 0, []
    for word in _tagger()(window):
        position += len(word.white_space)
        after = position + len(word.surface)
        if position < start < after or position < end < after:
            return False
        if start <= position < end:
            kinds.append(word.feature.pos3)
        position = after
    return bool(kinds) and all(kind == "人名" or (places and kind == "地名") for kind in kinds)


_DAY = re.compile(
    "(?:昨日|本日|今朝|先日|先週|今日|明日|当日|同日|後日|昨年|今年|今回|前回|来週|午前|午後|昨晩|今週|先月|今月)"
)
_OWN = re.compile(r"と申|という者|といいます|と言います|です|でございます|だ")
#: What may stand before a surname that its bearer says: an office, a greeting, the beginning of a turn.
_INTRODUCED = re.compile(r"と申|でございます|です[。」\n]")
#: An office or a company, of which the bearer says that he is.
_OFFICE = re.compile(r"[行店部課係社所局院組庫]の\Z")
_SAYS = frozenset("の、。「:\n ")
_SELF = r"(?=と申|という者|といいます|と言います|です[。、」\n]|でございます|だ[。」])"


@lru_cache(maxsize=1)
def _runs() -> re.Pattern[str]:
    """Stretches of kanji that may be a full name: the first character begins a surname, the last ends a given name or a surname."""
    known, variants = names(), "".join(map(chr, names().variants))
    first = "".join(sorted({name[0] for name in known.surnames}))
    last = "".join(sorted({name[-1] for name in known.given | known.surnames}))
    return re.compile(
        rf"[{first}{variants}](?<![{_KANJI}{_KATAKANA}].)(?:[{_KANJI}]{{2,7}}|[{_KANJI}]{{0,3}} [{_KANJI}]{{1,3}}|[{_KANJI}]{{0,3}}{_SELF})"
        rf"(?![{_KANJI}{_KATAKANA}])(?=[はがもにのをへと、。」(よかでさだ\n\x1f]|\Z)(?<=[{last}{variants}])"
    )


@lru_cache(maxsize=1)
def _mixed() -> re.Pattern[str]:
    """A kanji surname and a given name of the dictionary in hiragana; sets of characters first, the names last."""
    known = names()
    given = [name for name in known.given if re.fullmatch(f"(?!{_PARTICLES})[ぁ-ん]{{2,4}}", name)]
    one, two = ("".join(sorted({name[place] for name in given})) for place in (0, 1))
    first = "".join(sorted({name[0] for name in known.surnames}))
    last = "".join(sorted({name[-1] for name in known.surnames}))
    odd = "".join(map(chr, known.variants))
    return re.compile(
        rf"[{first}{odd}](?=[{_KANJI}]{{0,2}}[{one}][{two}])(?<![{_KANJI}{_KATAKANA}].)[{_KANJI}]{{0,2}}(?<=[{last}{odd}])"
        rf"{trie(given)}(?=[はがもにのをへと、。」(よかで\n]|\Z)"
    )


def _half_kana(page: Page) -> Iterator[tuple[int, int]]:
    """Full names without a label whose given name stands in hiragana (西園さくら)."""
    for match in _mixed().finditer(page.text):
        if names().split(match.group()) and _in_context(page.text, *match.span()):
            yield match.span()


_SPEAKER = re.compile(rf"\n([{_KANJI}]{{1,4}}):[ ]?(?![0-9])")


def _speakers(page: Page) -> Iterator[tuple[int, int]]:
    """Surnames that name who speaks at the beginning of a line."""
    known = names()
    first = _SPEAKER.match(f"\n{page.text[:8]}")
    spans = [(0, first.end(1) - 1)] if first else []
    spans += [match.span(1) for match in _SPEAKER.finditer(page.text)]
    for start, end in spans:
        name = known.plain(page.text[start:end])
        refused = named(name) or name in _words().refused
        if name in known.surnames and not refused and _in_context(page.text, start, end):
            yield start, end


@lru_cache(maxsize=65536)
def _full(name: str) -> bool:
    """Whether the dictionary has ``name`` as a surname and a given name."""
    known = names()
    surname, _, given = known.plain(name).partition(" ")
    if given:
        return surname in known.surnames and given in known.given
    return len(name) > 2 and known.split(surname) > 0


#: A full name set apart by a blank, on a line of its own or before a bracket, as in a signature.
_ALONE, _OPEN = re.compile(r"[ ]{0,2}(?:\n|\x1f|\Z|\()"), frozenset(("", "\n", " ", "\x1f"))


def _in_sentences(page: Page) -> Iterator[tuple[int, int]]:
    """Full names without a label: the dictionary has surname and given name, and MeCab reads them so in their sentence."""
    text, words, known = page.text, _words(), names()
    for match in _runs().finditer(text):
        start, end = match.span()
        name = match.group()
        full = _full(name)
        if not full and _DAY.match(name):
            start, name = start + 2, name[2:]
            full = _full(name)
        if not full and not _OWN.match(text, end):
            continue
        surname, _, given = name.partition(" ")
        if not full:
            if given or known.plain(name) not in known.surnames:
                continue
            if text[end] != "と" and start and text[start - 1] not in _SAYS:
                continue
        core = surname + given
        if not words.spoken.match(text, end) and not (
            given and _ALONE.match(text, end) and text[start - 1 : start] in _OPEN
        ):
            continue
        if core in words.places or words.refuses(core):
            continue
        introduced = not full and _INTRODUCED.match(text, end) and _OFFICE.search(text, max(0, start - 2), start)
        if introduced or _in_context(text, start, end):
            yield start, end
