"""Forms made by a frame: お〜になる, ご〜する, 〜ていただく."""

from __future__ import annotations

from jeval.keigo.sentence import Form, Sentence


def framed(sentence: Sentence, i: int) -> Form | None:
    """The form that the first matching frame makes of the tokens from ``i``; お帰りなさい is passed over as a greeting."""
    for rule, (start, end, left, right) in sentence.matching(sentence.tokens[i].frames, i):
        if sentence.mask(right - 1) & sentence.bits.nasai:
            return Form(start, end, "", "greeting", False)
        return Form(left, right, rule.type, rule.id, True)
    return None
