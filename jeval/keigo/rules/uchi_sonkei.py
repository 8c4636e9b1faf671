"""uchi-sonkei: 尊敬語 for somebody of one's own side.

One's own family is never raised before others, and before an outsider neither is a superior of one's own company. The
subject says so by itself (弊社の社長, 父), or the scene does (佐藤部長, said to a customer by a colleague of his).

SOURCE: 敬語の指針 第2章第1の1 (自分側は立てない)・ウチとソト

WRONG: 弊社の社長がそうおっしゃっています。
RIGHT: 弊社の社長がそう申しております。

WRONG: 父はお元気です。
RIGHT: 父は元気です。

CONTEXT: speaker=社員, addressee=お客様, referent=上司の課長
WRONG: 課長は先ほど会社をお出になりました。
RIGHT: 課長は先ほど会社を出ました。

CONTEXT: speaker=自社社員, addressee=顧客, referent=自社の部長
WRONG: あいにく、お出かけです。
RIGHT: あいにく、外出しております。

CONTEXT: speaker=自社社員, addressee=顧客, referent=自社の部長
WRONG: 今、席を外されております。
RIGHT: 今、席を外しております。
"""

from __future__ import annotations

from jeval.keigo.predicates import (
    is_conditional,
    is_main,
    is_own_side,
    is_said_of_own_referent,
    is_state,
    is_stated_of,
)
from jeval.keigo.sentence import Form, Sentence, Span


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of 尊敬語, and of a state with お/ご."""
    if form.frame == "noun":
        wrong = _is_own_state(sentence, form)
    elif sentence.mask(form.end - 1) & sentence.bits.kudasaru:
        wrong = False
    else:
        wrong = _is_own_act(sentence, form)
    return form.span if wrong else None


def _is_own_state(sentence: Sentence, form: Form) -> bool:
    """父はお元気です; (to a customer, of a colleague) お出かけです."""
    if not is_state(sentence, form):
        return False
    conditional = is_conditional(sentence, form.end)
    subject = sentence.clause.subject(form.start)
    if subject is not None:
        beside = conditional and not subject.particle & sentence.bits.ga
        return not beside and is_own_side(sentence, subject)
    scene = sentence.scene
    about_colleague = scene.given and scene.referent_own and scene.referent != "self"
    of_person = sentence.mask(form.start + 1) & sentence.bits.person_state
    said = not sentence.question and not conditional and is_main(sentence, form.end)
    return about_colleague and bool(of_person) and said


def _is_own_act(sentence: Sentence, form: Form) -> bool:
    subject = sentence.clause.subject(form.start)
    if subject is not None:
        return is_own_side(sentence, subject) and is_stated_of(sentence, form, subject)
    return sentence.scene.referent != "self" and is_said_of_own_referent(sentence, form)
