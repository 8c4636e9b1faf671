"""MeCab for the room: what unidic-lite says of the words of a text. One analyser; a lock, since it keeps the text that it is at."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, NamedTuple

_LOCK = threading.Lock()
#: The column of a reading (語彙素読み) in MeCab's print of an analysis.
_READING = 2


class Morpheme(NamedTuple):
    """A word as it stands and the blanks before it, its part of speech (名詞, 固有名詞, 人名, 姓; ``*``: no such part) and its entry."""

    surface: str
    blanks: int
    pos: tuple[str, ...]
    lemma: str


def morphemes(text: str) -> list[Morpheme]:
    """The words of ``text``."""
    with _LOCK:
        return [
            Morpheme(
                word.surface,
                len(word.white_space),
                tuple(word.feature[:4]),
                (word.feature.lemma or word.surface).split("-")[0],
            )
            for word in _tagger()(text.replace("\0", ""))
        ]


def readings(text: str, best: int) -> tuple[str, ...]:
    """How the ``best`` analyses of ``text`` read it, in katakana, each reading once."""
    with _LOCK:
        analyses = _tagger().nbest(text, best).split("EOS")
    found: dict[str, None] = {}
    for analysis in analyses:
        lines = analysis.strip().split("\n")
        if read := "".join(line.split("\t")[_READING] for line in lines if line.count("\t") >= _READING):
            found[read] = None
    return tuple(found)


@lru_cache(maxsize=1)
def _tagger() -> Any:  # fugashi has no types
    import fugashi

    return fugashi.Tagger()
