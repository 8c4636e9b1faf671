"""empty_naru: 〜になります where nothing becomes anything.

こちらが資料になります says what こちらが資料です says. 〜になります is right more often than wrong: something changes with time or under a
condition, a sum comes out, お読みになる is 尊敬語. So the sentence must point at a thing, hand it over, name its place or its
price, or say who or what is in charge.

SOURCE: 敬語の指針 第3章 (場面に応じた使い方)
RULES: baito-ninaru

WRONG: こちらが見積書になります。
RIGHT: こちらが見積書です。

WRONG: 五百円のお返しになります。
RIGHT: 五百円のお返しです。

WRONG: 担当は佐藤になります。
RIGHT: 来月から担当が佐藤になります。

WRONG: お会計は三千円になります。
RIGHT: 合計で三千円になります。

WRONG: お手洗いは二階になります。
RIGHT: 手数料は有料になります。
"""

from __future__ import annotations

from jeval.keigo.patterns import Match
from jeval.keigo.sentence import Sentence


def holds(sentence: Sentence, match: Match | None) -> bool:
    """Asked of a match of に + なり + ます after a noun."""
    if match is None or sentence.matches("naru_goes_on", sentence.written(match[1], match[1] + 2)):
        return False
    bits = sentence.bits
    head = match[0] - 1
    if sentence.mask(head) & (bits.na_adj | bits.adverb | bits.state_noun):
        return False
    if sentence.matches("summary", sentence.masked):
        return True
    start = _noun_start(sentence, head)
    if start == head and sentence.mask(head) & bits.outcome:
        return False  # 学びの場になります
    frame = sentence.mask(head - 1) & bits.pfx and sentence.mask(head) & bits.act
    if frame and not sentence.matches("act_as_thing", sentence.masked):
        return False  # お読みになります, 何名ご利用になりますか
    return _equates(sentence, start, head)


def _noun_start(sentence: Sentence, head: int) -> int:
    start = head
    while sentence.mask(start - 1) & sentence.bits.name_part:
        start -= 1
    return start


def _equates(sentence: Sentence, start: int, head: int) -> bool:
    """Whether A は B になります says A は B です, B being the tokens from ``start`` to ``head``."""
    bits = sentence.bits
    before, noun = sentence.written(0, start), sentence.written(start, head + 1)
    if sentence.matches("change", before):
        return False
    if sentence.mask(head) & bits.surname:
        return True
    if start == head and sentence.mask(head) & bits.sahen and sentence.tokens[start - 1].mask & bits.topic_ha:
        return False  # こちらの通帳は繰越になります
    if sentence.matches("pointing", sentence.masked) or sentence.matches("equation_subject", before):
        return True
    if sentence.matches("amount", noun) and sentence.matches("price_subject", before):
        return True
    return sentence.matches("handed_over", noun) or sentence.matches("place_shown", before + noun)
