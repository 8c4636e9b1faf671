"""Which honorific types an utterance carries, and whether on its predicates or on its nouns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from jeval.keigo.judge.morphemes import Morpheme, morphemes
from jeval.keigo.judge.stems import stem_verbs
from jeval.keigo.judge.tables import compiled, expression, table, table_path
from jeval.keigo.types import Analysis, HonorificForm


class Carried(NamedTuple):
    """Types on predicates, types on nouns."""

    predicate: set[str]
    noun: set[str]


def carried(found: Analysis) -> Carried:
    """The types of the utterance ``found``: those of the analyser's forms, and those of verbs that carry one by themselves."""
    types = Carried(set(), set())
    for form in found.forms:
        on_predicate = form.type not in {"teineigo", "bikago"} and _on_predicate(form, found.text[form.end :])
        (types.predicate if on_predicate else types.noun).add(form.type)
        if form.type not in {"teineigo", "bikago"} and expression("o_itasu").search(form.surface):
            types.predicate.update({"kenjogo1", "kenjogo2"})
    tokens = morphemes(found.text)
    if expression("irassharu_potential").search(found.text) or _stem_and_copula(tokens):
        types.predicate.add("sonkeigo")
    if expression("kenjogo1_phrase").search(found.text):
        types.predicate.add("kenjogo1")
    types.predicate.update(_of_special_verbs(found.text, tokens))
    return types


def _on_predicate(form: HonorificForm, rest: str) -> bool:
    """Whether the form is a verb, or a noun of an act at the end of the clause; お迎えに(行く) is neither."""
    tokens = morphemes(form.surface)
    if any(one.is_a("verb", "auxiliary", "goran") for one in tokens) and not expression("purpose").match(rest):
        return True
    return bool(tokens) and tokens[-1].is_a("sahen") and not expression("after_noun").match(rest)


def _stem_and_copula(tokens: list[Morpheme]) -> bool:
    """お待ちです, お疲れでしょう."""
    return any(
        prefix.is_a("prefix") and copula.is_a("copula") and (stem.is_a("verb") or bool(stem_verbs(stem.surface)))
        for prefix, stem, copula in zip(tokens, tokens[1:], tokens[2:], strict=False)
    )


def _of_special_verbs(text: str, tokens: list[Morpheme]) -> set[str]:
    """Types of いらっしゃる, 伺う, 参る … (``carriers.tsv``); なさい at the end commands and raises nobody."""
    lemmas = {
        one.lemma
        for i, one in enumerate(tokens)
        if not one.is_a("nasai") or (i + 1 < len(tokens) and tokens[i + 1].is_a("masu"))
    }
    return {kind for kind, words, where in _carriers() if lemmas & words and (where is None or where.search(text))}


@lru_cache(maxsize=1)
def _carriers() -> list[tuple[str, frozenset[str], re.Pattern[str] | None]]:
    path = table_path("carriers.tsv")
    return [
        (kind, frozenset(words.split()), compiled(where[0], str(path)) if where else None)
        for kind, words, *where in table("carriers.tsv")
    ]
