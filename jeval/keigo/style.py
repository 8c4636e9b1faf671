"""文体: 常体, 敬体, or both in one utterance, judged on how sentences end."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.keigo.knowledge import Knowledge
from jeval.keigo.tokens import Token

_TRAILING = ("補助記号", "記号", "空白")
_PARTICLES = ("助詞-終助詞", "助詞-接続助詞")
_GREETING = {"有り難う", "御早う", "早う", "御目出度う", "目出度う", "目出度い", "おはよう", "おめでとう"}


def sentence_style(tokens: Sequence[Token], knowledge: Knowledge) -> tuple[str | None, int]:
    """``plain``, ``polite``, ``formal`` or ``None`` (no predicate at the end), and the token that decides."""
    bit = knowledge.bit
    masu, desu, gozaru, kudasaru = bit("masu"), bit("desu"), bit("gozaru"), bit("kudasaru")
    end = len(tokens)
    while end and (tokens[end - 1].pos.startswith(_TRAILING) or not tokens[end - 1].surface.strip()):
        end -= 1
    last = end - 1
    while (
        last >= 0 and tokens[last].pos.startswith(_PARTICLES) and tokens[last].surface not in {"て", "で", "と", "ば"}
    ):
        last -= 1
    if last >= 0 and tokens[last].surface in {"か", "ね", "よ", "な"} and tokens[last].pos.startswith("助詞"):
        last -= 1
    if last < 0:
        return None, -1
    token = tokens[last]
    at = last
    while at >= 0 and (tokens[at].mask & (masu | desu) or tokens[at].pos.startswith("助動詞")):
        if tokens[at].mask & (masu | desu):
            return _polite(tokens, at, gozaru), at
        at -= 1
    if token.mask & kudasaru and token.c_form.startswith("命令形"):
        return "polite", last
    if token.mask & gozaru:
        return "formal", last
    if (
        last != end - 1
        and tokens[end - 1].pos == "助詞-接続助詞"
        and tokens[end - 1].surface not in {"が", "けど", "けれど", "けれども", "から", "ので", "し"}
    ):
        return None, -1
    if token.c_form.startswith(("終止形", "意志推量形", "命令形")) or (
        token.c_form.startswith("連体形") and token.pos.startswith(("動詞", "助動詞", "形容詞"))
    ):
        if token.surface in {"なさい", "いらっしゃい", "ごめんなさい"}:
            return None, -1
        return "plain", last
    return None, -1


def _polite(tokens: Sequence[Token], at: int, gozaru: int) -> str:
    while at > 0 and tokens[at].pos.startswith("助動詞") and not tokens[at].mask & gozaru:
        before = tokens[at - 1]
        if before.mask & gozaru:
            greeting = at > 1 and tokens[at - 2].lemma in _GREETING
            return "polite" if greeting else "formal"
        if before.lemma == "有る" and at > 1 and tokens[at - 2].surface == "で":
            return "formal"
        at -= 1
    return "polite"


def overall(styles: Sequence[str]) -> str | None:
    """The style of the utterance from those of its sentences (``None`` left out)."""
    if not styles:
        return None
    if "plain" in styles and len(set(styles)) > 1:
        return "mixed"
    return styles[-1]
