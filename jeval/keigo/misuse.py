"""Misuses of one sentence: the rules of ``data/keigo/rules.yaml``, and the ones that depend on who is who.

The rules that depend on persons have their entries (id, section, examples) in the same file; the conditions are here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jeval.keigo.clause import Clause, Phrase
from jeval.keigo.forms import Found
from jeval.keigo.knowledge import Knowledge, Rule
from jeval.keigo.persons import IN_GROUP, RESPECTED, Scene, raised_name
from jeval.keigo.text import MASK
from jeval.keigo.tokens import Token

Hit = tuple[Rule, int, int]  # rule, characters of the sentence

_MENTION = re.compile(
    r"^.{0,14}?(?:と|って)(?:は|も)?(?:いう|言う|いった)?(?:言葉|表現|言い方|言い回し|敬語|誤|間違)"
)
_SAID = re.compile(r"^[^、。]{0,4}?(?:と|って)(?:は|も)?(?:言|い[わうっい]|答え|返|挨拶|書|呼|声)")
_WORDS = {"inappropriate_word", "baito_keigo"}
_REQUEST = re.compile(r"(?:ください|下さい|願います|お願い|いただけ|いただき|いただく|頂け|頂き)")


class MisuseFinder:
    """Finds misuses; one instance per knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.rule = knowledge.by_id
        self.raised = knowledge.bit("sonkei_verb") | knowledge.bit("goran")
        self.active = {rule.id for rule in knowledge.rules if rule.fields.get("tier") == "norm"}
        self.texts = [r for r in knowledge.rules if r.regex is not None and r.id in self.active]
        self.any_text = re.compile("|".join(f"(?:{r.regex.pattern})" for r in self.texts if r.regex is not None))
        from jeval.keigo.relations import Relations

        self.relations = Relations(knowledge)

    def __call__(
        self, text: str, masked: str, tokens: list[Token], starts: list[int], clause: Clause, found: Sequence[Found],
        scene: Scene, question: bool,
    ) -> Iterator[Hit]:  # fmt: skip
        """Hits in the order of the rules; the caller keeps one of those that overlap."""
        for hit in self._all(masked, tokens, starts, clause, found, scene, question):
            rule, start, end = hit
            if MASK in masked[start:end] or _MENTION.match(masked[end:]):
                continue
            if rule.type in _WORDS and _SAID.match(masked[end:]):
                continue
            yield hit

    def _all(
        self, masked: str, tokens: list[Token], starts: list[int], clause: Clause, found: Sequence[Found],
        scene: Scene, question: bool,
    ) -> Iterator[Hit]:  # fmt: skip
        present = 0
        for token in tokens:
            present |= token.tests
        for i, token in [(i, token) for i, token in enumerate(tokens) if token.rules]:
            following = tokens[i + 1].tests if i + 1 < len(tokens) else 0
            for rule in token.rules:
                pattern = rule.pattern
                if (pattern.second and not following & pattern.second) or present & pattern.needs != pattern.needs:
                    continue
                hit = pattern.match(tokens, i)
                if hit and rule.holds(masked) and self._when(rule, tokens, hit, masked, clause, scene, question):
                    yield rule, starts[hit[2]], starts[hit[3] - 1] + len(tokens[hit[3] - 1].surface)
        if self.any_text.search(masked):
            for rule in self.texts:
                if rule.regex is None:
                    continue
                for match in rule.regex.finditer(masked):
                    if rule.holds(masked) and self._when(rule, tokens, None, masked, clause, scene, question):
                        yield rule, match.start(), match.end()
                        break
        for rule_id, start, end in self.relations(tokens, clause, found, scene, question, masked):
            if rule_id in self.active:
                yield self.rule[rule_id], starts[start], starts[end - 1] + len(tokens[end - 1].surface)

    def _when(
        self, rule: Rule, tokens: list[Token], hit: tuple[int, int, int, int] | None, masked: str, clause: Clause,
        scene: Scene, question: bool,
    ) -> bool:  # fmt: skip
        condition = rule.fields.get("when")
        if condition is None:
            return True
        if condition == "superior":
            return addressee_raised(clause, scene, masked)
        if condition == "superior_or_raised":
            raised = hit is not None and any(t.mask & self.raised for t in tokens[max(0, hit[0] - 4) : hit[0]])
            return raised or addressee_raised(clause, scene, masked)
        if condition == "empty_hou":
            return hit is not None and empty_hou(tokens, hit, masked)
        if condition == "empty_naru":
            return hit is not None and empty_naru(tokens, hit, masked, self.knowledge)
        if condition == "statement":
            return not question
        raise KeyError(f"rule {rule.id}: unknown condition {condition!r}")




def addressee_raised(clause: Clause, scene: Scene, masked: str) -> bool:
    """Whether the sentence is said to somebody to be raised: by the context, or addressed by name or title."""
    if scene.given and scene.addressee:
        return scene.addressee_raised
    if scene.called:
        return True
    vocative = clause.vocative()
    return vocative is not None and vocative.role in {"out", "teacher", "superior"}


