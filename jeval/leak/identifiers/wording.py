"""What names are made of, what stands beside them, and whether a word is read as one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from jeval.leak.identifiers.people import names, people
from jeval.leak.identifiers.tries import pairs, trie
from jeval.leak.knowledge import any_of
from jeval.leak.morphemes import morphemes

#: Characters of names, as the inside of character classes: kanji with the compatibility forms and those beyond the first plane.
KANJI = "一-鿿々〆ヶ㐀-䶿\uf900-\ufaff\U00020000-\U0002fa1f"
KATAKANA = "ァ-ヴー\u3099\u309a"
KANA_PARTS = rf"[{KATAKANA}]{{2,10}}(?:[ ・=][{KATAKANA}]{{1,10}}){{1,4}}"
LATIN = r"[A-Z][A-Za-z'’-]{0,20}(?:,? [A-Z][A-Za-z'’-]{0,20}\.?){1,3}"
#: Hiragana behind kanji that are no given name.
PARTICLES = (
    "より|から|まで|など|です|さん|さま|くん|との|では|には|とは|への|のみ|たち|ほか|がた|ども|こと|もの|だけ|ので"
)
KANA = re.compile(rf"[{KATAKANA}ぁ-ん]+")
_KIND = 2  # of the parts of speech the one that says of whom or what a proper noun is the name


@dataclass(frozen=True)
class Words:
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
def words_of_names() -> Words:
    words = people()
    honorific = any_of(words["honorifics"])
    titles = any_of(words["titles"])
    return Words(
        after=re.compile(
            rf"(?=$|[ \n\t\x1f、。,.」』)\]|;:<\"'&…!?=]|{honorific}|{titles}|{'|'.join(words['after_name'])}|\(|/|[0-9]|生|名義|宛)"
        ),
        honorific=re.compile(rf"[ ]?(?:{honorific})"),
        honorifics=re.compile(rf"(?:{trie(words['honorifics'])})(?!(?!{any_of(words['after_honorific'])})[{KANJI}])"),
        title=re.compile(rf"{pairs(words['titles'])}(?![{KANJI}])"),
        behind=re.compile(
            rf"(?:(?:[{KANJI}]{{1,9}}(?:[ ・][{KANJI}ぁ-ん{KATAKANA}]{{1,6}})?)|{KANA_PARTS}|[{KATAKANA}]{{2,12}}|{LATIN})[ ]?\Z"
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


@lru_cache(maxsize=8192)
def read_as_name(core: str) -> bool:
    """Whether the dictionary of names has ``core``, or MeCab reads it as a name: every part a personal name, or a place
    (千葉, 宮崎 are surnames too)."""
    known = names()
    plain = known.plain(core)
    if plain in known.surnames or known.split(plain) or (len(plain) > 1 and plain in known.given):
        return True
    kinds = [word.pos[_KIND] for word in morphemes(plain + "さん")][:-1]
    return bool(kinds) and kinds[0] in {"人名", "地名"} and all(kind in {"人名", "地名", "一般"} for kind in kinds)


def in_parts(name: str) -> bool:
    """Whether a space or a middle dot parts it, as surname and given name are parted."""
    return any(mark in name for mark in " ・=,")


def core_of(name: str) -> str:
    return re.sub("[ ・=]", "", name)


def listed(core: str) -> bool:
    known = names()
    return core not in words_of_names().refused and (known.plain(core) in known.surnames or known.split(core) > 0)


def in_context(text: str, start: int, end: int, *, places: bool = False) -> bool:
    """Whether MeCab reads ``text[start:end]`` as names of persons, or of ``places``, where it stands."""
    low = max(0, start - 12, text.rfind("\n", 0, start) + 1)
    window = names().plain(text[low : end + 8].replace("\x1f", " ").replace("\n", " "))
    return _personal(window, start - low, end - low, places)


@lru_cache(maxsize=8192)
def _personal(window: str, start: int, end: int, places: bool) -> bool:
    position, kinds = 0, []
    for word in morphemes(window):
        position += word.blanks
        after = position + len(word.surface)
        if position < start < after or position < end < after:
            return False
        if start <= position < end:
            kinds.append(word.pos[_KIND])
        position = after
    return bool(kinds) and all(kind == "人名" or (places and kind == "地名") for kind in kinds)
