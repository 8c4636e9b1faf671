"""What is found in a file: the analyser's findings in its prose, each with its place, less what is switched off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jeval.keigo.analysis import analyze_document
from jeval.keigo.files import PROSE, QUOTE, Places, Segment, segments
from jeval.keigo.knowledge import knowledge
from jeval.keigo.lint.config import Settings, in_file
from jeval.keigo.lint.ignore import is_off, stretches
from jeval.keigo.types import Analysis, Misuse


@dataclass(frozen=True)
class Finding:
    """A misuse in a file. ``start:end`` are offsets in its text; lines and columns count from 1, ``byte_columns`` in UTF-8.

    ``safe``: ``suggestion`` may be applied unasked.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    start: int
    end: int
    type: str
    rule: str
    severity: str
    surface: str
    suggestion: str | None
    safe: bool
    message: str
    section: str
    byte_columns: tuple[int, int]
    sure: float | None = None

    def place(self) -> dict[str, int]:
        """Where it is, as JSON has it."""
        return {
            "line": self.line, "column": self.column, "end_line": self.end_line, "end_column": self.end_column
        }  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What was found in a file.

    Attributes:
        segments: pieces with Japanese in them.
        findings: in the order of the file.
        results: for each of these pieces the analysis, and the line it begins in.
    """

    name: str
    segments: int
    findings: list[Finding]
    results: list[dict[str, Any]] = field(default_factory=list)


def check(name: str, text: str, settings: Settings, kind: str = "", in_full: bool = False) -> Report:
    """Lint the text of a file.

    Args:
        kind: its format; empty: told by its name, or by what is in it.
        in_full: with :attr:`Report.results`.

    Raises:
        InputError: it is not of its format, or asks for settings or rules that there are none of.
    """
    settings = in_file(text, name, settings)
    places = Places(text)
    off = stretches(text, places, name)
    pieces = [one for one in segments(text, name, kind) if settings.quotes or one.scope != QUOTE]
    scopes: list[object] = [
        PROSE if one.scope == PROSE and settings.style == "document" else index for index, one in enumerate(pieces)
    ]
    analyses = analyze_document([one.text for one in pieces], scopes, settings.context, settings.contested)
    findings: list[Finding] = []
    results = []
    scored = 0
    for piece, analysis in zip(pieces, analyses, strict=True):
        if analysis.style is None:
            continue
        scored += 1
        found = [
            (error, one)
            for error in analysis.errors
            if (one := _finding(name, text, places, piece, error, settings)) is not None
            and not is_off(off, one.line, one.end_line, one.rule, one.type)
        ]
        findings += [one for _, one in found]
        if in_full:
            results.append(_result(name, places, piece, analysis, found))
    return Report(name, scored, sorted(findings, key=lambda one: (one.start, one.end)), results)


def _finding(name: str, text: str, places: Places, piece: Segment, error: Misuse, settings: Settings) -> Finding | None:
    severity = settings.severity(error.rule, error.type)
    if severity == "off":
        return None
    rule = knowledge().by_id[error.rule]
    start, end = piece.span(error.start, error.end)
    line, column = places.place(start)
    end_line, end_column = places.place(end)
    return Finding(
        name, line, column, end_line, end_column, start, end, error.type, error.rule, severity, error.surface,
        error.suggestion, safe=rule.safe and error.suggestion is not None and text[start:end] == error.surface,
        message=str(rule.fields["message"]), section=str(rule.fields["section"]),
        byte_columns=(_bytes(text, start, column), _bytes(text, end, end_column)), sure=error.sure,
    )  # fmt: skip


def _bytes(text: str, offset: int, column: int) -> int:
    return len(text[offset - column + 1 : offset].encode("utf-8", "replace")) + 1


def _result(
    name: str, places: Places, piece: Segment, analysis: Analysis, found: list[tuple[Misuse, Finding]]
) -> dict[str, Any]:
    line, _ = places.place(piece.span(0, 1)[0])
    errors = [error.to_dict() | one.place() | {"severity": one.severity} for error, one in found]
    return {"file": name, "line": line, **analysis.to_dict(), "errors": errors}


def mended(name: str, text: str, settings: Settings, kind: str = "") -> str:
    """The text with every safe suggestion applied, as long as there is one; markup stays where it is.

    Raises:
        InputError: as :func:`check`.
    """
    for _ in range(_ROUNDS):
        chosen = list(_apart(check(name, text, settings, kind).findings))
        if not chosen:
            break
        for one in reversed(chosen):
            text = text[: one.start] + (one.suggestion or "") + text[one.end :]
    return text


_ROUNDS = 50  # what is right depends on what stands around it, so each round takes an analysis


def _apart(findings: list[Finding]) -> Iterator[Finding]:
    """Safe ones, of those in one line the first."""
    line = 0
    for one in findings:
        if one.safe and one.line > line:
            line = one.end_line
            yield one
