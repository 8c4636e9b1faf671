"""kenjo-request: 謙譲語 for what somebody is asked to do.

ご〜する lowers the one who acts, so that ご確認してください lowers the person who is asked. お〜ください is right. Where the asked act
itself goes to somebody else to be raised (お客様をお通ししてください, said to a colleague) the humble form is in its place.

SOURCE: 敬語の指針 第3章・ご〜してください

WRONG: 内容をご確認してください。
RIGHT: 内容をご確認ください。

WRONG: こちらの申込書にご記入していただけますか。
RIGHT: こちらの申込書にご記入いただけますか。

WRONG: 受付で伺ってください。
RIGHT: 受付でお尋ねください。

WRONG: 先生、どうぞこの席におってください。
RIGHT: 先生、どうぞこの席にいらしてください。
"""

from __future__ import annotations

from jeval.keigo.persons import RESPECTED
from jeval.keigo.predicates import is_humble_frame, lowers_speaker_only
from jeval.keigo.sentence import Form, Sentence, Span


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of a humble form; reported with the て and the verb after it (して ください)."""
    bits = sentence.bits
    asking = sentence.mask(form.end + 1)
    raised = asking & bits.irassharu or (asking & bits.oru and sentence.mask(form.end + 2) & bits.reru)
    if not sentence.mask(form.end) & bits.te or not (asking & (bits.kudasaru | bits.itadaku) or raised):
        return None
    if form.frame == "oru":
        wrong = bool(asking & bits.kudasaru)  # おっていただく is left alone
    elif _is_act_towards(sentence, form, asking) or sentence.has(*form.span, bits.own_only | bits.bikago_suru):
        wrong = False
    else:
        wrong = lowers_speaker_only(sentence, form) or _asks_for_frame(sentence, form, asking)
    return (form.start, form.end + 2) if wrong else None


def _is_act_towards(sentence: Sentence, form: Form, asking: int) -> bool:
    """Whether somebody to be raised is the goal of the act."""
    bits = sentence.bits
    goal = bits.wo | bits.he if asking & bits.itadaku else bits.ni | bits.wo | bits.he | bits.kara
    return sentence.clause.marked(form.start, goal, RESPECTED) is not None


def _asks_for_frame(sentence: Sentence, form: Form, asking: int) -> bool:
    bits = sentence.bits
    if not is_humble_frame(form) or not asking & (bits.kudasaru | bits.itadaku):
        return False
    return not sentence.has(*form.span, bits.wo) and not _is_for_third(sentence, form, asking)


def _is_for_third(sentence: Sentence, form: Form, asking: int) -> bool:
    """A colleague is told to do it for somebody else: お通ししてください; 先生の荷物をお持ちしてください."""
    bits = sentence.bits
    if not asking & bits.kudasaru or not asking & bits.imperative:
        return False
    if sentence.has(*form.span, bits.to_third):
        return True
    return sentence.has(*form.span, bits.own_service) and any(
        phrase.role in RESPECTED and phrase.end <= form.start and not phrase.particle & bits.comma
        for phrase in sentence.clause.phrases
    )
