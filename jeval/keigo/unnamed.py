"""The setting of a predicate that names nobody, as :mod:`jeval.keigo.actors` is asked about it."""

from __future__ import annotations

from jeval.keigo.actors import Cue, Setting
from jeval.keigo.persons import RESPECTED
from jeval.keigo.predicates import is_favour
from jeval.keigo.sentence import Form, Sentence

_HUMBLE = frozenset({"kenjogo1", "kenjogo2"})


def actor(sentence: Sentence, form: Form) -> Cue | None:
    """The cue to the one who acts, where there is one that is sure enough."""
    return sentence.knowledge.actors.who(setting_of(sentence, form)) if may_be_unnamed(sentence, form) else None


def may_be_unnamed(sentence: Sentence, form: Form) -> bool:
    """Whether the scene has a speaker and an addressee, and the sentence does not name the one who acts."""
    scene = sentence.scene
    if not (scene.speaker_given and scene.addressee) or not form.agent:
        return False
    return sentence.clause.subject(form.start) is None


def setting_of(sentence: Sentence, form: Form) -> Setting:
    """What stands around the form."""
    bits, scene = sentence.bits, sentence.scene
    start, end = sentence.characters(*form.span)
    before, last = sentence.mask(form.start - 2), sentence.mask(form.end - 1)
    words = 0
    for token in sentence.tokens[form.start : form.end]:
        words |= token.mask
    return Setting(
        sentence.masked[start:end],
        sentence.masked[:start],
        sentence.masked[end:].rstrip(),
        words,
        bool(last & bits.naru and last & bits.lower_ichidan),
        bool(before & (bits.surname | bits.name_of_person)),
        _following(sentence, form),
        scene.addressee,
        scene.referent_raised and scene.referent != "addressee",
    )


def has_goal(sentence: Sentence, form: Form) -> bool:
    """Whether the act is done to somebody to be raised whom the sentence names: 先生に申し上げる."""
    bits = sentence.bits
    return sentence.clause.marked(form.start, bits.ni | bits.wo | bits.he, RESPECTED) is not None


def is_of_thing(sentence: Sentence, form: Form) -> bool:
    """Whether 丁重語 is said of a thing, which it may be: 荷物が参りましたか."""
    return form.type == "kenjogo2" and sentence.clause.has_thing(form.start)


def _following(sentence: Sentence, form: Form) -> str:
    """What the next predicate with an honorific says of the one who acts; a favour and a feeling say nothing."""
    bits = sentence.bits
    for other in sentence.forms:
        if other.start < form.end or not other.agent:
            continue
        if sentence.mask(other.start - 2) & bits.seru and sentence.mask(other.start) & bits.itadaku:
            return "humble"  # まとめさせて いただく
        if is_favour(sentence, other) or sentence.has(*other.span, bits.moushiageru | bits.negau):
            return ""
        if sentence.mask(other.start) & bits.hearing:
            return ""
        if other.type in _HUMBLE:
            return "humble"
        return "raised" if other.type == "sonkeigo" else ""
    return ""
