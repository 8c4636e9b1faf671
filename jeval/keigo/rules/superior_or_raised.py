"""superior_or_raised: the sentence is said to somebody to be raised, or raises him with the verb before the match.

Who says 召し上がりたいですか has raised the addressee, whatever the context says.

SOURCE: 敬語の指針 第3章・〜したいですか
RULES: word-tai-desuka

WRONG: 部長、コーヒーをお飲みになりたいですか。
RIGHT: 部長、コーヒーを召し上がりますか。

WRONG: コーヒーを召し上がりたいですか。
RIGHT: コーヒーを飲みたいですか。
"""

from __future__ import annotations

from jeval.keigo.patterns import Match
from jeval.keigo.rules import superior
from jeval.keigo.sentence import Sentence

_NEAR = 4  # tokens


def holds(sentence: Sentence, match: Match | None) -> bool:
    """Asked of a match of たい + です + か."""
    bits = sentence.bits
    if match is not None and sentence.has(match[0] - _NEAR, match[0], bits.sonkei_verb | bits.goran):
        return True
    return superior.holds(sentence, match)
