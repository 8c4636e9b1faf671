"""kenjo-reru: 謙譲語 with れる・られる for the act of somebody to be raised.

申される raises and lowers the same person at once: 申す lowers whoever says it, れる raises him. おられる, which authorities
dispute, and verbs that another can be the goal of (差し上げられる) are left alone.

SOURCE: 敬語の指針 第2章第1の2・3 (謙譲語を立てるべき人物の動作に)

WRONG: 先生が申されたことを書き留めました。
RIGHT: 先生がおっしゃったことを書き留めました。

WRONG: お客様は新しい支店に参られましたか。
RIGHT: お客様は新しい支店にいらっしゃいましたか。
"""

from __future__ import annotations

from jeval.keigo.predicates import lowers_speaker_only
from jeval.keigo.sentence import Form, Sentence, Span


def find(sentence: Sentence, form: Form) -> Span | None:
    """Asked of a humble form with れる・られる."""
    return form.span if form.frame == "special" and lowers_speaker_only(sentence, form) else None
