"""uchi-title: a title or さん for somebody of one's own side.

佐藤部長 raises 佐藤 as 佐藤様 does. Of one's own side one says 佐藤, or 部長の佐藤; of one's own father 父, not お父さん. 弊社の or 私の before
the name says whose side it is, or the scene does.

SOURCE: 敬語の指針 第3章・ウチとソト

WRONG: 弊社の佐藤部長が参ります。
RIGHT: 弊社の部長の佐藤が参ります。

WRONG: 私のお父さんが参ります。
RIGHT: 私の父が参ります。

CONTEXT: speaker=自社社員, addressee=顧客, referent=自社の支店長
WRONG: あいにく田中支店長は席を外しております。
RIGHT: あいにく支店長の田中は席を外しております。

CONTEXT: speaker=自社社員, addressee=顧客, referent=自分の家族
WRONG: お母さんが参ります。
RIGHT: 母が参ります。
"""

from __future__ import annotations

from collections.abc import Iterator

from jeval.keigo.sentence import Sentence, Span


def find(sentence: Sentence) -> Iterator[Span]:
    """The name with its title, once a place."""
    bits = sentence.bits
    for i in sentence.tokens_of(bits.title):
        title, name = sentence.mask(i), i - 1
        if title & bits.chief and name > 0 and sentence.mask(name) & bits.unit:
            name -= 1  # 田中 支店 長
        if sentence.mask(name) & bits.surname:
            if _is_owned(sentence, name) or _is_own_colleague(sentence, i):
                yield name, i + 1
        elif title & bits.honorific_suffix and sentence.mask(i - 1) & (bits.kin_word | bits.chief_word):
            kin = i - 2 if sentence.mask(i - 2) & bits.pfx else i - 1
            of_family = sentence.scene.referent == "family" and not sentence.mask(i - 1) & bits.chief_word
            if of_family or _is_owned(sentence, kin):
                yield kin, i + 1


def _is_owned(sentence: Sentence, i: int) -> bool:
    """Whether 弊社の, 私の stands before token ``i``."""
    return bool(sentence.mask(i - 1) & sentence.bits.no and sentence.mask(i - 2) & sentence.bits.own_owner)


def _is_own_colleague(sentence: Sentence, i: int) -> bool:
    """Whether the scene makes the one with the title at ``i`` somebody of one's own side, and him only."""
    bits, scene = sentence.bits, sentence.scene
    following = sentence.mask(i + 1)
    if not scene.referent_own or scene.referent == "family" or not following & bits.after_title:
        return False
    if sentence.mask(i) & bits.customer_suffix:
        return False
    title = sentence.written(i - 1, i + 1) if sentence.mask(i) & bits.chief else sentence.surface(i)
    of_referent = title in scene.referent_text
    if sentence.mask(i) & bits.teacher_word and not of_referent:
        return False
    if title in scene.addressee_text and not (of_referent and following & (bits.ha | bits.ga)):
        return False  # the addressee has that title too
    return not (following & bits.no and sentence.mask(i + 2) & bits.surname)  # 田中部長の佐藤
