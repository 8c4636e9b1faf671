"""Japanese characters as Chinese text writes them (``data/leak/knowledge/chinese_forms.tsv``), and the date words of Korean."""

from __future__ import annotations

from functools import lru_cache

from jeval.leak.knowledge import table

_SECOND_LEVEL = 48
_KOREAN = str.maketrans({"년": "年", "월": "月", "일": "日"})


def simplified(text: str) -> str:
    """``text`` with every kanji in its simplified Chinese form: 桜, 櫻 and 樱 become alike."""
    return text.translate(_forms())


def chinese_form(text: str) -> str | None:
    """``text`` in simplified forms, where it holds a character that Japanese does not write; ``None`` where it holds none."""
    if text.isascii() or not any(_foreign(character) for character in set(text)):
        return None
    return simplified(text).translate(_KOREAN)


def _foreign(character: str) -> bool:
    """Whether it is a Chinese character outside JIS X 0208 or in an old form, or Hangul."""
    if "가" <= character <= "힣":
        return True
    if not "一" <= character <= "鿿":
        return False
    level = _jis_level(character)
    return level == 0 or (level == 2 and character in _old_forms())


def _jis_level(character: str) -> int:
    """The level of JIS X 0208 that a character belongs to (the second begins with row 48), 0 for none."""
    try:
        code = character.encode("euc_jp")
    except UnicodeEncodeError:
        return 0
    return 0 if len(code) != 2 else 1 if code[0] - 0xA0 < _SECOND_LEVEL else 2


@lru_cache(maxsize=1)
def _forms() -> dict[int, str]:
    return {ord(japanese): chinese for japanese, chinese in table("chinese_forms.tsv", "japanese", "simplified")}


@lru_cache(maxsize=1)
def _old_forms() -> frozenset[str]:
    """Characters that share their simplified form with another: 桜 and 櫻; of these, the ones of the second level are old."""
    seen: dict[str, list[str]] = {}
    for japanese, chinese in table("chinese_forms.tsv", "japanese", "simplified"):
        seen.setdefault(chinese, []).append(japanese)
    return frozenset(one for forms in seen.values() if len(forms) > 1 for one in forms)
