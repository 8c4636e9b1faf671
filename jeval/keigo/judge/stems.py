"""Stems of verbs, and potentials: questions about a morpheme that only the dictionary answers."""

from __future__ import annotations

from functools import lru_cache

from jeval.keigo.judge.morphemes import Morpheme, morphemes
from jeval.keigo.judge.tables import expression, word_class
from jeval.keigo.knowledge import knowledge


@lru_cache(maxsize=5_000)
def stem_verbs(stem: str) -> tuple[tuple[str, str], ...]:
    """The verbs of which ``stem`` can be the 連用形, each as written and as lemma (without its reading): 降り → 降る, 降りる."""
    dictionary = knowledge().dictionary
    bases = [dictionary.verb_of_stem(stem), *(stem + ending for ending in word_class("ichidan_ending"))]
    found = []
    for base in dict.fromkeys(bases):
        if base and dictionary.is_verb(base):
            words = morphemes(base)
            if len(words) == 1:
                found.append((base, words[0].lemma.partition("/")[0]))
    return tuple(found)


def is_potential(verb: Morpheme) -> bool:
    """Whether a verb is the potential of a 五段 verb (読める of 読む), by its written base and its lemma."""
    if verb.is_a("potential_by_base") and expression("potential_base").search(verb.orth_base):
        return True
    return (
        verb.orth_base[-2:] != verb.lemma[-2:]
        and not expression("reru_base").search(verb.lemma)
        and bool(expression("godan").match(knowledge().dictionary.verb_type(verb.lemma)))
    )
