"""sonkei-unnamed: 尊敬語 for an act that can only be the speaker's own, though nobody is named.

Offers, wishes, intentions, requests for leave and promises are about the speaker (``data/keigo/knowledge/actors.yaml``): お持ちになりましょうか
raises the one who offers. なさる of one's own act is of this kind.

SOURCE: 敬語の指針 第2章第1の1 (自分側は立てない)

CONTEXT: speaker=部下, addressee=上司
WRONG: お荷物をお持ちになりましょうか。
RIGHT: お荷物をお持ちしましょうか。

CONTEXT: speaker=自社社員, addressee=顧客
WRONG: 後ほどこちらからご連絡なさいます。
RIGHT: 後ほどこちらからご連絡いたします。

CONTEXT: speaker=自社社員, addressee=取引先の部長
WRONG: お名刺をご覧になってもよろしいですか。
RIGHT: お名刺を拝見してもよろしいですか。
"""

from __future__ import annotations

from jeval.keigo.sentence import Form, Sentence, Span
from jeval.keigo.unnamed import actor

#: Frames whose れる may be no honorific, or that say how somebody is.
_UNSURE = frozenset({"reru", "orareru", "mieru", "o-sareru", "noun"})


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of 尊敬語."""
    if not sentence.scene.speaker_given or not asks(sentence, form):
        return None
    cue = actor(sentence, form)
    return form.span if cue is not None and cue.who == "speaker" else None


def asks(sentence: Sentence, form: Form) -> bool:
    """Whether the form says for sure that somebody acts, and nobody gives the speaker something with it."""
    given = sentence.mask(form.end - 1) & sentence.bits.kudasaru
    return form.frame not in _UNSURE and not given and sentence.scene.addressee_raised
