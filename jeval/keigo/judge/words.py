"""The judge's word knowledge: ``data/keigo/knowledge/conversion.tsv``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from jeval.resources import data_path


@dataclass(frozen=True)
class Words:
    """``verbs`` and ``nouns`` map a lemma to what it can stand for; the sets are described in the file."""

    verbs: dict[str, frozenset[str]]
    nouns: dict[str, frozenset[str]]
    drop: frozenset[str]
    polite: frozenset[str]
    idle: frozenset[str]
    stative: frozenset[str]
    with_o: frozenset[str]

    def senses(self, lemma: str, prefixed: bool) -> frozenset[str]:
        """The plain meanings that ``lemma`` can have, itself included."""
        found = {lemma}
        if prefixed:
            found |= self.verbs.get(f"御:{lemma}", frozenset())
        found |= self.verbs.get(lemma, frozenset())
        for one in tuple(found):
            found |= self.nouns.get(one, frozenset())
        return frozenset(found)


@lru_cache(maxsize=1)
def words() -> Words:
    """Read the table once."""
    verbs: dict[str, frozenset[str]] = {}
    groups: dict[str, set[str]] = {}
    sets: dict[str, set[str]] = {"drop": set(), "polite": set(), "idle": set(), "stative": set(), "with_o": set()}
    for line in data_path("keigo", "knowledge", "conversion.tsv").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        kind, first, *rest = line.split("\t")
        if kind == "verb":
            verbs[first] = frozenset(rest[0].split())
        elif kind == "hub":
            verbs[first] = verbs.get(first, frozenset()) | frozenset(rest[0].split())
        elif kind == "noun":
            members = first.split()
            for member in members:
                groups.setdefault(member, set()).update(members)
        else:
            sets[kind].update(word for word in first.split() if not word.endswith("_"))
    nouns = {word: frozenset(members) for word, members in groups.items()}
    return Words(verbs, nouns, *(frozenset(sets[name]) for name in ("drop", "polite", "idle", "stative", "with_o")))
