"""Words that name what stands beside them (``data/leak/knowledge/number_words.tsv`` and ``people.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from jeval.errors import InputError
from jeval.leak.identifiers.people import people
from jeval.leak.identifiers.tries import pairs, trie
from jeval.leak.knowledge import any_of, knowledge_path, table

#: A value that is named, but as none of the kinds, or as something else than an identifier.
NONE = "none"
#: A value under a key or a heading that is not known: only a form that leaves no doubt makes it an identifier.
OTHER = "other"
#: A word for a number: behind another word it names a kind of its own (決済番号).
UNNAMED = "unnamed"
#: What names a person, for certain (氏名) or as a role that something else may follow (担当, 相続人).
NAME, ROLE, BIRTH, ADDRESS = "person_name", "role", "birth_date", "address"
PEOPLE = frozenset({NAME, ROLE, BIRTH})
_TABLE = "number_words.tsv"
_LONGEST_HEADING = 24


class Mark(NamedTuple):
    """A word that names a kind, where it stands in the folded text."""

    start: int
    end: int
    kind: str
    word: str


@dataclass(frozen=True)
class Words:
    """The tables, as they are asked.

    Attributes:
        japanese, latin: find words that name what follows; ``kinds`` says what each announces.
        keys: the same for keys and English headings, their words joined by ``_``.
        generic: words that say nothing right behind another (No., ID).
        after: what follows a number that counts something.
        unnamed: ends with a word for a number that names a kind of its own: 決済番号, 照会コード. A bare 番号 names nothing.
        near: kind → finds a word near a pair of 記号 and 番号 that says it is of this kind; ``not_near``: that it is not.
    """

    japanese: re.Pattern[str]
    latin: re.Pattern[str]
    kinds: dict[str, str]
    keys: dict[str, str]
    headings: dict[str, str]
    generic: frozenset[str]
    after: re.Pattern[str]
    unnamed: re.Pattern[str]
    near: dict[str, re.Pattern[str]]
    not_near: dict[str, re.Pattern[str]]


@lru_cache(maxsize=1)
def words() -> Words:
    """The tables.

    Raises:
        InputError: a row of another width, or no word in a position that is asked for.
    """
    rows = table(_TABLE, "kind", "position", "word")

    def of(position: str, kind: str = NONE) -> list[str]:
        found = [word for row_kind, place, word in rows if (row_kind, place) == (kind, position)]
        if not found:
            raise InputError(f"{knowledge_path(_TABLE)}: no word of kind {kind} stands {position}; add one")
        return found

    def near(position: str, *kinds: str) -> dict[str, re.Pattern[str]]:
        return {kind: re.compile(any_of(of(position, kind))) for kind in kinds}

    beside = people()
    kinds = dict.fromkeys(map(str.lower, of("unnamed")), UNNAMED)
    kinds |= dict.fromkeys(map(str.lower, beside["roles"]), ROLE)
    kinds |= dict.fromkeys(map(str.lower, beside["labels"]), NAME)
    kinds |= dict.fromkeys(map(str.lower, beside["birth_before"]), BIRTH)
    kinds |= {word.lower(): kind for kind, place, word in rows if place in {"before", "generic"}}
    # A role of one character (父) names what follows only before a colon, or as a heading, which is asked without one.
    kinds |= {f"{word}:": kind for word, kind in kinds.items() if len(word) == 1 and kind == ROLE}
    not_behind = "".join(f"(?<!{re.escape(word)})" for word in of("not_unnamed"))
    return Words(
        japanese=_trie_of(kinds, latin=False),
        latin=_trie_of(kinds, latin=True),
        kinds=kinds,
        headings={word: kind for kind, place, word in rows if place == "heading"},
        keys={word: kind for kind, place, word in rows if place == "key"},
        generic=frozenset(word.lower() for word in of("generic")),
        after=re.compile(rf"\s?(?!{any_of(of('not_after'))})(?:{any_of(of('after'))})"),
        unnamed=re.compile(rf"[一-鿿ァ-ヴー]{{2}}{not_behind}(?:{any_of(of('unnamed'))})\Z"),
        near=near("near", "yucho_account", "insured_number"),
        not_near=near("not_near", "yucho_account"),
    )


def _trie_of(kinds: dict[str, str], latin: bool) -> re.Pattern[str]:
    """One expression of the words: a Latin one stands apart from other letters; signs of one character (〒) go with these."""
    mine = [
        word for word, kind in kinds.items()
        if (len(word) == 1 or (word[0].isascii() and word[0].isalpha())) == latin and (len(word) > 1 or kind != ROLE)
    ]  # fmt: skip
    if not latin:
        return re.compile(pairs(mine))
    spelled = [
        rf"{first}(?<![a-z0-9_]{first}){trie(word[1:] for word in mine if word[0] == first)}(?![a-z])"
        for first in sorted({word[0] for word in mine if word.isascii()})
    ]
    return re.compile("|".join([*spelled, *(re.escape(word) for word in mine if not word.isascii())]))


def marks(lowered: str) -> Iterator[Mark]:
    """The words of the tables in folded text in lower case, in no order."""
    known = words()
    kinds = known.kinds
    last, new = -1, tuple.__new__  # a fifth of the time of a call of Mark
    for pattern in (known.japanese, known.latin):
        for match in pattern.finditer(lowered):
            word = match.group()
            start, end = match.span()
            kind = kinds[word]
            if kind == UNNAMED:
                if start == last or not known.unnamed.search(lowered, max(0, start - 4), end):
                    continue
                kind = NONE
            last = end
            yield new(Mark, (start, end, kind, word))


_DRESS = " \t\"'`*_#:・※()[]{}【】「」『』〔〕<>●○■□◆◇▼▽~.、"
_BRACKET = re.compile(r"\([^()]{0,20}\)|\[[^\]]{0,20}\]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[ .\-_]+")


@lru_cache(maxsize=4096)
def named(heading: str) -> str:
    """The kind that a whole heading, key or form field names (ご契約者氏名, 電話番号（自宅）, customerPhone).

    "" where it names nothing known; :data:`NONE` where it names something that is no identifier.
    """
    if len(heading) > 2 * _LONGEST_HEADING:
        return ""
    known = words()
    for text in (_BRACKET.sub("", heading).strip(_DRESS), heading.strip(_DRESS)):
        if not text or len(text) > _LONGEST_HEADING:
            continue
        if text.isascii():
            found = keyed(text)
        else:
            found = _suffix(text.lower().replace(" ", "") if len(text) < 16 else text.lower(), known)
        if found:
            return found
    return ""


def _suffix(text: str, known: Words) -> str:
    if text in known.headings:
        return known.headings[text]
    for start in range(len(text)):
        kind = known.kinds.get(text[start:])
        if kind and kind != UNNAMED and (len(text) - start > 1 or start == 0):
            return kind
    return NONE if known.unnamed.search(text) else ""


@lru_cache(maxsize=4096)
def keyed(key: str) -> str:
    """The kind that a key in Latin letters names by its last words, or "" (customerPhoneNo, bank_account)."""
    known = words()
    parts = [part for part in _CAMEL.sub("_", key).lower().split("_") if part]
    for start in range(len(parts)):
        joined = "_".join(parts[start:])
        if joined in known.keys:
            return known.keys[joined]
    return known.kinds.get(" ".join(parts), "")


def counts(text: str, end: int) -> bool:
    """Whether what follows ``end`` makes the number before it a count or an amount (円, 件)."""
    return words().after.match(text, end) is not None
