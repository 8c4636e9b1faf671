"""Words that say nothing where they stand: 〜のほう without a comparison, 〜になります without a change.

Both strings are right more often than wrong; the expressions that tell them apart are in ``data/keigo/knowledge/expressions.tsv``.
"""

from __future__ import annotations

from jeval.keigo.knowledge import Knowledge
from jeval.keigo.tokens import Token

Match = tuple[int, int, int, int]  # tokens: match start, match end, span start, span end


def empty_hou(tokens: list[Token], hit: Match, masked: str, knowledge: Knowledge) -> bool:
    """An empty 〜のほう: a thing, no direction, no comparison, no person or side."""
    expressions = knowledge.expressions
    if expressions["compare"].search(masked):
        return False
    head, hou, after = tokens[hit[0]], tokens[hit[2] + 1], tokens[hit[1] - 1]
    if head.pos.startswith("名詞-固有名詞"):
        return False
    if hou.surface == "方" and after.surface not in "を、はがもに" and not after.pos.startswith("接頭辞"):
        return False
    if hou.surface == "方" and head.mask & knowledge.bit("sahen") and after.surface != "を":
        return False  # ご契約の方: may be a person
    if after.surface == "が":
        return bool(expressions["hou_ready"].search(masked.split(hou.surface, 1)[-1]))
    return True


def empty_naru(tokens: list[Token], hit: Match, masked: str, knowledge: Knowledge) -> bool:
    """〜になります where nothing becomes anything: こちらが資料になります."""
    expressions = knowledge.expressions
    at = hit[0] - 1
    head = tokens[at]
    tail = "".join(token.surface for token in tokens[hit[1] : hit[1] + 2])
    if tail.startswith(("た", "まし", "よう", "ん", "せん")):
        return False
    if head.pos.startswith(("形状詞", "副詞")) or "形状詞可能" in head.pos or head.mask & knowledge.bit("state_noun"):
        return False
    start = at
    while start > 0 and tokens[start - 1].pos.startswith(("名詞", "接頭辞", "接尾辞")):
        start -= 1
    frame = start == at - 1 and tokens[start].mask & knowledge.bit("pfx") and head.mask & knowledge.bit("act")
    if expressions["summary"].search(masked):
        return True
    if frame and not expressions["act_as_thing"].search(masked):
        return False  # お読みになります
    before = "".join(token.surface for token in tokens[:start])
    noun = "".join(token.surface for token in tokens[start : at + 1])
    if expressions["change"].search(before):
        return False
    if head.mask & knowledge.surname:
        return True
    bare_act = start == at and head.mask & knowledge.bit("sahen") and tokens[start - 1].surface == "は"
    if bare_act:
        return False  # こちらの通帳は繰越になります
    if expressions["pointing"].search(masked) or expressions["equation_subject"].search(before):
        return True
    if expressions["amount"].search(noun) and expressions["price_subject"].search(before):
        return True
    return bool(expressions["handed_over"].search(noun) or expressions["place_shown"].search(before + noun))
