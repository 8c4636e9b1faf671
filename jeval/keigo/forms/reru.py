"""れる・られる: honorific, or passive, potential, spontaneous?

The four share one morpheme. The honorific is the rare one, so it has to show itself: a respected person as subject of
an act that is not done to him, or a question to the addressee about an intransitive act. Everything else is left alone.
"""

from __future__ import annotations

from typing import NamedTuple

from jeval.keigo.clause import Phrase
from jeval.keigo.persons import IN_GROUP, RESPECTED
from jeval.keigo.sentence import Form, Sentence


class _Act(NamedTuple):
    """The act that れる・られる is added to.

    Attributes:
        start: its first token.
        atoms: of the word that says what is done (説明 in 説明をする).
        sahen: a noun with する.
        has_object: something marked を stands before it.
        motion, patient: the lexicon knows it as an act that is done to nobody, or as one done to persons.
        potential: the verb's られる may mean "can" (一段 verbs and 来る).
        negative: a negation follows.
    """

    start: int
    atoms: int
    sahen: bool
    has_object: bool
    motion: bool
    patient: bool
    potential: bool
    negative: bool


def honorific(sentence: Sentence, i: int) -> Form | None:
    """The verb and its れる・られる at token ``i``, where it raises the person who acts."""
    if i == 0 or not _raises(sentence, i):
        return None
    bits = sentence.bits
    noun_and_suru = i > 1 and sentence.mask(i - 1) & bits.suru and not sentence.mask(i - 2) & bits.wo
    return Form(i - 2 if noun_and_suru else i - 1, i + 1, "sonkeigo", "reru", True)


def _raises(sentence: Sentence, i: int) -> bool:
    bits, scene = sentence.bits, sentence.scene
    if sentence.mask(i - 1) & (bits.kenjo1_verb | bits.kenjo2_verb | bits.seru):
        return False
    act = _act(sentence, i)
    if _done_by_another(sentence, act):
        return False
    subject = sentence.clause.subject(act.start)
    if subject is not None:
        return _raises_subject(sentence, i, act, subject)
    if scene.given and scene.referent not in {"", "self"} and not sentence.question and not act.negative:
        return not act.potential and (act.motion or (act.has_object and not act.patient))
    return sentence.question and (scene.addressee_raised or not scene.given) and _asks_addressee(sentence, i, act)


def _act(sentence: Sentence, i: int) -> _Act:
    bits = sentence.bits
    verb = sentence.mask(i - 1)
    sahen = bool(verb & bits.suru) and i > 1
    start = i - 2 if sahen else i - 1
    atoms = sentence.mask(start)
    if atoms & bits.wo and i > 2:
        atoms = sentence.mask(i - 3)
    return _Act(
        start,
        atoms,
        sahen,
        has_object=sentence.has(start - 4, start, bits.wo_particle),
        motion=bool(atoms & bits.motion_person),
        patient=bool(atoms & bits.passive_person),
        potential=bool(verb & (bits.ichidan | bits.kuru)),
        negative=sentence.has(i + 1, i + 3, bits.negative),
    )


def _done_by_another(sentence: Sentence, act: _Act) -> bool:
    """A passive: somebody marked に or から does it (unless the act reaches him), or によって says by what it is done."""
    bits = sentence.bits
    reaches = act.motion or act.atoms & bits.told
    if not reaches and sentence.clause.marked(act.start, bits.ni | bits.kara, RESPECTED | IN_GROUP | {"name"}):
        return True
    return sentence.has(0, act.start, bits.by_means)


def _raises_subject(sentence: Sentence, i: int, act: _Act, subject: Phrase) -> bool:
    bits = sentence.bits
    if subject.role == "self":  # 私は出席されます: an error, and the form is this
        return act.motion and act.sahen and bool(subject.particle & (bits.ha | bits.ga))
    if subject.role in IN_GROUP:  # 祖父が亡くなられました: raised, and wrongly so
        return (act.motion and not act.potential) or (act.sahen and act.has_object and not act.patient)
    if subject.role not in RESPECTED or sentence.mask(i + 1) & bits.matter:
        return False
    if any(
        phrase.particle & bits.ga and not phrase.role and subject.end < phrase.start and phrase.end <= act.start
        for phrase in sentence.clause.phrases
    ):
        return False  # 先生は手続きが完了されて: the thing is what the verb is about
    if act.potential and act.negative:
        return False
    comes_of_itself = act.atoms & bits.spontaneous and not act.has_object and not subject.particle & bits.ga
    if comes_of_itself and not sentence.question:
        return False
    return act.motion or act.has_object or not act.patient


def _asks_addressee(sentence: Sentence, i: int, act: _Act) -> bool:
    """Whether a question without a subject asks what the addressee does: どちらに行かれますか."""
    bits = sentence.bits
    verb = sentence.mask(i - 1)
    if any(phrase.particle & (bits.ga | bits.ha) and phrase.end <= act.start for phrase in sentence.clause.phrases):
        return act.motion and not act.potential
    head = sentence.written(0, act.start)
    if act.motion:
        return not act.potential or bool(verb & bits.kuru and sentence.matches("asking_when", head))
    if act.atoms & bits.think:
        return sentence.matches("asking_opinion", head)
    if act.potential:
        return False
    if verb & bits.godan and not act.patient and sentence.matches("already", head):
        return True
    return act.has_object or (act.sahen and sentence.matches("asking", head))
