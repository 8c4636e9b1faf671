"""Small questions about morphemes: prefixes, stems and what stands before a verb."""

from __future__ import annotations

from jeval.keigo.knowledge import Knowledge
from jeval.keigo.tokens import Token


def stem_verbs(data: Knowledge, stem: str) -> list[tuple[str, str]]:
    """The verbs of which ``stem`` can be the 連用形, each written and as lemma: 降り → 降る, 降りる."""
    found = []
    for base in dict.fromkeys((data.dictionary.verb_of_stem(stem), stem + "る")):
        if base and data.dictionary.is_verb(base):
            tokens = data.tagger(base)
            if len(tokens) == 1:
                found.append((base, tokens[0].lemma.split("-")[0]))
    return found


def is_prefix(token: Token) -> bool:
    """お・ご・御; before some stems the dictionary reads お as a filler."""
    return token.lemma == "御" or (token.surface == "お" and token.pos.startswith("感動詞"))


def before_de(tokens: list[Token], i: int) -> bool:
    """Whether the verb at ``i`` continues で of a copula (でいらっしゃる, でございます, である)."""
    j = i - 1
    if j >= 0 and tokens[j].surface in {"は", "も"}:
        j -= 1
    if j < 1 or tokens[j].surface not in {"で", "て"}:
        return False
    head = tokens[j - 1]
    if tokens[j].lemma == "だ":
        return True
    return tokens[j].surface == "で" and head.pos.startswith(("名詞", "形状詞", "接尾辞", "代名詞", "助詞"))


def before_adjective(tokens: list[Token], i: int) -> bool:
    """Whether the verb at ``i`` follows an adjective's て (お忙しくていらっしゃる)."""
    return i > 1 and tokens[i - 1].surface == "て" and tokens[i - 2].pos.startswith("形容詞")
