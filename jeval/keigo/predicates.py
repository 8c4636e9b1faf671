"""What several rules ask about a form in its sentence: is it a favour, an offer, a modifier, whose act is it?"""

from __future__ import annotations

from jeval.keigo.clause import Phrase
from jeval.keigo.sentence import Form, Sentence

#: Frames (``form_frames.yaml``) with which the act of another is received or asked for.
_FAVOURS = frozenset({"o-itadaku", "goran-itadaku", "o-negau", "o-ide-itadaku"})
#: Frames that lower the one who acts.
_HUMBLE = frozenset({"o-suru", "o-dekiru", "o-moushiageru"})


# ---------------------------------------------------------------------- what the form says
def is_raised(sentence: Sentence, form: Form) -> bool:
    """A humble form with れる・られる: 申される."""
    return bool(sentence.mask(form.end - 1) & sentence.bits.reru)


def is_favour(sentence: Sentence, form: Form) -> bool:
    """The act of another, received or asked for: お読みいただく, 読んでいただく, ご確認願う."""
    bits = sentence.bits
    after_te = sentence.mask(form.start) & bits.itadaku and sentence.mask(form.start - 1) & bits.te
    return form.frame in _FAVOURS or bool(after_te)


def is_humble_frame(form: Form) -> bool:
    """お〜する, お〜できる, お〜申し上げる."""
    return form.frame in _HUMBLE


def lowers_speaker_only(sentence: Sentence, form: Form) -> bool:
    """A verb that lowers the one who acts and can be said of oneself only: 伺う, 参る, 拝見する."""
    return bool(sentence.mask(form.start) & sentence.bits.self_only_kenjo)


def is_customers_act(sentence: Sentence, form: Form) -> bool:
    """An act of the other side in a humble frame: ご利用する, お帰りする; ご + 漢語 + できる unless one's own service can be meant."""
    bits = sentence.bits
    if sentence.has(*form.span, bits.customer_act | bits.motion_person):
        return True
    open_class = form.frame == "o-dekiru" and sentence.mask(form.start) & bits.pfx_go
    return bool(open_class) and not sentence.has(*form.span, bits.own_service)


# ---------------------------------------------------------------------- where it stands
def is_adnominal(sentence: Sentence, end: int) -> bool:
    """Whether the predicate that ends before token ``end`` modifies a noun."""
    for token in sentence.tokens[end:]:
        if not token.mask & sentence.bits.aux_chain:
            return bool(token.mask & sentence.bits.head_noun)
    return False


def is_conditional(sentence: Sentence, end: int) -> bool:
    """Whether the predicate that ends before token ``end`` is a condition or a reason for another."""
    bits = sentence.bits
    for token in sentence.tokens[end : end + 5]:
        if not token.mask & bits.aux_verb or token.mask & bits.if_word:
            return bool(token.mask & bits.condition)
    return False


def is_main(sentence: Sentence, end: int) -> bool:
    """Whether the predicate that ends before token ``end`` is that of the sentence or of a coordinate clause."""
    return not sentence.has(end, len(sentence.tokens), sentence.bits.content)


def is_last(sentence: Sentence, end: int) -> bool:
    """Whether only auxiliaries, particles and punctuation follow."""
    return all(token.mask & sentence.bits.ending for token in sentence.tokens[end:])


# ---------------------------------------------------------------------- questions
def is_offer(sentence: Sentence, form: Form) -> bool:
    """お持ちしましょうか."""
    return sentence.has(form.end, form.end + 3, sentence.bits.offer)


def asks_for_leave(sentence: Sentence, form: Form) -> bool:
    """伺わせていただけますか, 拝見できますか, 伺えますか: the speaker asks for himself."""
    bits = sentence.bits
    if sentence.has(form.end, form.end + 3, bits.seru | bits.itadaku | bits.dekiru):
        return True
    head = sentence.mask(form.start)
    return bool(form.frame == "special" and head & (bits.ukagau | bits.mairu) and head & bits.lower_ichidan)


def is_own_act(sentence: Sentence, form: Form) -> bool:
    """Whether a question is about what the speaker does: an offer, or leave to do it."""
    return is_offer(sentence, form) or asks_for_leave(sentence, form)


def asks_about_another(sentence: Sentence, form: Form) -> bool:
    """Whether a question asks what somebody else does: 参りますか, but neither いたしますか nor お持ちしましょうか."""
    return sentence.question and not sentence.mask(form.start) & sentence.bits.itasu and not is_own_act(sentence, form)


