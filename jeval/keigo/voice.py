"""れる・られる: honorific, or passive, potential, spontaneous?

The four share one morpheme. The honorific is the rare one, so it has to show itself: a respected person as subject of an act
that is not done to him, or a question to the addressee about an intransitive act. Everything else is left alone.
"""

from __future__ import annotations

from jeval.keigo.clause import Clause
from jeval.keigo.knowledge import Knowledge
from jeval.keigo.persons import RESPECTED, Scene
from jeval.keigo.tokens import Token


def honorific_reru(
    tokens: list[Token], i: int, clause: Clause, scene: Scene, question: bool, knowledge: Knowledge
) -> bool:
    """Whether the れる・られる at token ``i`` raises the person who acts."""
    if i == 0:
        return False
    bit = knowledge.bit
    expressions = knowledge.expressions
    verb = tokens[i - 1]
    sahen = bool(verb.mask & bit("suru")) and i > 1
    if verb.mask & (bit("kenjo1_verb") | bit("kenjo2_verb") | bit("seru")):
        return False
    act = tokens[i - 2] if sahen else verb
    if act.mask & bit("wo") and i > 2:
        act = tokens[i - 3]
    before = i - 2 if sahen else i - 1
    motion = bool(act.mask & bit("motion_person"))
    patient = bool(act.mask & bit("passive_person"))
    potential = verb.c_type.startswith(("上一段", "下一段")) or verb.lemma == "来る"
    has_object = any(
        token.surface == "を" and token.pos.startswith("助詞") for token in tokens[max(0, before - 4) : before]
    )
    if clause.marked(before, {"に", "から"}, RESPECTED | {"name", "self", "family", "in"}) is not None and not (
        act.mask & bit("told") or motion
    ):
        return False
    if any(token.surface in {"よる", "より", "よっ"} and token.lemma in {"因る", "依る"} for token in tokens[:before]):
        return False
    subject = clause.subject(before)
    negative = any(token.lemma in {"ない", "ず", "無い"} for token in tokens[i + 1 : i + 3])
    if subject is not None and subject.role == "self":
        return (
            motion and sahen and subject.particle in {"は", "が", "も"}
        )  # 私は出席されます: an error, and the form is this
    if subject is not None and subject.role in {"family", "in"}:  # 祖父が亡くなられました: raised, and wrongly so
        return (motion and not potential) or (sahen and has_object and not patient)
    if subject is not None:
        if tokens[i + 1 : i + 2] and tokens[i + 1].surface in {"こと", "おそれ", "べき", "もの", "恐れ"}:
            return False
        if subject.role not in RESPECTED:
            return False
        if any(p.particle == "が" and not p.role and p.start > subject.end for p in clause.phrases if p.end <= before):
            return False  # 先生は手続きが完了されて: the thing is what the verb is about
        if potential and negative:
            return False
        if act.mask & bit("spontaneous") and not question and not has_object and subject.particle != "が":
            return False
        return motion or has_object or not patient
    if scene.given and scene.referent and scene.referent != "self" and not question and not negative:
        return (has_object and not patient and not potential) or (motion and not potential)
    if not question or not (scene.addressee_raised or not scene.given):
        return False
    if any(p.particle in {"が", "は", "も"} for p in clause.phrases if p.end <= before):
        return motion and not potential
    head = "".join(token.surface for token in tokens[:before])
    if motion and potential and not (verb.lemma == "来る" and expressions["asking_when"].search(head)):
        return False
    if motion:
        return True
    if act.lemma in {"思う", "考える"}:
        return bool(expressions["asking_opinion"].search(head))
    if potential:
        return False
    if expressions["already"].search(head) and verb.c_type.startswith("五段") and not patient:
        return True
    return (has_object or sahen) and bool(expressions["asking"].search(head) or has_object)
