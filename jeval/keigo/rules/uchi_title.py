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

CONTEXT: speaker=自社社員, addressee=顧客
WRONG: 承知いたしました。鈴木課長にお伝えします。
RIGHT: 承知いたしました。課長の鈴木に申し伝えます。

CONTEXT: speaker=自社社員, addressee=顧客
WRONG: 担当の木村さんが伺います。
RIGHT: 担当の木村が伺います。

CONTEXT: speaker=自社社員, addressee=顧客
WRONG: こちらが高橋マネージャーでいらっしゃいます。
RIGHT: こちらがマネージャーの高橋です。

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
            if _is_owned(sentence, name) or _is_own_colleague(sentence, i) or _is_by_act(sentence, name, i):
                yield name, i + 1
        elif title & bits.honorific_suffix and sentence.mask(i - 1) & (bits.kin_word | bits.chief_word | bits.chief):
            kin = i - 2 if sentence.mask(i - 2) & bits.pfx else i - 1
            if _is_own_kin(sentence, i) or _is_owned(sentence, kin):
                yield kin, i + 1


def _is_owned(sentence: Sentence, i: int) -> bool:
    """Whether 弊社の, 弊社企画部の, 私の stands before token ``i``."""
    bits = sentence.bits
    if not sentence.mask(i - 1) & bits.no:
        return False
    owner = i - 2
    while owner > 0 and sentence.mask(owner) & (bits.name_part | bits.no_particle):
        if sentence.mask(owner) & bits.own_owner:
            break
        owner -= 1
    of_customer = sentence.matches("customers", sentence.written(owner, i - 1))  # 当店のお客様の佐藤様
    return bool(sentence.mask(owner) & bits.own_owner) and not of_customer


def _is_own_kin(sentence: Sentence, i: int) -> bool:
    """お母さん of one's own family; 課長さん of one's own company, where the scene is about it and does not ask."""
    bits, scene = sentence.bits, sentence.scene
    if not sentence.mask(i - 1) & (bits.chief_word | bits.chief):
        return scene.referent == "family"
    of_company = scene.referent_own and scene.referent not in {"self", "family"}
    named = sentence.surface(i - 1) in scene.addressee_text or sentence.mask(i) & bits.customer_suffix
    return of_company and not named and bool(sentence.mask(i + 1) & (bits.ha | bits.ga)) and not sentence.question


def _is_by_act(sentence: Sentence, name: int, i: int) -> bool:
    """Whether what is said makes somebody a colleague before an outsider: 鈴木課長にお伝えします, 担当の木村さんが伺います."""
    bits, scene = sentence.bits, sentence.scene
    if not scene.to_outside or scene.speaker not in {"in", "self"} or scene.referent == "out":
        return False
    if sentence.matches("requests", sentence.masked) or sentence.surface(i) in scene.addressee_text:
        return False
    if sentence.matches("their_name", sentence.written(0, name)) or sentence.mask(i) & bits.teacher_word:
        return False
    humble = any(form.agent and form.start > i and form.type != "sonkeigo" for form in sentence.forms)
    before = sentence.mask(name - 2) if sentence.mask(name - 1) & bits.no else 0
    acts = bool(sentence.mask(i + 1) & (bits.ha | bits.ga))
    if before & bits.own_superior:
        return acts
    if sentence.mask(i) & bits.honorific_suffix or before & bits.own_post:
        return acts and humble and bool(before & (bits.own_post | bits.title))
    if sentence.mask(i + 1) & bits.ni:
        return humble and sentence.has(i + 2, len(sentence.tokens), bits.pass_on)
    raised = sentence.mask(i + 1) & bits.de and sentence.mask(i + 2) & bits.irassharu
    return bool(raised) and sentence.matches("introduces", sentence.written(0, name))


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
