"""Word classes (``data/keigo/knowledge/lexicon.tsv``): which classes a morpheme belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from jeval.keigo.atoms import Bits
from jeval.keigo.tokens import Token


class Lexicon:
    """The table, by what a word of it names: a lemma, a lemma with its reading (居る/オル), a written form (=部長).

    Attributes:
        words: the words of each class, as written there.
    """

    def __init__(self, rows: Iterable[list[str]], bits: Bits) -> None:
        self.words: dict[str, frozenset[str]] = {}
        self._by_lemma: dict[str, int] = {}
        self._by_reading: dict[tuple[str, str], int] = {}
        self._by_surface: dict[str, int] = {}
        for name, words, *_ in rows:
            self.words[name] = self.words.get(name, frozenset()) | frozenset(words.split())
            for word in words.split():
                self._add(word, bits[name])

    def _add(self, word: str, bit: int) -> None:
        lemma, _, reading = word.partition("/")
        if word.startswith("="):
            self._by_surface[word[1:]] = self._by_surface.get(word[1:], 0) | bit
        elif reading:
            self._by_reading[lemma, reading] = self._by_reading.get((lemma, reading), 0) | bit
        else:
            self._by_lemma[lemma] = self._by_lemma.get(lemma, 0) | bit

    def mask(self, token: Token, verb: str) -> int:
        """The bits of its classes; a noun that is the stem of ``verb`` (お戻り) belongs where the verb belongs."""
        lemma = token.lemma.split("-")[0]
        mask = self._by_surface.get(token.surface, 0) | self._by_reading.get((lemma, token.l_form), 0)
        return mask | self._by_lemma.get(lemma, 0) | self._by_lemma.get(verb, 0)
