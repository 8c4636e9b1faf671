"""What words can stand for: ``data/keigo/knowledge/conversion.tsv``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from jeval.errors import InputError
from jeval.reading import read_tsv
from jeval.resources import data_path

Table = Mapping[str, frozenset[str]]


class Words:
    """``verbs``, ``prefixed`` (only after お/ご) and ``nouns`` map a lemma to what it can stand for."""

    def __init__(self, verbs: Table, prefixed: Table, nouns: Table) -> None:
        self.verbs, self.prefixed, self.nouns = verbs, prefixed, nouns
        self.senses = lru_cache(10_000)(self._senses)

    def _senses(self, lemma: str, prefixed: bool) -> frozenset[str]:
        """The plain meanings that ``lemma`` can have, itself included."""
        nothing: frozenset[str] = frozenset()
        found = {lemma} | self.verbs.get(lemma, nothing)
        if prefixed:
            found |= self.prefixed.get(lemma, nothing)
        return frozenset(found.union(*(self.nouns.get(one, nothing) for one in found)))


@lru_cache(maxsize=1)
def words() -> Words:
    """The words of the installed data, read on first use."""
    path = data_path("keigo", "knowledge", "conversion.tsv")
    tables: dict[str, dict[str, set[str]]] = {"verb": {}, "prefixed": {}, "noun": {}}
    for kind, first, *rest in read_tsv(path, 2):
        if kind == "noun":
            group = first.split()
            entries = [(member, group) for member in group]
        elif kind in {"verb", "hub", "prefixed"} and rest:
            entries = [(first, rest[0].split())]
        else:
            raise InputError(f"{path}: {kind} {first}: expected a noun, or a verb, hub or prefixed with its meanings")
        table = tables["verb" if kind == "hub" else kind]
        for word, senses in entries:
            table.setdefault(word, set()).update(senses)
    return Words(*({word: frozenset(senses) for word, senses in table.items()} for table in tables.values()))
