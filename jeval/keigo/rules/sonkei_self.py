"""sonkei-self: 尊敬語 for one's own act or state.

Nobody raises himself. The speaker has to show himself: as subject (私がおっしゃいました), as the one from whom something comes
(私からご連絡くださいます), by his name (佐藤でいらっしゃいます), or because the scene says that the sentence is about him.

SOURCE: 敬語の指針 第2章第1の1 (自分側は立てない)

WRONG: 私がそうおっしゃいました。
RIGHT: 私がそう申しました。

WRONG: 審査の結果は私からご連絡くださいます。
RIGHT: 審査の結果は私からご連絡します。

WRONG: 弊社からお送りになります。
RIGHT: 弊社からお送りします。

WRONG: 佐藤でいらっしゃいます。
RIGHT: 佐藤でございます。

WRONG: 私は毎日お元気です。
RIGHT: 私は毎日元気です。

CONTEXT: speaker=社員, addressee=顧客, referent=話し手
WRONG: 明日、御社にいらっしゃいます。
RIGHT: 明日、御社に参ります。
"""

from __future__ import annotations

from jeval.keigo.predicates import (
    is_adnominal,
    is_conditional,
    is_said_of_own_referent,
    is_state,
    is_stated_of,
)
from jeval.keigo.sentence import Form, Sentence, Span

_SELF = frozenset({"self"})
_NEAR = 8  # tokens between 私から and what he does


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of 尊敬語, of a state with お/ご, and of 謙譲語 with れる (私が申されました)."""
    if form.frame == "noun":
        wrong = _is_own_state(sentence, form)
    elif form.type != "sonkeigo":
        subject = sentence.clause.subject(form.start)
        wrong = subject is not None and subject.role == "self"
    elif sentence.mask(form.end - 1) & sentence.bits.kudasaru:
        wrong = _is_own_gift(sentence, form)
    else:
        wrong = _is_own_act(sentence, form)
    return form.span if wrong else None


def _is_own_state(sentence: Sentence, form: Form) -> bool:
    """私はお元気です."""
    if not is_state(sentence, form):
        return False
    subject = sentence.clause.subject(form.start)
    if subject is None or subject.role != "self":
        return False
    if is_conditional(sentence, form.end) and not subject.particle & sentence.bits.ga:
        return False
    return sentence.matches("speaker_alone", subject.text)


def _is_own_gift(sentence: Sentence, form: Form) -> bool:
    """私がくださいます, 私からご連絡くださいます; but neither 〜てくださいます nor a request."""
    bits = sentence.bits
    if sentence.mask(form.start - 1) & bits.te or sentence.mask(form.end - 1) & bits.imperative:
        return False
    subject = sentence.clause.subject(form.start)
    if subject is not None and subject.role == "self" and subject.particle & bits.ga:
        return True
    source = sentence.clause.marked(form.start, bits.kara, _SELF)
    return source is not None and not sentence.has(source.end, form.start, bits.verb)


def _is_own_act(sentence: Sentence, form: Form) -> bool:
    subject = sentence.clause.subject(form.start)
    if subject is not None and subject.role != "self":
        return False
    if not sentence.question and not is_adnominal(sentence, form.end):
        if subject is None and _comes_from_self(sentence, form):
            return True
        if _is_own_name(sentence, form):
            return True
    if subject is not None:
        return is_stated_of(sentence, form, subject)
    return sentence.scene.referent == "self" and is_said_of_own_referent(sentence, form)


def _comes_from_self(sentence: Sentence, form: Form) -> bool:
    """弊社からお送りになります, 弊社でお預かりになります."""
    bits = sentence.bits
    source = sentence.clause.marked(form.start, bits.kara | bits.de, _SELF)
    return source is not None and source.end >= form.start - _NEAR


def _is_own_name(sentence: Sentence, form: Form) -> bool:
    """佐藤でいらっしゃいます."""
    bits = sentence.bits
    named = sentence.mask(form.start - 2) & bits.surname and sentence.mask(form.start - 1) & bits.de
    return bool(named and sentence.mask(form.end - 1) & bits.irassharu)
