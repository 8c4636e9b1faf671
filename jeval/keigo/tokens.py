"""Morphemes: MeCab's analysis of a sentence as cached, interned :class:`Token` objects.

MeCab prints one short line a node: the surface, its connection ids and its word cost. That line names the dictionary entry (of
entries alike in all three MeCab always takes the same one) and is the key of a cache, so that a node costs one look-up
once it has been seen; the features, ten times as long, are printed for sentences with a new node only. The cache is
bounded: open text has endless unknown words.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

_CACHE_LIMIT = 20_000
_FIELDS = 26
#: How MeCab prints a node: as written, a tab, its features.
FEATURES = r"'-F%M\t%H\n' '-U%M\t%H\n' '-E' '' -O ''"


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
        self._full = fugashi.Tagger(FEATURES)
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
