"""Questions that the features of a token in its sentence do not answer: is 動かす a verb, and of which kind?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jeval.keigo.atoms import Atoms
from jeval.keigo.tokens import FEATURES, Token
from jeval.reading import read_yaml


@dataclass(frozen=True)
class Inflection:
    """How the dictionary form of a verb follows from a stem, and the conjugation types of a kind.

    The keys are those of ``data/keigo/knowledge/inflection.yaml``, which says what each of them is.
    """

    irrealis: dict[str, str]
    continuative: dict[str, str]
    ichidan: str
    potential: str
    causative: str
    letters: str
    godan: tuple[str, ...]
    vowel: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Inflection:
        found = read_yaml(path)
        return cls(**{**found, "godan": tuple(found["godan"]), "vowel": tuple(found["vowel"])})


class Dictionary:
    """The dictionary, asked for one word at a time; answers are cached."""

    def __init__(self, atoms: Atoms, inflection: Inflection) -> None:
        self.inflection = inflection
        self.is_verb = lru_cache(5_000)(self._is_verb)
        self.verb_type = lru_cache(5_000)(self._verb_type)
        self._mecab: Any = None
        self._verb = atoms.test("verb")
        self._causative = atoms.test("causative_word")
        self._letters = re.compile(inflection.letters)

    def _verb_type(self, base: str) -> str:
        """Conjugation type of a verb in its dictionary form, ``""`` when it is not one word, or not a verb."""
        if self._mecab is None:
            import fugashi

            self._mecab = fugashi.Tagger(FEATURES)
        tokens = [Token(line) for line in self._mecab.parse(base).split("\n") if line]
        if not tokens or not self._verb(tokens[0]):
            return ""
        if len(tokens) == 2 and self._causative(tokens[1]):
            return tokens[1].c_type  # 知らせる
        return tokens[0].c_type if len(tokens) == 1 else ""

    def _is_verb(self, base: str) -> bool:
        return bool(self._verb_type(base))

    def verb_of_stem(self, stem: str) -> str:
        """The verb of which ``stem`` is the 連用形 (読み → 読む, 受け → 受ける), ``""`` when there is none."""
        if not self._letters.fullmatch(stem):
            return ""
        ending = self.inflection.continuative.get(stem[-1])
        for base in (stem[:-1] + ending if ending else "", stem + self.inflection.ichidan):
            if base and self.is_verb(base):
                return base
        return ""

    def godan_of_irrealis(self, stem: str) -> str:
        """The 五段 verb of which ``stem`` is the 未然形 (歌わ → 歌う), ``""`` when there is none."""
        ending = self.inflection.irrealis.get(stem[-1:])
        if ending:
            base = stem[:-1] + ending
            if self.verb_type(base).startswith(self.inflection.godan):
                return base
        return ""

    def is_vowel_verb(self, base: str) -> bool:
        """Whether られる makes its potential: 一段 verbs and 来る."""
        return self.verb_type(base).startswith(self.inflection.vowel)

    def is_godan(self, base: str) -> bool:
        """Whether a verb in its dictionary form is 五段."""
        return bool(base) and self.verb_type(base).startswith(self.inflection.godan)
