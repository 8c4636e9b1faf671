"""one_superior: the sentence is said to one person, who is to be raised.

あなた is a slight to a customer who is spoken to, and the usual word for readers whom nobody knows by name (広告, 手引き). So to customers in
general the sentence has to ask or to request something, or call somebody.

SOURCE: 敬語の指針 第3章
RULES: word-anata

CONTEXT: speaker=部下, addressee=上司
WRONG: あなたのご意見に賛成です。
RIGHT: ご意見に賛成です。

CONTEXT: speaker=自社社員, addressee=顧客
WRONG: あなたのご住所を教えてください。
RIGHT: あなたの暮らしに合わせて、三つのコースをご用意しました。
"""

from __future__ import annotations

from jeval.keigo.patterns import Match
from jeval.keigo.predicates import is_addressed
from jeval.keigo.rules import superior
from jeval.keigo.sentence import Sentence


def holds(sentence: Sentence, match: Match | None) -> bool:
    """Asked whatever matched."""
    if not superior.holds(sentence, match):
        return False
    scene = sentence.scene
    if scene.called or is_addressed(sentence) or not sentence.matches("mass", scene.addressee_text):
        return True
    return sentence.matches("to_one", sentence.masked)
