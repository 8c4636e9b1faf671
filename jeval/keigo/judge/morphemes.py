"""Morphemes as the judge sees them: the analyser's tokens, each with the kinds of ``data/keigo/knowledge/judge/`` that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from jeval.keigo.judge.tables import atoms, word_class, word_classes
from jeval.keigo.knowledge import Knowledge, knowledge
from jeval.keigo.tokens import Token

_CACHE_LIMIT = 20_000


@dataclass(frozen=True, eq=False, slots=True)
class Morpheme:
    """``lemma`` is the UniDic lemma without its sub-entry (時-助数詞 → 時), with its reading where that makes it another word (居る/オル).

    ``kinds`` names the atoms and the word classes that hold for it, ``known`` (the dictionary has it) and ``idiom_stem`` (the
    analyser's class).
    """

    surface: str
    lemma: str
    orth_base: str
    kinds: frozenset[str]

    def is_a(self, *kinds: str) -> bool:
        """Whether it is of one of these kinds."""
        return not self.kinds.isdisjoint(kinds)


#: What stands before the first and behind the last morpheme of a sentence: of no kind.
NOTHING = Morpheme("", "", "", frozenset())


class Morphemes:
    """Text to morphemes. Tokens are shared between sentences, so each is looked at once; the cache is bounded as theirs is."""

    def __init__(self, data: Knowledge) -> None:
        self._tagger = data.tagger
        self._idiom = data.bit("idiom_stem")
        self._seen: dict[Token, Morpheme] = {}
        self._classes: dict[str, frozenset[str]] = {}
        for name, words in word_classes().items():
            for word in words:
                self._classes[word] = self._classes.get(word, frozenset()) | {name}

    def __call__(self, text: str) -> list[Morpheme]:
        seen = self._seen
        found = []
        for token in self._tagger(text):
            morpheme = seen.get(token)
            if morpheme is None:
                if len(seen) >= _CACHE_LIMIT:
                    seen.clear()
                morpheme = seen[token] = self._look_at(token)
            found.append(morpheme)
        return found

    def _look_at(self, token: Token) -> Morpheme:
        lemma = token.lemma.split("-")[0] or token.surface
        if f"{lemma}/{token.l_form}" in word_class("by_reading"):
            lemma = f"{lemma}/{token.l_form}"
        kinds = {name for name, test in atoms() if test(token)}
        if token.lemma:
            kinds.add("known")
        if token.mask & self._idiom:
            kinds.add("idiom_stem")
        return Morpheme(token.surface, lemma, token.orth_base, self._classes.get(lemma, frozenset()) | kinds)


@lru_cache(maxsize=1)
def _morphemes() -> Morphemes:
    return Morphemes(knowledge())


def morphemes(text: str) -> list[Morpheme]:
    """The morphemes of ``text``."""
    return _morphemes()(text)