def asks_addressee(sentence: Sentence, form: Form) -> bool:
    """Whether the sentence asks somebody to be raised, and names nobody else, with this predicate: 部長、拝見しましたか."""
    if not sentence.question or sentence.clause.subject(form.start) is not None:
        return False
    scene = sentence.scene
    own = scene.referent_own or scene.referent in {"self", "in", "family"}
    raised = is_addressed(sentence) or (scene.given and scene.addressee_raised and not own)
    return raised and is_last(sentence, form.end)


def is_own_offer(sentence: Sentence, form: Form) -> bool:
    """Whether the speaker asks somebody to be raised about an act of his own: 部長、ご案内しましょうか."""
    return asks_addressee(sentence, form) and is_own_act(sentence, form)


# ---------------------------------------------------------------------- persons
def is_addressed(sentence: Sentence) -> bool:
    """Whether the sentence calls somebody to be raised by name or title: 部長、…."""
    vocative = sentence.clause.vocative()
    return vocative is not None and vocative.role in {"out", "teacher", "superior"}


def is_referent(sentence: Sentence, phrase: Phrase) -> bool:
    """Whether the phrase names the referent of the scene: the same title, or one that a general word covers."""
    scene = sentence.scene
    if phrase.text[-2:] in scene.referent_text or phrase.text in scene.referent_text:
        return True
    if scene.referent == "addressee" or sentence.matches("title", scene.referent_text):
        return False
    return sentence.matches("superior_in_general", scene.referent_text)


def is_own_side(sentence: Sentence, subject: Phrase) -> bool:
    """Whether the subject belongs to the speaker's side: by its own words, or by the scene before an outsider."""
    scene = sentence.scene
    if subject.role in {"family", "in"}:
        return True
    if not scene.referent_own or scene.referent in {"self", "family"}:
        return False
    named = sentence.has(subject.start, subject.end, sentence.bits.surname)
    if subject.role == "superior":
        return named or not sentence.question or is_referent(sentence, subject)
    return subject.role == "name" or (subject.role == "honoured" and named)


def is_stated_of(sentence: Sentence, form: Form, subject: Phrase) -> bool:
    """Whether the predicate says something of its subject: a topic (は) may belong to a later one, another may act."""
    bits = sentence.bits
    if subject.particle & (bits.ha | bits.tte) and (
        is_adnominal(sentence, form.end) or is_conditional(sentence, form.end)
    ):
        return False
    return not any(
        phrase.role in {"out", "teacher"}
        and subject.end < phrase.start
        and phrase.end <= form.start
        and phrase.particle & (bits.ga | bits.ha)
        for phrase in sentence.clause.phrases
    )


def is_said_of_own_referent(sentence: Sentence, form: Form) -> bool:
    """Whether a statement that names nobody can only be about the referent of the scene, one of the own side."""
    bits, scene = sentence.bits, sentence.scene
    if not scene.given or not scene.referent_own or sentence.question:
        return False
    last = sentence.mask(form.end - 1)
    able = last & bits.naru and last & bits.lower_ichidan  # ご利用になれます: the addressee is able to
    asked = sentence.has(form.end, form.end + 3, bits.kudasaru | bits.itadaku)
    if able or asked:
        return False
    if _is_of_person(sentence, form) and sentence.matches("reason_ahead", sentence.written(form.end, form.end + 8)):
        return True
    subordinate = is_adnominal(sentence, form.end) or is_conditional(sentence, form.end)
    return not subordinate and is_main(sentence, form.end)


def _is_of_person(sentence: Sentence, form: Form) -> bool:
    """What is said of somebody who is asked for: いらっしゃる, おっしゃる, お出かけになる."""
    bits = sentence.bits
    return sentence.has(*form.span, bits.irassharu | bits.saying | bits.person_state)


def is_state(sentence: Sentence, form: Form) -> bool:
    """お/ご + noun or adjective as a predicate, which says how a person is: お元気です, お出かけです."""
    bits = sentence.bits
    closed = sentence.mask(form.end) & (bits.desu | bits.da | bits.full_stop)
    head = sentence.mask(form.start + 1) & (bits.adj | bits.na_adj | bits.act | bits.state_adj)
    return bool(closed and head and sentence.mask(form.start) & bits.pfx) and form.end == form.start + 2
