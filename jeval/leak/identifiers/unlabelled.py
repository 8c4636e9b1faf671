"""Names that nothing beside them marks as names: the dictionary has them, and MeCab reads them so in their sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from jeval.leak.identifiers.labels import named
from jeval.leak.identifiers.pages import Page
from jeval.leak.identifiers.people import names
from jeval.leak.identifiers.tries import trie
from jeval.leak.identifiers.wording import KANJI, KATAKANA, PARTICLES, in_context, words_of_names

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
        rf"[{first}{variants}](?<![{KANJI}{KATAKANA}].)(?:[{KANJI}]{{2,7}}|[{KANJI}]{{0,3}} [{KANJI}]{{1,3}}|[{KANJI}]{{0,3}}{_SELF})"
        rf"(?![{KANJI}{KATAKANA}])(?=[はがもにのをへと、。」(よかでさだ\n\x1f]|\Z)(?<=[{last}{variants}])"
    )


@lru_cache(maxsize=1)
def _mixed() -> re.Pattern[str]:
    """A kanji surname and a given name of the dictionary in hiragana; sets of characters first, the names last."""
    known = names()
    given = [name for name in known.given if re.fullmatch(f"(?!{PARTICLES})[ぁ-ん]{{2,4}}", name)]
    one, two = ("".join(sorted({name[place] for name in given})) for place in (0, 1))
    first = "".join(sorted({name[0] for name in known.surnames}))
    last = "".join(sorted({name[-1] for name in known.surnames}))
    odd = "".join(map(chr, known.variants))
    return re.compile(
        rf"[{first}{odd}](?=[{KANJI}]{{0,2}}[{one}][{two}])(?<![{KANJI}{KATAKANA}].)[{KANJI}]{{0,2}}(?<=[{last}{odd}])"
        rf"{trie(given)}(?=[はがもにのをへと、。」(よかで\n]|\Z)"
    )


def half_in_kana(page: Page) -> Iterator[tuple[int, int]]:
    """Full names without a label whose given name stands in hiragana (西園さくら)."""
    for match in _mixed().finditer(page.text):
        if names().split(match.group()) and in_context(page.text, *match.span()):
            yield match.span()


_SPEAKER = re.compile(rf"\n([{KANJI}]{{1,4}}):[ ]?(?![0-9])")


def speakers(page: Page) -> Iterator[tuple[int, int]]:
    """Surnames that name who speaks at the beginning of a line."""
    known = names()
    first = _SPEAKER.match(f"\n{page.text[:8]}")
    spans = [(0, first.end(1) - 1)] if first else []
    spans += [match.span(1) for match in _SPEAKER.finditer(page.text)]
    for start, end in spans:
        name = known.plain(page.text[start:end])
        refused = named(name) or name in words_of_names().refused
        if name in known.surnames and not refused and in_context(page.text, start, end):
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


def in_sentences(page: Page) -> Iterator[tuple[int, int]]:
    """Full names without a label: the dictionary has surname and given name, and MeCab reads them so in their sentence."""
    text, words, known = page.text, words_of_names(), names()
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
        if introduced or in_context(text, start, end):
            yield start, end
