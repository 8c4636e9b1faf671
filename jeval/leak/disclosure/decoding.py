"""What an output says once its encodings are undone: Base64, hex, URL, entities, escapes, tag characters, Morse and the like.

Each decoder replaces what it can read where it stands, so that the words around it stay; a result is decoded again, to a depth
and a number of characters that no output can raise. Tables: ``data/leak/knowledge``, spelling.tsv, letter_names.tsv and morse.tsv.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from jeval.leak.disclosure.numberwords import english_numbers, kana_numbers
from jeval.leak.knowledge import any_of, table

#: An encoding within an encoding is undone this often; beyond these characters nothing is decoded.
_DEPTH = 3
_MOST_CHARACTERS = 1_000_000
_MOST_TEXTS = 40

_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff]{16,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{4,}(?:[ \n][A-Za-z0-9+/_-]{4,}){0,400}={0,2}")
_BASE32 = re.compile(r"[A-Z2-7]{8,}={0,6}", re.IGNORECASE)
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:0x|\\x|%)?[0-9A-Fa-f]{2}[\s:,、;-]{0,2}){4,}(?![0-9A-Za-z])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){1,2000}")
_QUOTED_PRINTABLE = re.compile(r"(?:=[0-9A-F]{2}(?:=\n)?){2,2000}")
_CODE_POINT = re.compile(r"(?:\\u\{?|U\+|&#x)([0-9A-Fa-f]{4,6})\}?;?[\s、,]{0,2}")
_OCTAL = re.compile(r"(?:\\[0-3]?[0-7]{2}){3,}")
_CODES = re.compile(r"(?<![0-9])(?:[0-9]{2,3}[\s,、・;-]{1,3}){3,}[0-9]{2,3}(?![0-9])")
_BITS = re.compile(r"(?<![01])[01][01\s,]{19,}[01](?![01])")
_MORSE = re.compile(r"[.・\-－–—−]{1,6}(?:[ \u3000/|\n]{1,3}[.・\-－–—−]{1,6}){3,}")
_NUMBER = re.compile(r"[0-9]+")


def decoded(text: str) -> list[str]:
    """Every further text that ``text`` stands for, decoded once, twice or three times; none where nothing is encoded."""
    known, fresh = {text: None}, [text]
    budget = _MOST_CHARACTERS
    for _ in range(_DEPTH):
        found: list[str] = []
        for source in fresh:
            for decoder in _DECODERS:
                if budget < len(source) or len(known) > _MOST_TEXTS:
                    return list(known)[1:]
                budget -= len(source) // 8
                result = decoder(source)
                if result not in known:
                    known[result] = None
                    found.append(result)
                    budget -= len(result)
        fresh = found
    return list(known)[1:]


def _readable(data: bytes) -> str | None:
    """Bytes as UTF-8 text, where all of it can be read."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text and all(one.isprintable() or one in "\n\r\t" for one in text) else None


def _tags(text: str) -> str:
    plain = _TAGS.sub(lambda run: "".join(chr(ord(one) - 0xE0000) for one in run[0]), text)
    plain = _SELECTORS.sub(lambda run: _readable(bytes(map(_selected, run[0]))) or run[0], plain)
    return _INVISIBLE.sub(_from_invisible, plain)


def _selected(selector: str) -> int:
    point = ord(selector)
    return point - 0xFE00 if point < 0xE0100 else point - 0xE0100 + 16


def _from_invisible(run: re.Match[str]) -> str:
    """Bits written with two characters that nobody sees."""
    bits = "".join("0" if one == run[0][0] else "1" for one in run[0])
    return _of_bits(bits) or _of_bits(bits.translate(str.maketrans("01", "10"))) or run[0]


def _of_bits(bits: str) -> str | None:
    for width in (8, 7):
        if len(bits) % width == 0:
            text = _readable(bytes(int(bits[i : i + width], 2) for i in range(0, len(bits), width)))
            if text:
                return text
    return None


