"""sonkei-own-noun: お/ご on what belongs to oneself.

お考え and ご住所 raise their owner. 私の or 弊社の before them says that this is the speaker.

SOURCE: 敬語の指針 第2章第1の1 (自分側は立てない)

WRONG: 私のお考えを申し上げます。
RIGHT: 私の考えを申し上げます。

WRONG: わたくしのご住所はこちらです。
RIGHT: わたくしの住所はこちらです。
"""

from __future__ import annotations

from collections.abc import Iterator

from jeval.keigo.sentence import Sentence, Span


def find(sentence: Sentence) -> Iterator[Span]:
    """The prefix and the noun, once a place; 先生の私のお考え is left alone."""
    bits = sentence.bits
    for i in sentence.tokens_of(bits.pfx):
        if not sentence.mask(i + 1) & bits.possession:
            continue
        owned = sentence.mask(i - 1) & bits.no and sentence.mask(i - 2) & bits.own_owner
        if owned and not sentence.mask(i - 3) & bits.no:
            yield i, i + 2
