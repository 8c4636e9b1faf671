"""Words beside a number that say what it is (``data/leak/knowledge/number_words.tsv``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from jeval.errors import InputError
from jeval.leak.knowledge import any_of, knowledge_path, table

#: A number that is named, but as none of the kinds, or as something else than an identifier.
NONE = "none"
_TABLE = "number_words.tsv"
_WINDOW = 32
_FOUR_DIGITS = re.compile(r"[0-9]{4}")


@dataclass(frozen=True)
class Words:
    """The table, as it is asked.

    Attributes:
        before: finds words before a number; ``kinds`` says what each announces.
        generic: words that say nothing right behind another (No., ID).
        after: what follows a number that counts something.
        unnamed: ends with a word for a number that names a kind of its own: 決済番号, 照会コード. A bare 番号 names nothing.
        near: kind → finds a word near a pair of 記号 and 番号 that says it is of this kind; ``not_near``: that it is not.
    """

    before: re.Pattern[str]
    kinds: dict[str, str]
    generic: frozenset[str]
    after: re.Pattern[str]
    unnamed: re.Pattern[str]
    near: dict[str, re.Pattern[str]]
    not_near: dict[str, re.Pattern[str]]


@lru_cache(maxsize=1)
def words() -> Words:
    """The table.

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

    kinds = {word.lower(): kind for kind, place, word in rows if place in {"before", "generic"}}
    longest_first = sorted(kinds, key=len, reverse=True)
    not_behind = "".join(f"(?<!{re.escape(word)})" for word in of("not_unnamed"))
    return Words(
        before=re.compile(
            "|".join(rf"(?<![a-z]){re.escape(w)}(?![a-z])" if w.isascii() else re.escape(w) for w in longest_first)
        ),
        kinds=kinds,
        generic=frozenset(word.lower() for word in of("generic")),
        after=re.compile(rf"\s?(?!{any_of(of('not_after'))})(?:{any_of(of('after'))})"),
        unnamed=re.compile(rf"[一-鿿ァ-ヴー]{{2}}{not_behind}(?:{any_of(of('unnamed'))})[ \n:=はがも「(\[|]{{0,4}}\Z"),
        near=near("near", "yucho_account", "insured_number"),
        not_near=near("not_near", "yucho_account"),
    )


def label_of(text: str, start: int) -> str:
    """The kind that the words before ``start`` of folded text announce: the nearest label on the line, or on the line above.

    "" where they announce nothing; :data:`NONE` where they name something else.
    """
    known = words()
    window = text[max(0, start - _WINDOW) : start].lower()
    line = window.rsplit("\n", 1)[-1]
    part = line if line.strip(" :-=|・*") else window.rstrip("\n :-=").rsplit("\n", 1)[-1]
    part = part[max(part.rfind("。"), part.rfind(";")) + 1 :][-_WINDOW:]
    best, last = "", -9
    for match in known.before.finditer(part):
        if not _FOUR_DIGITS.search(part, match.end()):
            if best and match.group() in known.generic and match.start() - last <= 2:
                continue
            best, last = known.kinds[match.group()], match.end()
    return best or (NONE if known.unnamed.search(part) else "")


def counts(text: str, end: int) -> bool:
    """Whether what follows ``end`` makes the number before it a count or an amount (円, 件)."""
    return words().after.match(text, end) is not None
