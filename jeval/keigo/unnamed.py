"""The setting of a predicate that names nobody, as :mod:`jeval.keigo.actors` is asked about it."""

from __future__ import annotations

from jeval.keigo.actors import Cue, Setting
from jeval.keigo.persons import RESPECTED
from jeval.keigo.predicates import is_favour
from jeval.keigo.sentence import Form, Sentence

_HUMBLE = frozenset({"kenjogo1", "kenjogo2"})


def actor(sentence: Sentence, form: Form) -> Cue | None:
    """The cue to the one who acts, where the scene has a speaker and an addressee and the sentence names no subject."""
    scene = sentence.scene
    if not (scene.speaker_given and scene.addressee) or not form.agent:
        return None
    if sentence.clause.subject(form.start) is not None:
        return None
    return sentence.knowledge.actors.who(setting_of(sentence, form))


def setting_of(sentence: Sentence, form: Form) -> Setting:
    """What stands around the form."""
    bits, scene = sentence.bits, sentence.scene
    start, end = sentence.characters(*form.span)
    before = sentence.mask(form.start - 2)
    words = 0
    for token in sentence.tokens[form.start : form.end]:
        words |= token.mask
    return Setting(
        sentence.masked[start:end],
        sentence.masked[:start],
        sentence.masked[end:].rstrip(),
        words,
        bool(before & (bits.surname | bits.name_of_person)),
        _following(sentence, form),
        scene.addressee,
        scene.referent_raised and scene.referent != "addressee",
    )


def has_goal(sentence: Sentence, form: Form) -> bool:
    """Whether the act is done to somebody to be raised whom the sentence names: 先生に申し上げる."""
    bits = sentence.bits
    return sentence.clause.marked(form.start, bits.ni | bits.wo | bits.he, RESPECTED) is not None


def _following(sentence: Sentence, form: Form) -> str:
    """What the next predicate with an honorific says of the one who acts; a favour and a feeling say nothing."""
    bits = sentence.bits
    for other in sentence.forms:
        if other.start < form.end or not other.agent:
            continue
        if is_favour(sentence, other) or sentence.has(*other.span, bits.hearing | bits.moushiageru | bits.negau):
            return ""
        if other.type in _HUMBLE:
            return "humble"
        return "raised" if other.type == "sonkeigo" else ""
    return ""
