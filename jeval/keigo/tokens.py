"""Morphemes: MeCab's analysis of a sentence as cached, interned :class:`Token` objects.

MeCab prints one short line a node: the surface, its connection ids and its word cost. That line names the dictionary entry (of
entries alike in all three MeCab always takes the same one) and is the key of a cache, so that a node costs one look-up once it
has been seen; the features, ten times as long, are printed for sentences with a new node only. The cache is bounded: open
text has endless unknown words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

_CACHE_LIMIT = 20_000
_FIELDS = 26
_FEATURES = r"'-F%M\t%H\n' '-U%M\t%H\n' '-E' '' -O ''"

# The dictionary breaks these spellings (docs/keigo.md); the same word in kanji, of which it knows the analysis.
_A_ROW = dict(zip("かがさただなばまらわ", "くぐすつづぬぶむるう", strict=True))
_I_ROW = dict(zip("いきぎしちにびみり", "うくぐすつぬぶむる", strict=True))


class Token:
    """One morpheme. ``mask`` holds the bits of the atoms it satisfies, ``tests`` those of the
    pattern steps it passes, ``frames`` and ``rules`` the patterns that may start here."""

    __slots__ = (
        "blank", "c_form", "c_type", "frames", "goshu", "l_form", "lemma", "mask", "orth_base", "pos", "rules", "surface",
        "tests", "width",
    )  # fmt: skip

    def __init__(self, line: str) -> None:
        raw, _, features = line.partition("\t")
        self.surface = raw.lstrip(" ")
        self.width = len(raw)
        self.blank = self.width - len(self.surface)
        row = next(csv.reader([features])) if '"' in features else features.split(",")
        row += ["*"] * (_FIELDS - len(row))
        self.pos = "-".join(part for part in row[:4] if part != "*")
        self.c_type, self.c_form, self.l_form = row[4], row[5], row[6]
        self.lemma = row[7] if row[7] != "*" else ""
        self.orth_base = row[10] if row[10] != "*" else self.surface
        self.goshu = row[12]
        self.mask = 0
        self.tests = 0
        self.frames: tuple[Any, ...] = ()
        self.rules: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"{self.surface}/{self.lemma}({self.pos},{self.c_type},{self.c_form})"


class Tagger:
    """MeCab with unidic-lite; ``prepare`` is called once for every new kind of node."""

    def __init__(self, prepare: Callable[[Token], None]) -> None:
        import fugashi

        self._mecab = fugashi.Tagger(r"'-F%M\t%phl,%phr,%pw\n' '-U%M\t%phl,%phr,%pw\n' '-E' '' -O ''")
        self._full = fugashi.Tagger(_FEATURES)
        self._prepare = prepare
        self._cache: dict[str, Token] = {}

    def __call__(self, sentence: str) -> list[Token]:
        """The morphemes of ``sentence``: no NUL, no lone surrogate, no line feed inside."""
        lines = self._mecab.parse(sentence).split("\n")
        if not lines[-1]:
            lines.pop()
        cache = self._cache
        try:
            return [cache[line] for line in lines]
        except KeyError:
            pass
        tokens = []
        for line, features in zip(lines, self._full.parse(sentence).split("\n"), strict=False):
            token = cache.get(line)
            if token is None:
                token = Token(features)
                self._prepare(token)
                if len(cache) >= _CACHE_LIMIT:
                    cache.clear()
                cache[line] = token
            tokens.append(token)
        return tokens


class Dictionary:
    """Questions about words that the features of a token in its sentence do not answer."""

    def __init__(self) -> None:
        self._mecab: Any = None
        self.is_verb = lru_cache(5_000)(self._is_verb)
        self.verb_type = lru_cache(5_000)(self._verb_type)

    def _verb_type(self, base: str) -> str:
        """Conjugation type of a verb in its dictionary form, ``""`` when it is not one word, or not a verb."""
        if self._mecab is None:
            import fugashi

            self._mecab = fugashi.Tagger(_FEATURES)
        tokens = [Token(line) for line in self._mecab.parse(base).split("\n") if line]
        if len(tokens) == 2 and tokens[0].pos.startswith("動詞") and tokens[1].lemma in {"せる", "させる"}:
            return tokens[1].c_type  # 知らせる
        if len(tokens) != 1 or not tokens[0].pos.startswith("動詞"):
            return ""
        return tokens[0].c_type

    def _is_verb(self, base: str) -> bool:
        return bool(self._verb_type(base))

    def verb_of_stem(self, stem: str) -> str:
        """The verb of which ``stem`` is the 連用形 (読み → 読む, 受け → 受ける), ``""`` when there is none."""
        if not stem or not re.fullmatch(r"[ぁ-ん一-鿿々ヶ]+", stem):
            return ""
        candidates = [stem + "る"]
        if stem[-1] in _I_ROW:
            candidates.insert(0, stem[:-1] + _I_ROW[stem[-1]])
        for base in candidates:
            if self.is_verb(base):
                return base
        return ""

    def godan_of_irrealis(self, stem: str) -> str:
        """The 五段 verb of which ``stem`` is the 未然形 (歌わ → 歌う), ``""`` when there is none."""
        if stem and stem[-1] in _A_ROW:
            base = stem[:-1] + _A_ROW[stem[-1]]
            if self.verb_type(base).startswith("五段"):
                return base
        return ""
