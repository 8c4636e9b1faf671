"""superior: the sentence is said to somebody to be raised.

Some words are wrong only towards a customer or a superior. The context says who is addressed; where it does not, the
sentence or one before it has to call him by name or title.

SOURCE: 敬語の指針 第3章
RULES: word-kanshin, word-te-ageru, word-gokurou, word-ryoukai

WRONG: 部長、本日はご苦労様でした。
RIGHT: 部長、本日はお疲れ様でした。

CONTEXT: speaker=社員, addressee=顧客
WRONG: 了解です。
RIGHT: 承知いたしました。

WRONG: 部長、おはようございます。その件は了解です。
RIGHT: おはようございます。その件は了解です。
"""

from __future__ import annotations

from jeval.keigo.patterns import Match
from jeval.keigo.predicates import is_addressed
from jeval.keigo.sentence import Sentence


def holds(sentence: Sentence, match: Match | None) -> bool:
    """Asked whatever matched."""
    scene = sentence.scene
    if scene.given and scene.addressee:
        return scene.addressee_raised
    return scene.called or is_addressed(sentence)
