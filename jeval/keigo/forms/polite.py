"""丁寧語: です, ます, ございます."""

from __future__ import annotations

from jeval.keigo.sentence import Form, Sentence


def ending(sentence: Sentence, i: int) -> Form:
    """です or ます with what is joined to it: ませんでした."""
    return Form(i, _end(sentence, i), "teineigo", "polite", False)


def gozaru(sentence: Sentence, i: int) -> Form:
    """ございます."""
    return Form(i, _end(sentence, i), "teineigo", "gozaru", False)


def _end(sentence: Sentence, i: int) -> int:
    bits = sentence.bits
    end = i + 1
    while sentence.mask(end) & (bits.masu | bits.desu | bits.ta | bits.nu):
        end += 1
    return end
