"""Atoms that need the dictionary: what a token's own features do not tell."""

from __future__ import annotations

import re

from jeval.keigo.atoms import Bits
from jeval.keigo.dictionary import Dictionary
from jeval.keigo.tokens import Token


class DerivedAtoms:
    """Asked of a token after the tables, whose bits it carries by then."""

    NAMES = (
        "person_part", "own_causative", "deverbal", "act", "ra_deleted", "potential_verb", "causative_sa", "causative_sasa", "stem_like",
    )  # fmt: skip

    def __init__(
        self, bits: Bits, dictionary: Dictionary, person_part: re.Pattern[str], genuine_causatives: frozenset[str]
    ) -> None:
        self._bits = bits
        self._dictionary = dictionary
        self._inflection = dictionary.inflection
        self._person_part = person_part
        self._genuine = genuine_causatives

    def mask(self, token: Token, verb: str) -> int:
        """The bits that hold; ``verb`` is the one of which a noun is the stem (お戻り: 戻る), or ``""``."""
        bits = self._bits
        mask = bits.deverbal | bits.act if verb else 0
        if self._is_person_part(token):
            mask |= bits.person_part
        if self._is_own_causative(token):
            mask |= bits.own_causative
        if self._is_ra_deleted(token):
            mask |= bits.ra_deleted
        if self._is_stem(token):
            mask |= bits.stem_like
        if self._is_potential(token):
            mask |= bits.potential_verb
        if self._is_causative_sa(token):
            mask |= bits.causative_sa
        if self._is_causative_sasa(token):
            mask |= bits.causative_sasa
        return mask

    def _is_person_part(self, token: Token) -> bool:
        if not token.mask & self._bits.name_like:
            return False
        named = token.mask & (self._bits.surname | self._bits.name_of_person)
        return bool(named) or bool(self._person_part.search(token.surface))

    def _is_stem(self, token: Token) -> bool:
        """緩め of 緩める, which the dictionary takes for an adjective."""
        return bool(token.mask & self._bits.stem_shape and self._dictionary.verb_of_stem(token.surface))

    def _is_own_causative(self, token: Token) -> bool:
        """動か of 動かす: させ after it is the causative of the transitive verb, not an inserted さ."""
        causative = token.surface + self._inflection.causative
        return bool(token.mask & self._bits.godan_irrealis) and causative in self._genuine

    def _is_ra_deleted(self, token: Token) -> bool:
        """見れる: its written base ends in れる, the lemma is the 一段 or カ変 verb without れ."""
        bits, dictionary = self._bits, self._dictionary
        if not token.mask & bits.reru_shape or not token.lemma:
            return False
        if token.mask & bits.kuru:
            return bool(token.mask & bits.koreru)
        if token.mask & bits.reru_reading and not token.mask & bits.rereru_shape:
            return False  # 仕入れる: the verb itself
        base = token.orth_base.removesuffix(self._inflection.potential) + self._inflection.ichidan
        return dictionary.is_vowel_verb(token.lemma.split("-")[0]) and dictionary.is_vowel_verb(base)

    def _is_potential(self, token: Token) -> bool:
        """書け of 書ける: 下一段 in form, the lemma a 五段 verb."""
        shape = token.mask & self._bits.lower_ichidan
        return bool(shape) and self._dictionary.is_godan(token.lemma.split("-")[0])

    def _is_causative_sa(self, token: Token) -> bool:
        """歌わさ of 歌わす: a 五段-サ行 verb made from the 未然形 of another 五段 verb."""
        shape = token.mask & self._bits.sa_irrealis
        return bool(shape) and bool(self._dictionary.godan_of_irrealis(token.surface[:-1]))

    def _is_causative_sasa(self, token: Token) -> bool:
        """食べささ of 食べさす."""
        shape = token.mask & self._bits.sasa_shape
        return bool(shape) and self._dictionary.is_verb(token.surface[:-2] + self._inflection.ichidan)
