"""kenjo-subject: 謙譲語 for the act of somebody to be raised.

謙譲語 lowers the one who acts, so it cannot be said of what the customer, a teacher or a superior does. The sentence has
to name him with が, or with は or も before a verb that only the speaker can say of himself. Acts that may go from him to
a third person (先生が校長をお呼びする) are left alone.

SOURCE: 敬語の指針 第2章第1の2・3 (謙譲語を立てるべき人物の動作に)

WRONG: お客様が直接お持ちした現金をお預かりします。
RIGHT: お客様が直接お持ちになった現金をお預かりします。

WRONG: 先生はその本をもう拝読しましたか。
RIGHT: 先生はその本をもうお読みになりましたか。

WRONG: ご利用しているお客様に差し上げます。
RIGHT: ご利用になっているお客様に差し上げます。

CONTEXT: speaker=社員, addressee=社内の同僚, referent=自社の部長
WRONG: 部長が来週大阪へ参ります。
RIGHT: 部長が来週大阪へいらっしゃいます。
"""

from __future__ import annotations

from jeval.keigo.clause import Phrase
from jeval.keigo.persons import IN_GROUP
from jeval.keigo.predicates import (
    asks_about_another,
    is_customers_act,
    is_humble_frame,
    is_referent,
    lowers_speaker_only,
)
from jeval.keigo.sentence import Form, Sentence, Span


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of a humble form."""
    if sentence.scene.referent_own or _is_neutral(sentence, form):
        return None
    subject = sentence.clause.subject(form.start)
    if subject is None:
        wrong = _modifies_customer(sentence, form)
    elif subject.role in {"out", "teacher"}:
        wrong = _is_of_respected(sentence, form, subject)
    else:
        wrong = subject.role in {"superior", "honoured"} and _is_of_referent(sentence, form, subject)
    return form.span if wrong else None


def _is_neutral(sentence: Sentence, form: Form) -> bool:
    """おる that lowers nobody: ており before a comma, the written form of ていて; and there being people (議員もおります)."""
    bits = sentence.bits
    if form.frame != "oru":
        return False
    if sentence.mask(form.start - 1) & bits.te:
        return bool(sentence.mask(form.end) & bits.comma and sentence.mask(form.end - 1) & bits.verb_cont)
    return sentence.surface(form.start - 1) != "" and bool(sentence.mask(form.start - 1) & bits.there_too)


def _modifies_customer(sentence: Sentence, form: Form) -> bool:
    """ご利用しているお客様."""
    if not is_humble_frame(form) or not is_customers_act(sentence, form):
        return False
    for i in range(form.end, min(form.end + 5, len(sentence.tokens))):
        if not sentence.mask(i) & sentence.bits.aux_chain:
            return sentence.matches("customers_ahead", sentence.written(i, i + 3))
    return False


def _is_of_respected(sentence: Sentence, form: Form, subject: Phrase) -> bool:
    """お客様が…, 先生は…."""
    bits = sentence.bits
    if subject.particle & bits.ga and not sentence.has(*form.span, bits.third_kenjo):
        return True
    if not subject.particle & bits.ha or not _is_never_of_respected(sentence, form):
        return False
    return not any(  # お客様は私がご案内します
        phrase.role in IN_GROUP
        and subject.end < phrase.start
        and phrase.end <= form.start
        and phrase.particle & (bits.ga | bits.kara | bits.yori | bits.nite | bits.de)
        for phrase in sentence.clause.phrases
    )


def _is_never_of_respected(sentence: Sentence, form: Form) -> bool:
    itasu = sentence.mask(form.start) & sentence.bits.itasu  # may go with a noun of the customer's: ご契約いたします
    only_speaker = lowers_speaker_only(sentence, form) and not itasu
    return only_speaker or form.frame == "oru" or is_customers_act(sentence, form)


def _is_of_referent(sentence: Sentence, form: Form, subject: Phrase) -> bool:
    """The scene says that the one so named is to be raised: (to a colleague) 部長が参ります."""
    bits, scene = sentence.bits, sentence.scene
    if not scene.given or not scene.referent_raised or not is_referent(sentence, subject):
        return False
    if scene.to_outside and scene.referent not in {"out", "addressee"}:
        return False
    if subject.role == "superior" and asks_about_another(sentence, form):
        return False  # kenjo-question says it
    strong = lowers_speaker_only(sentence, form) or form.frame == "oru" or is_customers_act(sentence, form)
    return strong and bool(subject.particle & (bits.ga | bits.ha))
