"""Findings as others read them: a terminal, GitHub, SARIF, Checkstyle, reviewdog."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from jeval.keigo.knowledge import knowledge
from jeval.keigo.lint.check import Finding
from jeval.output import harmless
from jeval.version import __version__

_GITHUB = {"error": "error", "warning": "warning", "info": "notice"}
_SARIF = {"error": "error", "warning": "warning", "info": "note"}
_REVIEWDOG = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def message(one: Finding) -> str:
    """What is wrong, what to write, and where the norm says so."""
    suggestion = f" → {one.suggestion or '∅'}" if one.suggestion is not None else ""
    return f"{_shown(one)}{suggestion} {one.message}（{knowledge().norm} {one.section}）"


def text(one: Finding) -> str:
    """A line like a compiler's."""
    severity = "" if one.severity == "error" else f"{one.severity}: "
    return harmless(f"{one.file}:{one.line}:{one.column}: {severity}{one.type} [{one.rule}] {message(one)}")


def _shown(one: Finding) -> str:
    surface = one.surface.encode("utf-8", "replace").decode("utf-8")
    return f"\u300c{surface}\u300d"


def github(found: Sequence[Finding]) -> Iterator[str]:
    """Workflow commands, which GitHub shows at the lines of a pull request."""
    for one in found:
        place = f"file={_property(one.file)},line={one.line},endLine={one.end_line},col={one.column},endColumn={one.end_column}"
        yield f"::{_GITHUB[one.severity]} {place},title={_property(one.rule)}::{_escaped(message(one))}"


def _escaped(value: str) -> str:
    return harmless(value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(value: str) -> str:
    return _escaped(value).replace(":", "%3A").replace(",", "%2C")


def sarif(found: Sequence[Finding]) -> Iterator[str]:
    """SARIF 2.1.0."""
    rules = list(dict.fromkeys(one.rule for one in found))
    known = knowledge().by_id
    driver = {
        "name": "jeval keigo",
        "version": __version__,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": str(known[rule].fields["message"])},
                "help": {"text": f"{knowledge().norm} {known[rule].fields['section']}"},
                "properties": {"type": known[rule].type},
            }
            for rule in rules
        ],
    }
    results = [_sarif_result(one, rules.index(one.rule)) for one in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    yield _json(
        {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}, indent=1
    )


def _sarif_result(one: Finding, index: int) -> dict[str, Any]:
    region = {
        "startLine": one.line, "startColumn": one.column, "endLine": one.end_line, "endColumn": one.end_column,
        "charOffset": one.start, "charLength": one.end - one.start,
    }  # fmt: skip
    place = {"physicalLocation": {"artifactLocation": {"uri": quote(one.file.replace("\\", "/"))}, "region": region}}
    return {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": _SARIF[one.severity],
        "message": {"text": message(one)},
        "locations": [place],
    }


def checkstyle(found: Sequence[Finding]) -> Iterator[str]:
    """Checkstyle's XML."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<checkstyle version="4.3">'
    for file in dict.fromkeys(one.file for one in found):
        yield f"<file name={_attribute(file)}>"
        for one in found:
            if one.file == file:
                yield (
                    f'<error line="{one.line}" column="{one.column}" severity="{one.severity}" '
                    f"message={_attribute(message(one))} source={_attribute('jeval.keigo.' + one.rule)}/>"
                )
        yield "</file>"
    yield "</checkstyle>"


def _attribute(value: str) -> str:
    return quoteattr(harmless(value))


def reviewdog(found: Sequence[Finding]) -> Iterator[str]:
    """rdjsonl of reviewdog, which comments on pull requests; its columns count bytes of UTF-8."""
    for one in found:
        start = {"line": one.line, "column": one.byte_columns[0]}
        end = {"line": one.end_line, "column": one.byte_columns[1]}
        row: dict[str, Any] = {
            "message": message(one),
            "location": {"path": one.file, "range": {"start": start, "end": end}},
            "severity": _REVIEWDOG[one.severity],
            "source": {"name": "jeval keigo"},
            "code": {"value": one.rule},
        }
        if one.safe:
            row["suggestions"] = [{"range": {"start": start, "end": end}, "text": one.suggestion}]
        yield _json(row)


def _json(value: Any, indent: int | None = None) -> str:
    return harmless(json.dumps(value, ensure_ascii=False, indent=indent), keep="\n" if indent else "")


def statistics(found: Sequence[Finding]) -> Iterator[str]:
    """How often each rule found something, most first."""
    counted = Counter((one.rule, one.type, one.message) for one in found)
    for (rule, kind, told), count in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:>5}  {rule}  {kind}  {told}"


#: Formats that are written when all is known.
WHOLE: dict[str, Callable[[Sequence[Finding]], Iterator[str]]] = {
    "github": github,
    "sarif": sarif,
    "checkstyle": checkstyle,
    "reviewdog": reviewdog,
}
