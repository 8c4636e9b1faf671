"""kenjo-dekiru: 謙譲語 with できる for what the customer can do.

ご〜できる is the potential of ご〜する, a humble form: ご利用できます says that the speaker is able to use something of the customer's.
Said of the customer it must be ご利用になれます. Without a scene nobody knows whose act it is, so the rule needs one.

SOURCE: 敬語の指針 第3章・ご利用できます

CONTEXT: speaker=自社社員, addressee=顧客, referent=顧客
WRONG: このカードは海外でもご利用できます。
RIGHT: このカードは海外でもご利用になれます。

CONTEXT: speaker=行員, addressee=顧客
WRONG: 貸金庫は、本日からご契約できます。
RIGHT: 貸金庫は、本日からご契約になれます。
"""

from __future__ import annotations

from jeval.keigo.persons import IN_GROUP
from jeval.keigo.predicates import is_customers_act, is_own_offer
from jeval.keigo.sentence import Form, Sentence, Span


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of a humble form."""
    scene = sentence.scene
    if form.frame != "o-dekiru" or not scene.given or scene.referent_own or not scene.addressee_raised:
        return None
    if sentence.has(*form.span, sentence.bits.topic_ha):  # ご利用はできません
        return None
    subject = sentence.clause.subject(form.start)
    own = (subject is not None and subject.role in IN_GROUP) or is_own_offer(sentence, form)
    return form.span if is_customers_act(sentence, form) and not own else None