_COMPARE = re.compile(r"より|比べ|比較|どちら|どっち|うち|両方|一方|いずれ|[東西南北]|方向|方角|よりも|反対|向こう|逆|(?<![一-鿿])(?:左|右|上|下|前|後ろ|奥)の|それとも|他の")


_READY = re.compile(r"^が[^。、]{0,10}(?:整い|完了|できま|出来ま|できて|出来て|終わり|済み|かかり|かかって|届き|届いて|まだ|こちら|必要|ござい|なくな|不足|切れて|空いて|以上)")


def empty_hou(tokens: list[Token], hit: tuple[int, int, int, int], masked: str) -> bool:
    """An empty 〜のほう: a thing, no direction, no comparison, no person or side."""
    if _COMPARE.search(masked):
        return False
    head, hou, after = tokens[hit[0]], tokens[hit[2] + 1], tokens[hit[1] - 1]
    if hou.surface == "方" and after.surface not in {"を", "、", "は", "が", "も", "に"} and not after.pos.startswith("接頭辞"):
        return False
    rest = masked.split(hou.surface, 1)[-1]
    if after.surface == "が" and not _READY.search(rest):
        return False
    return not head.pos.startswith("名詞-固有名詞")


_CHANGE = re.compile(
    r"から|以降|より|まで|と、|ると|れば|なら|たら|場合|ときは|時は|次第|合計|合わせて|全部で|計で|将来|来月|来年|来週|再来|今月|今年|明日|翌|まもなく|間もなく|もうすぐ|やがて|次回|今回|よう(?:に|や)|円で|ついに|すれば|すると|ますと|ことで|ことに|変わ|改正|改定|引き上げ|引き下げ|年後|か月後|日後|ヶ月後|満期|以上で|未満|超え|達し|伴い|によ|ため|ので|経つ|経過|移行|結果|足す|引く|掛け|として|歳|才"
)
_POINTING = re.compile(r"^(?:.*、)?(?:こちら|そちら|あちら|これ|それ|以上)(?:の[^、はが]{1,12})?(?:が|は|も|、)")


def empty_naru(tokens: list[Token], hit: tuple[int, int, int, int], masked: str, knowledge: Knowledge) -> bool:
    """〜になります where nothing becomes anything: こちらが資料になります."""
    head = tokens[hit[0]]
    i = hit[0]
    tail = "".join(token.surface for token in tokens[hit[1] : hit[1] + 2])
    if tail.startswith(("た", "まし", "よう", "ん", "せん")):
        return False
    start = i
    while start > 0 and tokens[start - 1].pos.startswith(("名詞", "接頭辞", "接尾辞")):
        start -= 1
    if tokens[start].mask & knowledge.bit("pfx") and (head.mask & (knowledge.bit("act"))) and start == i - 1 and not re.search(r"お返し|お釣り|お通し|お品|ご案内|ご連絡先", masked):
        return False
    if head.pos.startswith(("形状詞", "副詞")) or "形状詞可能" in head.pos or head.mask & knowledge.bit("state_noun"):
        return False
    before = "".join(token.surface for token in tokens[:start])
    noun = "".join(token.surface for token in tokens[start : i + 1])
    if _CHANGE.search(before):
        return False
    if _POINTING.search(masked):
        return True
    if _LABEL.search(before):
        return True
    if re.search(r"円|パーセント|%|ポイント|分|時", noun) and re.search(r"(?:会計|代金|料金|手数料|値段|価格|費用|お釣り|お代|金額|利用料|年会費|金利|利率)(?:のほう|の方)?[はが、]", before):
        return True
    if re.search(r"(?:お返し|お釣り|レシート|領収書|お通し|メニュー|ご注文の[^ ]*|控え|資料|書類|名刺|商品|見積書|お席|お部屋|席|受付|窓口|お手洗い|トイレ|出口|入口|入り口|会場|会議室|エレベーター|階段|売り場|担当|カタログ|パンフレット|申込書|番号札|整理券|通帳|コーヒー|セット|定食|ランチ|お料理|サンプル|請求書|契約書|明細|明細書|案内|一覧|返金|ご住所|連絡先|電話番号)$", noun):
        return True
    return bool(re.search(r"(?:は|が)(?:あちら|こちら|そちら|どちら)$", before + noun))


_LABEL = re.compile(
    r"(?:担当者?|責任者|部屋番号|電話番号|住所|場所|会場|連絡先|受付|窓口|最寄り駅|商品|お品|品物|メニュー|お手洗い|トイレ|お席|出口|入口|売り場|営業時間|定休日|受付時間)[はが、]$"
)


def subject_text(phrase: Phrase | None) -> str:
    return phrase.text if phrase is not None else ""


__all__ = ["IN_GROUP", "RESPECTED", "MisuseFinder", "addressee_raised", "raised_name"]
