"""Nouns: 御社, 弊社, 拝見; and お/ご before a noun, an adjective or an adverb: in whose honour is it?"""

from __future__ import annotations

from jeval.keigo.sentence import Form, Sentence


def special(sentence: Sentence, i: int) -> Form:
    """A noun that is honorific by itself; 謙譲語I with する (拝見する) says that somebody does something."""
    bits = sentence.bits
    mask, following = sentence.mask(i), sentence.mask(i + 1)
    kind = "sonkeigo" if mask & bits.sonkei_noun else "kenjogo1" if mask & bits.kenjo1_noun else "kenjogo2"
    if kind == "kenjogo1" and following & bits.suru:
        raised = sentence.mask(i + 2) & bits.reru  # 拝見される: wrong, still kenjo
        return Form(i, i + 3 if raised else i + 2, kind, "special", True)
    return Form(i, i + 1, kind, "word", bool(following & bits.itasu))


def prefixed(sentence: Sentence, i: int) -> Form | None:
    """お/ご and what it is put before; set phrases (お世話) are passed over."""
    bits = sentence.bits
    if i + 1 >= len(sentence.tokens) or sentence.mask(i + 1) & bits.no_head:
        return None
    at, end = _compound(sentence, i)
    head = sentence.mask(at)
    titled = end > i + 2 and sentence.mask(i + 2) & bits.sama
    if head & bits.fixed_o or (titled and head & bits.fixed_sama):
        return Form(i, end, "", "fixed", False)
    if _is_bikago(sentence, i, head):
        return Form(i, end, "bikago", "noun", False)
    if sentence.mask(end) & bits.sama:
        end += 1
    return Form(i, end, _in_honour(sentence, i, end, head), "noun", False)


def _compound(sentence: Sentence, i: int) -> tuple[int, int]:
    """The noun after the prefix at ``i`` (ご不明な点: 明), and where the compound it begins ends."""
    bits = sentence.bits
    at = i + 1
    if sentence.mask(at) & bits.prefix and at + 1 < len(sentence.tokens):
        at += 1
    end = at + 1
    if sentence.mask(at) & bits.compound_head:
        while sentence.mask(end) & bits.compound_part and not sentence.mask(end) & bits.numeral:
            end += 1
    return at, end


def _is_bikago(sentence: Sentence, i: int, head: int) -> bool:
    """美化語: お茶, ご飯, おトイレ."""
    bits = sentence.bits
    prefix = sentence.mask(i)
    if prefix & bits.pfx_o:
        return bool(head & (bits.bikago | bits.loanword))
    return bool(head & (bits.bikago_go if prefix & bits.pfx_go else bits.bikago | bits.bikago_go))


def _in_honour(sentence: Sentence, i: int, end: int, head: int) -> str:
    """尊敬語, or 謙譲語I for what goes from the speaker to somebody (先生へのお手紙); words before and after tell."""
    bits = sentence.bits
    before, after = sentence.written(i - 2, i), sentence.written(end, end + 3)
    if sentence.matches("towards", before):
        return "kenjogo1"
    if sentence.matches("of_theirs", before):
        return "sonkeigo"
    first = sentence.mask(i + 1)
    if first & bits.leave and sentence.matches("leave_received", after):
        return "bikago"
    if sentence.matches("received", after):
        return "sonkeigo"
    if (first & bits.speech_act and sentence.matches("speech_ahead", after)) or sentence.matches("own_act", after):
        return "kenjogo1"
    return "kenjogo1" if head & bits.kenjo1_own else "sonkeigo"
