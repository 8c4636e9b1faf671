"""A text as it is searched: what names what in it, by its rows, columns, keys, labels and turns.

The kinds of identifiers ask here and nowhere else: :meth:`Page.label` says what the words before a number announce,
:meth:`Page.values` where the value of a label may begin.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from jeval.leak.identifiers.labels import ADDRESS, NONE, OTHER, PEOPLE, Mark, keyed, marks, words
from jeval.leak.identifiers.tables import Cell, lists, tables

_WINDOW = 32
#: Stands where a separator of a table stood: nothing is read across it.
EDGE = "\x1f"
_EDGES = str.maketrans({"|": EDGE, "\t": EDGE, ",": EDGE, ";": EDGE})
_KEY = re.compile(r"([A-Za-z](?<![A-Za-z0-9_.-][A-Za-z])[A-Za-z0-9_ -]{1,40}?)[\"']?[ ]?[:=>,;|\t](?![:=/])")
_BLOCK = re.compile(r"[。;]|[0-9]{4}")
#: Between a label and its number, on their line: no other number, no end of a sentence.
_CLEAR = re.compile(rf"[^0-9。;\n{EDGE}]*")
_LIST = re.compile(r"[ :はがを、]{0,8}(?:[0-9][0-9 -]{3,23}[、,/・と][ ]{0,2}){1,8}\Z")
_EMPTY = " :-=|・*"
_GAP = re.compile(
    r"\)?(?:\([^()\n0-9]{0,12}[0-9]?[^()\n0-9]{0,8}\))?[\"'」』*_`\]>]{0,3}(?:,[ ]?[\"'](?:value|val|text|answer|content|値|回答|内容)[\"'])?(?:[ ]*</?[A-Za-z][^<>\n]{0,60}>[ \n]{0,4}){0,3}[ \t]{0,8}"
    r"(?:[:=→…‥.]{1,6}|は(?![ぁ-ん])|の方は|、|\n)?[ \t\n]{0,4}(?:</?[A-Za-z][^<>\n]{0,60}>[ \n]{0,4}){0,2}(?:<input[^<>\"\n]{0,40}value=)?[\"'「『\[(*_`]{0,3}(?:[-*・][ ]{1,2})?"
)
_STAMP = r"(?:[ ]{0,4}(?:[\[(][^\])\n]{1,20}[\])]|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)[ ]{0,2})?"
_TURN = re.compile(rf"\n{{1,2}}{_STAMP}[ ]{{0,4}}(?:[^\n:。「]{{1,12}}(?::[ ]{{0,2}}|「)|[>→-][ ]{{1,2}})")
_FILLER = re.compile(
    r"(?:(?:はい|ええと|えーと|えっと|ええ|えー|あの|あのー|うーん|そうですね|もしもし|お世話になります|かしこまりました|承知しました|私は|わたくしは|わたしは|私|名前は|番号は)[、,。…・ ー]{0,4}){0,4}"
)
_SPEAKER = re.compile(rf"{_STAMP}[ ]{{0,4}}[^\n:。「]{{1,12}}[:「]")
#: What makes a line a question, and how the line that answers may begin without a colon.
_ASKS = re.compile(r"お願い|ください|下さい|どうぞ|教え|聞かせ|頂戴|いただけ|よろしい|[?？]|は\Z")
_REPLY = re.compile(r"\n{1,2}[ ]{0,4}(?:[一-鿿ぁ-んァ-ヴー]{1,8}[ ]{1,2})?")


class Page:
    """A folded text with what names what.

    Attributes:
        text: the text, :data:`EDGE` in the place of the separators of its tables.
        lowered: the same in lower case.
        marks: words that name a kind, in order.
        cells: values under or beside a heading, in order.
    """

    def __init__(self, text: str) -> None:
        lowered = text.lower()
        if len(lowered) != len(text):
            lowered = "".join(c.lower() if c.isascii() else c for c in text)
        found = list(marks(lowered))
        found += _keys(text, {mark.end for mark in found})
        found.sort()
        self.cells, stretches = tables(text, found)
        self.text = _edged(text, stretches)
        self.lowered = lowered
        self.cells += lists(self.text, found)
        self.cells.sort()
        self.marks = found
        self._cell_starts = [cell.start for cell in self.cells]
        self._generic = words().generic
        numbers = [mark for mark in found if mark.kind not in PEOPLE]
        self._numbers, self._ends = numbers, [mark.end for mark in numbers]

    def cell(self, position: int) -> Cell | None:
        """The cell of a table, or the item of a list, that ``position`` stands in."""
        place = bisect_right(self._cell_starts, position) - 1
        if place >= 0 and position < self.cells[place].end:
            return self.cells[place]
        return None

    def label(self, position: int) -> str:
        """The kind that is announced for a number at ``position``: by its cell, by the nearest label on the line, on the line
        above or in the turn before.

        "" where nothing is announced; :data:`~jeval.leak.identifiers.labels.NONE` where it is named as something else,
        :data:`~jeval.leak.identifiers.labels.OTHER` where what names it is not known.
        """
        if self.cells:
            cell = self.cell(position)
            if cell is not None:
                inside = self._nearest(position, cell.start)
                return inside if inside not in ("", NONE) else cell.kind if cell.kind not in PEOPLE else OTHER
        place = bisect_right(self._ends, position) - 1
        if place < 0 or position - self._numbers[place].start > _WINDOW:
            return self._asked(position)
        mark = self._numbers[place]
        if mark.word not in self._generic and _CLEAR.fullmatch(self.text, mark.end, position):
            return mark.kind
        low = max(0, position - _WINDOW)
        window = self.text[low:position]
        cut = window.rfind(EDGE) + 1
        line = window.rfind("\n", cut)
        if line >= 0:
            if window[line + 1 :].strip(_EMPTY):
                cut = line + 1
            else:
                cut += window[cut:line].rstrip("\n :-=").rfind("\n") + 1
        return self._nearest(position, low + cut) or self._asked(position)

    def ends_label(self, position: int) -> bool:
        """Whether a word that names a kind of number ends at ``position``."""
        place = bisect_right(self._ends, position) - 1
        return place >= 0 and self._ends[place] == position and self._numbers[place].kind != OTHER

    def _nearest(self, position: int, low: int) -> str:
        """The label nearest before ``position`` that no other number and no end of a sentence parts from it."""
        place = bisect_right(self._ends, position) - 1
        best = ""
        while place >= 0 and self._numbers[place].start >= low:
            mark = self._numbers[place]
            between = self.text[mark.end : position]
            if _blocked(between):
                return best
            generic = mark.word in self._generic
            before = self._numbers[place - 1] if place else None
            if generic and before is not None and mark.start - before.end <= 2 and before.start >= low:
                place -= 1
                continue
            return mark.kind
        return best

    def _asked(self, position: int) -> str:
        """The kind that the turn before asked for, where this one answers it."""
        text = self.text
        low = max(0, position - 40)
        line = text.rfind("\n", low, position) + 1
        if line <= low:
            return ""
        spoken = _SPEAKER.match(text, line, position) is not None
        if not spoken and not _REPLY.fullmatch(text, line - 1, position):
            return ""
        end = line - 1
        while end > low and text[end - 1] in "\n ":
            end -= 1
        start = text.rfind("\n", max(0, end - 60), end) + 1
        if not (_SPEAKER.match(text, start, end) if spoken else _ASKS.search(text, start, end)):
            return ""
        place = bisect_right(self._ends, end) - 1
        if place >= 0 and self._numbers[place].start >= start:
            mark = self._numbers[place]
            return "" if re.search(r"[0-9]{4}", text[mark.end : end]) else mark.kind
        return ""

    def values(self, mark: Mark) -> Iterator[int]:
        """Where the value of a label may begin: behind it, and in the turn that answers."""
        gap = _GAP.match(self.text, mark.end)
        yield gap.end() if gap else mark.end
        end = self.text.find("\n", mark.end, mark.end + 40)
        if end >= 0:
            turn = _TURN.match(self.text, end)
            if turn is None and _ASKS.search(self.text, mark.end, end):
                turn = _REPLY.match(self.text, end)
            if turn is not None:
                yield from self._answers(turn.end())

    def _answers(self, start: int) -> Iterator[int]:
        """Where the parts of an answer begin: behind what is said to gain time, and behind each comma."""
        filler = _FILLER.match(self.text, start)
        yield filler.end() if filler else start
        stop = self.text.find("\n", start, start + 40)
        comma = self.text.find("、", start, stop if stop >= 0 else start + 40)
        if comma >= 0:
            yield comma + 1


def _blocked(between: str) -> bool:
    """Whether a number or the end of a sentence parts a label from what follows; the items of a list do not."""
    found = _BLOCK.search(between)
    return found is not None and not (found.group().isdigit() and _LIST.match(between))


def _keys(text: str, known: set[int]) -> list[Mark]:
    """Keys in Latin letters before a colon, an equals sign or the end of a tag, unless a word of the tables ends there."""
    found = []
    for match in _KEY.finditer(text):
        key, end = match.group(1), match.end(1)
        if end in known:
            continue
        kind = keyed(key)
        if kind or (" " not in key and match.group()[-1] in ":="):
            found.append(Mark(match.start(), end, kind or OTHER, key.lower()))
    return found


def _edged(text: str, stretches: Sequence[tuple[int, int]]) -> str:
    if not stretches:
        return text
    pieces, position = [], 0
    for start, end in stretches:
        pieces += [text[position:start], text[start:end].translate(_EDGES).replace("\n", EDGE)]
        position = end
    pieces.append(text[position:])
    return "".join(pieces)


__all__ = ["ADDRESS", "EDGE", "NONE", "OTHER", "Cell", "Page"]