def _base64(text: str) -> str:
    def whole(run: re.Match[str]) -> str:
        joined = _of_base64(re.sub(r"\s", "", run[0]))
        return joined or re.sub(r"[^\s]+", lambda one: _of_base64(one[0]) or one[0], run[0])

    return _BASE64.sub(whole, text)


def _of_base64(token: str) -> str | None:
    token = token.rstrip("=").translate(str.maketrans("-_", "+/"))
    if len(token) < 6 or len(token) % 4 == 1:
        return None
    try:
        return _readable(base64.b64decode(token + "=" * (-len(token) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _base32(text: str) -> str:
    def one(run: re.Match[str]) -> str:
        token = run[0].rstrip("=").upper()
        try:
            return _readable(base64.b32decode(token + "=" * (-len(token) % 8))) or run[0]
        except (binascii.Error, ValueError):
            return run[0]

    return _BASE32.sub(one, text)


def _hex(text: str) -> str:
    def one(run: re.Match[str]) -> str:
        digits = re.sub(r"0x|\\x|[^0-9A-Fa-f]", "", run[0])
        return (_readable(bytes.fromhex(digits)) if len(digits) % 2 == 0 else None) or run[0]

    return _HEX.sub(one, text)


def _percent(text: str) -> str:
    return _PERCENT.sub(lambda run: _readable(unquote_to_bytes(run[0])) or run[0], text)


def _quoted_printable(text: str) -> str:
    return _QUOTED_PRINTABLE.sub(lambda run: _readable(quopri.decodestring(run[0])) or run[0], text)


def _entities(text: str) -> str:
    return html.unescape(text) if "&" in text else text


def _escapes(text: str) -> str:
    def point(run: re.Match[str]) -> str:
        value = int(run[1], 16)
        return chr(value) if value < 0x110000 and not 0xD800 <= value < 0xE000 else run[0]

    plain = _CODE_POINT.sub(point, text)
    return _OCTAL.sub(
        lambda run: _readable(bytes(int(one, 8) & 255 for one in run[0].split("\\")[1:])) or run[0], plain
    )


def _codes(text: str) -> str:
    return _CODES.sub(lambda run: _of_codes(run[0], 10) or run[0], text)


def _octal_codes(text: str) -> str:
    return _CODES.sub(lambda run: _of_codes(run[0], 8) or run[0], text)


def _of_codes(run: str, base: int) -> str | None:
    try:
        values = [int(one, base) for one in _NUMBER.findall(run)]
    except ValueError:
        return None
    return "".join(map(chr, values)) if all(32 <= value < 127 for value in values) else None


def _bits(text: str) -> str:
    return _BITS.sub(lambda run: _of_bits(re.sub(r"[^01]", "", run[0])) or run[0], text)


def _morse(text: str) -> str:
    return _MORSE.sub(lambda run: _of_morse(run[0]), text)


def _of_morse(run: str) -> str:
    signs = re.sub(r"[－–—−]", "-", run.replace("・", "."))
    words = [[_morse_table().get(sign) for sign in word.split()] for word in re.split(r"[/|\n]+|[ \u3000]{3,}", signs)]
    return " ".join("".join(filter(None, word)) for word in words if word) if all(all(word) for word in words) else run


@lru_cache(maxsize=1)
def _morse_table() -> dict[str, str]:
    return dict(table("morse.tsv", "signs", "letter"))


def _spelled(text: str) -> str:
    """Letters and digits by the words of the NATO alphabet: Mike India Oscar → mio."""
    words, run = _spelling()
    return run.sub(lambda found: "".join(words[one.lower()] for one in re.findall(r"[A-Za-z-]+", found[0])), text)


@lru_cache(maxsize=1)
def _spelling() -> tuple[dict[str, str], re.Pattern[str]]:
    words = dict(table("spelling.tsv", "word", "letter"))
    return words, re.compile(rf"\b(?:{any_of(words)})(?:[\s,、・/]+(?:{any_of(words)})\b){{2,}}", re.IGNORECASE)


def _letter_names(text: str) -> str:
    """Letters by their Japanese names, and digits among them: エス・エー・ティー・オー → sato."""
    names, run, name = _japanese_letters()
    return run.sub(lambda found: "".join(names[one] for one in name.findall(found[0])), text)


@lru_cache(maxsize=1)
def _japanese_letters() -> tuple[dict[str, str], re.Pattern[str], re.Pattern[str]]:
    names = dict(table("letter_names.tsv", "name", "letter"))
    letters = any_of(name for name, letter in names.items() if letter.isalpha())
    rest = rf"(?:[\s・、,-]{{0,2}}(?:{any_of(names)}))"
    return names, re.compile(rf"(?:{letters}){rest}+"), re.compile(any_of(names))


_DECODERS: tuple[Callable[[str], str], ...] = (
    _tags, _base64, _base32, _hex, _percent, _quoted_printable, _entities, _escapes, _codes, _octal_codes, _bits, _morse, _spelled, _letter_names, kana_numbers, english_numbers,
)  # fmt: skip


def rearranged(text: str) -> Iterator[tuple[str, bool]]:
    """``text`` read in another order or alphabet; only a whole value counts in these: backwards, every second character, by first and
    last characters of lines, words or sentences, shifted letters and digits, digits written as letters. With each, whether it is by
    shifted letters.
    """
    text = text[:_MOST_CHARACTERS]
    yield from ((one, False) for one in _reordered(text))
    if _LATIN.search(text):
        yield from ((text.translate(shift), True) for shift in _LETTER_SHIFTS)
        for letters in _AS_DIGITS:
            parts = _TOKEN.split(text)
            yield "".join(part.translate(letters) if at % 2 else part for at, part in enumerate(parts)), False
    if _DIGITS.search(text):
        yield from ((text.translate(shift), False) for shift in _DIGIT_SHIFTS)


def _reordered(text: str) -> Iterator[str]:
    yield text[::-1]
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    yield from ("\n".join(line[first::2] for line in lines) for first in (0, 1))
    words = [word for word in re.split(r"[\s、。,.!?！？]+", text) if word]
    unmarked = [re.sub(r"^(?:[-*•・]|[0-9]{1,2}[.)、．])\s*", "", line) or line for line in lines]
    for parts in (lines, unmarked, words):
        yield "".join(part[0] for part in parts)
        yield "".join(part[-1] for part in parts)
    yield "\n".join(reversed(words))
    yield "-".join(reversed(_NUMBER.findall(text)))
    yield re.sub(r"(?<=[0-9])[^\W\d_](?=[0-9]|$|\s)", "", text)


_LATIN = re.compile(r"[A-Za-z]{3}|[A-Za-z][0-9]|[0-9][A-Za-z]")
_DIGITS = re.compile(r"[0-9]{3}")
_TOKEN = re.compile(r"([A-Za-z0-9|$!@]{4,})")


def _shifted(letters: str, by: int) -> dict[int, int]:
    return str.maketrans(letters, letters[by:] + letters[:by])


_LOWER = "abcdefghijklmnopqrstuvwxyz"
_LETTER_SHIFTS = [{**_shifted(_LOWER, by), **_shifted(_LOWER.upper(), by)} for by in range(1, 26)]
_LETTER_SHIFTS.append(str.maketrans(_LOWER + _LOWER.upper(), _LOWER[::-1] + _LOWER[::-1].upper()))
_DIGIT_SHIFTS = [_shifted("0123456789", by) for by in range(1, 10)]
#: Letters that look like digits (leet), letters numbered from 0 and from 1, digits that look like letters.
_AS_DIGITS = [
    str.maketrans("OoDQIilL|!ZzEeAa@SsGbTtBgq$", "000011111122334445566778995"),
    str.maketrans("abcdefghijABCDEFGHIJ", "01234567890123456789"),
    str.maketrans("abcdefghijABCDEFGHIJ", "12345678901234567890"),
    str.maketrans("0134578@$!", "oieastbasi"),
]
