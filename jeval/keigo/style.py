"""文体: 常体, 敬体, or both in one utterance, judged on how sentences end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jeval.keigo.atoms import Bits
from jeval.keigo.sentence import Sentence
from jeval.keigo.text import MASK
from jeval.keigo.tokens import Token


class Ending(NamedTuple):
    """How a sentence ends: its style, and where in the text as given the morpheme stands that decides.

    ``firm``: whether it sets the style of the text. An exclamation, a question to oneself, a heading or a proverb does not.
    """

    style: str
    start: int
    end: int
    firm: bool = True


def sentence_style(sentence: Sentence) -> tuple[str | None, int]:
    """``plain``, ``polite``, ``formal`` or ``None`` (no predicate at the end), and the token that decides.

    Quoted words and remarks in （） decide nothing.
    """
    if MASK not in sentence.prose:
        return _style(sentence.tokens, sentence.bits)
    said = [i for i in range(len(sentence.tokens)) if not sentence.beside(i)]
    style, at = _style([sentence.tokens[i] for i in said], sentence.bits)
    return style, said[at] if style else at


def _style(tokens: Sequence[Token], bits: Bits) -> tuple[str | None, int]:
    last, final = _predicate(tokens, bits)
    if last < 0:
        return None, -1
    polite = bits.masu | bits.desu
    at = last
    while at >= 0 and tokens[at].mask & (polite | bits.aux):
        if tokens[at].mask & polite:
            return _polite(tokens, at, bits), at
        at -= 1
    mask = tokens[last].mask
    if mask & bits.kudasaru and mask & bits.imperative:
        return "polite", last
    if mask & bits.gozaru:
        return "formal", last
    if last != final and tokens[final].mask & bits.linking:
        return None, -1  # 行って, 行きながら
    if mask & bits.finite and not mask & bits.set_command:
        return "plain", last
    return None, -1


def _predicate(tokens: Sequence[Token], bits: Bits) -> tuple[int, int]:
    """The token that the sentence ends with, without particles, and with them; -1 where there is none."""
    final = len(tokens) - 1
    while final >= 0 and (tokens[final].mask & bits.trailing or not tokens[final].surface.strip()):
        final -= 1
    last = final
    while last >= 0 and tokens[last].mask & bits.closing_particle:
        last -= 1
    if last >= 0 and tokens[last].mask & bits.asking_particle:
        last -= 1
    return last, final


def _polite(tokens: Sequence[Token], at: int, bits: Bits) -> str:
    """``formal`` for ございます and であります, ``polite`` for all else, ありがとうございます among it."""
    while at > 0 and tokens[at].mask & bits.aux and not tokens[at].mask & bits.gozaru:
        before = tokens[at - 1].mask
        earlier = tokens[at - 2].mask if at > 1 else 0
        if before & bits.gozaru:
            return "polite" if earlier & bits.greeting else "formal"
        if before & bits.aru and earlier & bits.de:
            return "formal"
        at -= 1
    return "polite"


def is_firm(sentence: Sentence, at: int) -> bool:
    """Whether a plain end, decided by token ``at``, is a statement of the running text, which sets its style."""
    bits, prose = sentence.bits, sentence.prose
    if not sentence.matches("stated", prose) or sentence.matches("loose_end", prose):
        return False
    mask = sentence.mask(at)
    if mask & bits.imperative or sentence.has(at + 1, len(sentence.tokens), bits.closing_particle):
        return False
    if mask & (bits.adj | bits.tai) or (mask & bits.aux and sentence.mask(at - 1) & bits.adj):
        return sentence.has(0, at, bits.ha | bits.ga) and not mask & bits.tai  # すばらしい。, 穴があったら入りたい。
    return not (mask & bits.verb and sentence.matches("instruction", prose))


def overall(endings: Sequence[Ending]) -> str | None:
    """The style of the utterance: ``mixed``, or that of its last sentence that sets one."""
    if not endings:
        return None
    styles = [ending.style for ending in endings if ending.firm] or [endings[-1].style]
    if "plain" in styles and len(set(styles)) > 1:
        return "mixed"
    return styles[-1]
