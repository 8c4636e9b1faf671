"""empty_hou: 〜のほう that neither points nor compares.

お会計のほう says no more than お会計. 〜のほう is right more often than wrong, so it must stand on a thing, in a sentence without a
comparison, a direction or a side; 方 in kanji may be a person (ご契約の方).

SOURCE: 敬語の指針 第3章 (場面に応じた使い方)
RULES: baito-hou, baito-hou-o

WRONG: お会計のほう、失礼いたします。
RIGHT: お会計、失礼いたします。

WRONG: 資料のほうをお送りいたします。
RIGHT: 資料をお送りいたします。

WRONG: お席のほうが整いました。
RIGHT: お席のほうが広いです。
"""

from __future__ import annotations

from jeval.keigo.patterns import Match
from jeval.keigo.sentence import Sentence


def holds(sentence: Sentence, match: Match | None) -> bool:
    """Asked of a match of noun + の + ほう + what follows."""
    if match is None or sentence.matches("compare", sentence.masked):
        return False
    bits = sentence.bits
    head, hou, after = sentence.mask(match[0]), match[2] + 1, sentence.mask(match[1] - 1)
    if head & bits.proper_noun:
        return False  # 銀座のほう
    if sentence.mask(hou) & bits.hou_kanji:
        if not after & (bits.after_hou | bits.prefix):
            return False
        if head & bits.sahen and not after & bits.wo:
            return False  # ご契約の方: may be a person
    if after & bits.ga:
        return sentence.matches("hou_ready", sentence.masked.split(sentence.surface(hou), 1)[-1])
    return True
