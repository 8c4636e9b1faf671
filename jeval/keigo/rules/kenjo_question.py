"""kenjo-question: 謙譲語 in a question about what the other does.

参りますか asks the addressee, or somebody to be raised, about an act of his, and lowers him with it. Offers (お持ちしましょうか),
requests for leave (拝見できますか) and questions about what the speaker is to do (どちらにいたしますか) are no such questions.

SOURCE: 敬語の指針 第2章第1の2・3 (謙譲語を立てるべき人物の動作に)

WRONG: 部長、資料を拝見しましたか。
RIGHT: 部長、資料をご覧になりましたか。

WRONG: 部長は何時にお戻りしますか。
RIGHT: 部長は何時にお戻りになりますか。

CONTEXT: speaker=行員, addressee=顧客
WRONG: ご家族には何と申し上げましたか。
RIGHT: ご家族には何とおっしゃいましたか。
"""

from __future__ import annotations

from jeval.keigo.predicates import (
    asks_about_another,
    asks_addressee,
    is_customers_act,
    is_own_act,
    lowers_speaker_only,
)
from jeval.keigo.sentence import Form, Sentence, Span


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of a humble form."""
    return form.span if _asks_about_subject(sentence, form) or _asks_addressee(sentence, form) else None


def _asks_about_subject(sentence: Sentence, form: Form) -> bool:
    """部長は何時にお戻りしますか."""
    subject = sentence.clause.subject(form.start)
    if subject is None or subject.role not in {"superior", "teacher", "out"} or sentence.scene.referent_own:
        return False
    with_object = form.frame == "o-suru" and sentence.mask(form.start - 1) & sentence.bits.wo
    of_subject = lowers_speaker_only(sentence, form) or form.frame == "oru" or is_customers_act(sentence, form)
    return (of_subject or bool(with_object)) and asks_about_another(sentence, form)


def _asks_addressee(sentence: Sentence, form: Form) -> bool:
    """部長、拝見しましたか; and without a name, where the scene says who is asked."""
    if not asks_addressee(sentence, form) or is_own_act(sentence, form):
        return False
    bits = sentence.bits
    head = sentence.mask(form.start)
    if lowers_speaker_only(sentence, form) and not head & bits.itasu:
        return True
    if is_customers_act(sentence, form) and form.frame != "o-dekiru":
        return True
    if form.frame != "special":
        return False
    if head & (bits.moushiageru | bits.sashiageru):  # to a superior of his it would be right
        return sentence.clause.marked(form.start, bits.ni, frozenset({"teacher", "superior"})) is None
    return bool(head & bits.itadaku and head & bits.godan)  # いただく for 食べる; いただけますか asks for something
