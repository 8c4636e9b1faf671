"""empty_hou: 〜のほう that neither points nor compares.

お会計のほう says no more than お会計. 〜のほう is right more often than wrong, so it must stand on a thing, in a sentence without a
comparison, a direction or a side. 方 in kanji may be a person (ご契約の方), so there what is said has to be said of a thing.

SOURCE: 敬語の指針 第3章 (場面に応じた使い方)
RULES: baito-hou, baito-hou-o

WRONG: お会計のほう、失礼いたします。
RIGHT: お会計、失礼いたします。

WRONG: 資料のほうをお送りいたします。
RIGHT: 資料をお送りいたします。

WRONG: お席のほうが整いました。
RIGHT: お席のほうが広いです。

WRONG: ご予算の方はおいくらほどでしょうか。
RIGHT: ご契約の方はこちらへお越しください。
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
    rest = sentence.masked[sentence.starts[match[3]] :] if match[3] < len(sentence.tokens) else ""
    if sentence.mask(hou) & bits.hou_kanji:
        if not after & (bits.after_hou | bits.prefix):
            return False
        if after & (bits.wo | bits.ga):
            if sentence.matches("hou_people", rest):
                return False
        elif not _is_said_of_thing(sentence, head, rest):
            return False
    if after & bits.ga:
        return sentence.matches("hou_ready", rest)
    return True


def _is_said_of_thing(sentence: Sentence, head: int, rest: str) -> bool:
    """Whether what follows 〜の方 is asked or said of a thing: お食事の方はいかがですか, but not お食事の方は二階へお越しください."""
    person = sentence.matches("hou_person", rest)
    return not person and (not head & sentence.bits.act or sentence.matches("hou_asks", rest))
