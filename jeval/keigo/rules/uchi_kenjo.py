"""uchi-kenjo: 謙譲語I that raises somebody of one's own side.

謙譲語I raises the person whom an act is directed at. One's own family is not raised, and before an outsider neither is a
superior of one's own company (部長にお伝えします, said to a customer). With を the object must be a person whom the verb can be
done to: 母を見送る, but not 母をご紹介する, which goes to somebody else.

SOURCE: 敬語の指針 第2章第1の2 (自分側は立てない)・ウチとソト

WRONG: 駅まで母をお見送りします。
RIGHT: 駅まで母を見送ります。

WRONG: 祖父にお手紙を差し上げました。
RIGHT: 祖父に手紙を送りました。

CONTEXT: speaker=秘書, addressee=来客, referent=自社の社長
WRONG: 社長に申し上げておきます。
RIGHT: 社長に申しておきます。
"""

from __future__ import annotations

from jeval.keigo.clause import Phrase
from jeval.keigo.predicates import is_favour, is_own_offer
from jeval.keigo.sentence import Form, Sentence, Span

#: Frames with which a favour of the other is received: not the goal but the giver is raised.
_RECEIVED = frozenset({"o-itadaku", "goran-itadaku"})


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of a humble form and of a favour."""
    if form.type != "kenjogo1" or form.frame in _RECEIVED or sentence.mask(form.start) & sentence.bits.itadaku:
        return None
    if form.frame == "word":
        return None
    goal = _goal(sentence, form)
    if goal is None or not _is_raised(sentence, form, goal) or not _is_own(sentence, goal):
        return None
    if is_own_offer(sentence, form) and not is_favour(sentence, form):
        return None  # 部長、父をお呼びしましょうか: an offer is left alone
    return form.span


def _goal(sentence: Sentence, form: Form) -> Phrase | None:
    """The nearest person before the form marked を, に or へ; nobody where a compound particle follows (父に代わりまして)."""
    bits = sentence.bits
    for phrase in reversed(sentence.clause.phrases):
        if phrase.end <= form.start and phrase.role and phrase.particle & (bits.wo | bits.ni | bits.he):
            return None if sentence.mask(phrase.end + 1) & bits.compound_particle else phrase
    return None


def _is_raised(sentence: Sentence, form: Form, goal: Phrase) -> bool:
    bits = sentence.bits
    if not goal.particle & bits.wo:
        return not sentence.matches("hands_over", sentence.written(*form.span))  # 担当の者におつなぎします
    return sentence.has(*form.span, bits.raises_object) and not sentence.has(*form.span, bits.third_kenjo)


def _is_own(sentence: Sentence, goal: Phrase) -> bool:
    scene = sentence.scene
    if goal.role == "family" or (goal.role == "in" and not sentence.matches("customers", goal.text)):
        return True
    return scene.given and scene.to_outside and scene.referent_own and goal.role in {"superior", "name", "in"}
