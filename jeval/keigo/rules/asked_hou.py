"""asked_hou: an empty 〜の方 in kanji, after a noun that no list names.

お店の方 may be the people of the shop. It is empty where the sentence asks for a thing (いかが, どのくらい, お決まりですか) and says nothing that is
said of persons.

SOURCE: 敬語の指針 第3章 (場面に応じた使い方)
RULES: baito-hou-kanji

WRONG: お爪の方はいかがなさいますか。
RIGHT: お店の方に聞いてみてはいかがですか。

WRONG: お肌の方は、どのようなお悩みでしょうか。
RIGHT: お肌の弱い方は、どのようにお使いですか。
"""

from __future__ import annotations

from jeval.keigo.patterns import Match
from jeval.keigo.rules import empty_hou
from jeval.keigo.sentence import Sentence


def holds(sentence: Sentence, match: Match | None) -> bool:
    """Asked of a match of お/ご + noun + の + 方 + what follows."""
    if match is None or not empty_hou.holds(sentence, match):
        return False
    rest = sentence.masked[sentence.starts[match[3]] :]
    asked = sentence.mask(match[3]) & sentence.bits.ga or sentence.matches("hou_asks", rest)
    return bool(asked) and not sentence.matches("hou_person", rest)
