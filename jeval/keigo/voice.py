"""れる・られる: honorific, or passive, potential, spontaneous?

The four share one morpheme. The honorific is the rare one, so it has to show itself: a respected person as subject of an act
that is not done to him, or a question to the addressee about an intransitive act. Everything else is left alone.
"""

from __future__ import annotations

import re

from jeval.keigo.clause import Clause
from jeval.keigo.knowledge import Knowledge
from jeval.keigo.persons import RESPECTED, Scene
from jeval.keigo.tokens import Token

_ASK = re.compile(r"いつ|どこ|どちら|どう|いかが|何時|何|なぜ|どなた|どの|もう|既に|すでに|明日|本日|今日|いつ頃|これから")
_WHEN = re.compile(r"いつ|何時|何日|どちら|どこ|何で|どなた|何曜")
_TOLD = frozenset("説明 報告 話す 話 伝える 渡す 送る 会う 連絡 相談 依頼 挨拶 質問 指示 提案 贈る 届ける 出席 参加 就任 着任 赴任".split())
_SPONTANEOUS = frozenset("思う 考える 感ずる 感じる 思い出す 偲ぶ 悔やむ 案ずる 察する 見る 想像 推察 懸念 期待 予想 見込む".split())


def honorific_reru(
    tokens: list[Token], i: int, clause: Clause, scene: Scene, question: bool, knowledge: Knowledge
) -> bool:
    """Whether the れる・られる at token ``i`` raises the person who acts."""
    if i == 0:
        return False
    bit = knowledge.bit
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
        act.lemma in _TOLD or motion
    ):
        return False
    if any(token.surface in {"よる", "より", "よっ"} and token.lemma in {"因る", "依る"} for token in tokens[:before]):
        return False
    subject = clause.subject(before)
    negative = any(token.lemma in {"ない", "ず", "無い"} for token in tokens[i + 1 : i + 3])
    if subject is not None and subject.role == "self":
        return motion and sahen and subject.particle in {"は", "が", "も"}  # 私は出席されます: an error, and the form is this
    if subject is not None:
        if tokens[i + 1 : i + 2] and tokens[i + 1].surface in {"こと", "おそれ", "べき", "もの", "恐れ"}:
            return False
        if subject.role not in RESPECTED:
            return False
        if any(p.particle == "が" and not p.role and p.start > subject.end for p in clause.phrases if p.end <= before):
            return False  # 先生は手続きが完了されて: the thing is what the verb is about
        if potential and negative:
            return False
        if act.lemma in _SPONTANEOUS and not question and not has_object and subject.particle != "が":
            return False
        return motion or has_object or not patient
    if scene.given and scene.referent and scene.referent != "self" and not question and not negative:
        return (has_object and not patient and not potential) or (motion and not potential)
    if not question or not (scene.addressee_raised or not scene.given):
        return False
    if any(p.particle in {"が", "は", "も"} for p in clause.phrases if p.end <= before):
        return motion and not potential
    head = "".join(token.surface for token in tokens[:before])
    if motion and potential and not (verb.lemma == "来る" and _WHEN.search(head)):
        return False
    if motion:
        return True
    if act.lemma in {"思う", "考える"}:
        return bool(re.search(r"どう|いかが|どのよう|何", head))
    if potential:
        return False
    if re.search(r"もう|既に|すでに", head) and verb.c_type.startswith("五段") and not patient:
        return True
    return (has_object or sahen) and bool(_ASK.search(head) or has_object)
