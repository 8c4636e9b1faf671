"""Hiragana and katakana, one into the other."""

from __future__ import annotations

_FIRST, _LAST, _APART = ord("ぁ"), ord("ゖ"), ord("ァ") - ord("ぁ")
_TO_KATAKANA = {code: code + _APART for code in range(_FIRST, _LAST + 1)}
_TO_HIRAGANA = {katakana: hiragana for hiragana, katakana in _TO_KATAKANA.items()}


def to_katakana(text: str) -> str:
    """``text`` with its hiragana in katakana."""
    return text.translate(_TO_KATAKANA)


def to_hiragana(text: str) -> str:
    """``text`` with its katakana in hiragana; ヷ to ヺ and the long-vowel mark have no twin and stay."""
    return text.translate(_TO_HIRAGANA)
