r"""An answer as a reader sees it: with marks of Markdown and LaTeX read as what they show.

``**7**年`` reads 7年, ``\boxed{20\%}`` 20%, ``\frac{1}{2}`` 1/2.
"""

from __future__ import annotations

import re

from jeval.japanese.folding import Folded

_MARKUP = re.compile(
    r"\\[dt]?frac\s*\{(?P<over>[^{}]*)\}\s*\{(?P<under>[^{}]*)\}|\\(?:boxed|text|mathrm|mathbf|textbf)\s*\{|\\[()\[\],;! ]|\\(?=%)"
    r"|\*{1,3}(?=\S)|(?<=\S)\*{1,3}|`+|\$+|\}"
)


def shown(output: str) -> Folded:
    """What a reader sees of ``output``, every character knowing its place in it."""
    pieces: list[str] = []
    starts: list[int] = []
    position = 0

    def take(start: int, end: int) -> None:
        pieces.append(output[start:end])
        starts.extend(range(start, end))

    for mark in _MARKUP.finditer(output):
        take(position, mark.start())
        if mark["over"] is not None:
            take(*mark.span("over"))
            pieces.append("/")
            starts.append(mark.start())
            take(*mark.span("under"))
        position = mark.end()
    take(position, len(output))
    return Folded("".join(pieces), starts, [start + 1 for start in starts])
