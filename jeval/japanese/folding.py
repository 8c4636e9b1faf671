"""Text folded to one spelling, every character of the result knowing which characters of the given text it came from.

What is folded how differs by purpose (a tagger wants other spellings than a search for account numbers), so a
:class:`Folding` says which characters are touched and what becomes of them; the walk over the text and the map back are
here once. Most text consists of characters that no folding touches: they are copied in stretches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Inside of a character class: what NFKC leaves alone and what is no combining mark: nearly all Japanese text.
PLAIN = r"\n\x20-\x7e、-〄々-〛ぁ-ゖゝゞァ-ヾ一-鿿"


@dataclass(frozen=True)
class Folded:
    """A folded text and the spans its characters came from; without ``starts`` the two are one for one.

    Attributes:
        text: what is searched.
        starts, ends: for each character of ``text`` the span in the text as given.
    """

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text as given that ``text[start:end]`` (not empty) came from."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


#: White space without an end, and as much of it as is kept.
_GAP, _KEPT = re.compile(r"\s{17,}"), 16


def close_gaps(text: str) -> Folded:
    """``text`` with at most 16 characters of white space in a row, one of them a line break where there was one.

    A pattern with ``\\s*`` finds there what it finds in the text, and in linear time also where white space does not end.
    """
    pieces: list[str] = []
    starts: list[int] = []
    position = 0
    for gap in _GAP.finditer(text):
        cut = gap.start() + _KEPT
        kept = text[gap.start() : cut]
        if "\n" in text[cut : gap.end()] and "\n" not in kept:
            kept = kept[:-1] + "\n"
        pieces += [text[position : gap.start()], kept]
        starts += range(position, cut)
        position = gap.end()
    if not pieces:
        return Folded(text)
    pieces.append(text[position:])
    starts += range(position, len(text))
    return Folded("".join(pieces), starts, [start + 1 for start in starts])


class Folding:
    """How a text is folded.

    Args:
        odd: a regular expression of one character, matching at least every character that ``piece`` may change.
        piece: what becomes of a character with the marks that follow it; may be longer, shorter or empty.
        joins: whether a character belongs to the one before it (a combining mark); every such character is ``odd``.
        longest: most characters that are taken together.
    """

    def __init__(
        self,
        odd: str,
        piece: Callable[[str], str],
        *,
        joins: Callable[[str], bool] = lambda character: False,
        longest: int = 16,
    ) -> None:
        self._odd = re.compile(odd)
        self._stretch = re.compile(rf".?(?:{odd})+", re.DOTALL)  # with the character that a mark may join
        self._piece, self._joins, self._longest = piece, joins, longest

    def __call__(self, text: str) -> Folded:
        """Fold ``text``, in time linear in its length."""
        if not self._odd.search(text):
            return Folded(text)
        out: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        copied = 0
        for stretch in self._stretch.finditer(text):
            position, stop = stretch.span()
            out.append(text[copied:position])
            starts.extend(range(copied, position))
            ends.extend(range(copied + 1, position + 1))
            while position < stop:
                end = position + 1
                while end < stop and end - position < self._longest and self._joins(text[end]):
                    end += 1
                piece = self._piece(text[position:end])
                out.append(piece)
                starts += [position] * len(piece)
                ends += [end] * len(piece)
                position = end
            copied = stop
        out.append(text[copied:])
        starts.extend(range(copied, len(text)))
        ends.extend(range(copied + 1, len(text) + 1))
        return Folded("".join(out), starts, ends)
