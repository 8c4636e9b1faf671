"""kenjo-unnamed: 謙譲語 for an act that can only be the addressee's, though nobody is named.

Whose act it is shows beside the predicate: a confirmation, hearsay or a guess is about somebody else than the speaker; advice and
requests are for the addressee (``data/keigo/knowledge/actors.yaml``). Verbs with which the speaker serves the addressee (お送りする) and
acts towards a person whom the sentence names are left alone, and so is all that no cue makes sure enough.

SOURCE: 敬語の指針 第2章第1の2・3 (謙譲語を立てるべき人物の動作に)

CONTEXT: speaker=部下, addressee=上司
WRONG: 来週の出張には参りますよね。
RIGHT: 来週の出張にはいらっしゃいますよね。

CONTEXT: speaker=自社社員, addressee=顧客
WRONG: 少しお休みしたほうがよろしいですよ。
RIGHT: 少しお休みになったほうがよろしいですよ。

CONTEXT: speaker=学生, addressee=先生
WRONG: 昨日、学会でお話ししたそうですね。
RIGHT: 昨日、学会でお話しになったそうですね。
"""

from __future__ import annotations

from jeval.keigo.sentence import Form, Sentence, Span
from jeval.keigo.unnamed import actor, has_goal, is_of_thing


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of a humble form."""
    scene = sentence.scene
    if not scene.speaker_given or not asks(sentence, form):
        return None
    cue = actor(sentence, form)
    if cue is None or cue.who == "speaker" or (cue.who == "addressee" and not scene.addressee_raised):
        return None
    return form.span


def asks(sentence: Sentence, form: Form) -> bool:
    """Whether the act may be the addressee's: nobody of one's own side is spoken of, nobody the goal, and no thing the subject."""
    scene = sentence.scene
    if scene.referent_own or not (scene.addressee_raised or scene.referent_raised):
        return False
    if form.type == "kenjogo1" and has_goal(sentence, form):
        return False
    return not is_of_thing(sentence, form)
