"""``jeval keigo``: a linter for honorific Japanese, and its JSON Lines service.

Findings go to standard output, one a line, like a compiler's: ``file:line:column: type [rule] …``.
"""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from jeval.errors import InputError
from jeval.output import harmless, say

if TYPE_CHECKING:
    from jeval.keigo.types import Analysis


def keigo(
    files: Annotated[list[str] | None, typer.Argument(help="Text files; - or nothing: standard input.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when there is an error.")] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='JSON Lines in {"id", "text", "context"?}, JSON Lines out.')
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one machine-readable object to standard output.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Apply the safe suggestions to the files; then report what is left.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what --fix would change, as a unified diff; change nothing.")
    ] = False,
) -> None:
    """Find honorific expressions and their misuses in Japanese text (敬語の指針, 2007)."""
    chosen = [
        name for name, is_on in (("--jsonl", jsonl), ("--json", as_json), ("--fix", fix), ("--diff", diff)) if is_on
    ]
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(chosen)}: choose one of them")
    _utf8()
    names = files or ["-"]
    if fix and "-" in names:
        raise InputError("--fix: standard input cannot be rewritten; name files, or use --diff")
    if diff:
        found = _show_changes(names)
    elif fix:
        _fix(names)
        found = _lint(names)
    elif jsonl:
        found = _json_lines(names)
    elif as_json:
        found = _one_object(names)
    else:
        found = _lint(names)
    sys.stdout.flush()
    if check and found:
        raise typer.Exit(1)


def _utf8() -> None:
    for stream in (sys.stdin, sys.stdout):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(
                encoding="utf-8", errors="surrogateescape", **({"newline": "\n"} if stream is sys.stdin else {})
            )


def _lines(name: str) -> Iterator[str]:
    """Lines without their line feed; bytes that are not UTF-8 arrive as lone surrogates."""
    if name == "-":
        yield from (_chomp(line) for line in sys.stdin)
        return
    path = Path(name)
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            yield from (_chomp(line) for line in stream)
    except OSError as err:
        raise _unreadable(name, err) from err


def _unreadable(name: str, err: OSError) -> InputError:
    return InputError(f"{name}: {err.strerror or err}; give the path of a text file, or - for standard input")


def _chomp(line: str) -> str:
    return line.rstrip("\r\n")


def _dump(value: Any) -> str:
    """JSON as UTF-8; what that cannot carry (lone surrogates) and what a terminal obeys or hides is escaped."""
    return harmless(json.dumps(value, ensure_ascii=False))


def _json_lines(names: Iterable[str]) -> int:
    from jeval.keigo.analysis import analyze

    errors = 0
    for name in names:
        for number, line in enumerate(_lines(name), 1):
            if not line.strip():
                continue
            where = f"{'standard input' if name == '-' else name}:{number}"
            row = _row(line, where)
            analysis = analyze(row["text"], row.get("context"))
            errors += len(analysis.errors)
            sys.stdout.write(_dump({"id": row.get("id"), **analysis.to_dict()}) + "\n")
    return errors


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as err:
        sys.stdout.flush()
        raise InputError(f'{where}: not JSON ({err}); expected one object a line: {{"id": …, "text": "…"}}') from err
    problem = None
    if not isinstance(row, dict):
        problem = "not an object"
    elif not isinstance(row.get("text"), str):
        problem = '"text" is missing or not a string'
    elif row.get("context") is not None and not isinstance(row["context"], dict):
        problem = '"context" is not an object'
    if problem:
        sys.stdout.flush()
        raise InputError(f'{where}: {problem}; expected {{"id": …, "text": "…", "context"?: {{…}}}}')
    return dict(row)


def _analyses(names: Iterable[str]) -> Iterator[tuple[str, int, Analysis]]:
    from jeval.keigo.analysis import analyze

    for name in names:
        for number, line in enumerate(_lines(name), 1):
            if line.strip():
                yield name, number, analyze(line)


def _changed(name: str) -> tuple[list[str], list[str]]:
    """The lines of a file with their line feeds, as they are and mended."""
    from jeval.keigo.mend import mended

    before = _whole_lines(name)
    after = []
    for line in before:
        text = _chomp(line)
        after.append((mended(text) if text.strip() else text) + line[len(text) :])
    return before, after


def _whole_lines(name: str) -> list[str]:
    if name == "-":
        return list(sys.stdin)
    try:
        with Path(name).open(encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            return list(stream)
    except OSError as err:
        raise _unreadable(name, err) from err


def _show_changes(names: Iterable[str]) -> int:
    """Print the diff of every file; the number of lines that would change."""
    from difflib import unified_diff

    changed = 0
    for name in names:
        before, after = _changed(name)
        changed += sum(one != other for one, other in zip(before, after, strict=True))
        for line in unified_diff(before, after, name, name):
            sys.stdout.write(harmless(line.rstrip("\r\n").encode("utf-8", "replace").decode()) + "\n")
    return changed


def _fix(names: Iterable[str]) -> None:
    """Write the mended files, each whole or not at all, bytes that are no text kept."""
    from jeval.writing import whole

    for name in names:
        before, after = _changed(name)
        if before == after:
            continue
        path = Path(name).resolve()
        if _whole_lines(name) != before:
            raise InputError(f"{name}: changed while it was read; run --fix again")
        try:
            with whole(path, mode=stat.S_IMODE(path.stat().st_mode)) as out:
                out.write("".join(after).encode("utf-8", "surrogateescape"))
        except OSError as err:
            raise InputError(f"{name}: {err.strerror or err}; --fix needs a file and a folder it may write to") from err
        mended = sum(one != other for one, other in zip(before, after, strict=True))
        say(f"{name}: mended in {mended} line{'s' if mended > 1 else ''}", error=True)


def _one_object(names: Iterable[str]) -> int:
    results = [
        {"file": name, "line": number, **analysis.to_dict()}
        for name, number, analysis in _analyses(names)
        if analysis.style is not None
    ]
    errors = sum(len(result["errors"]) for result in results)
    scored = len(results)
    sys.stdout.write(_dump({"lines": scored, "errors": errors, "results": results}) + "\n")
    return errors


def _lint(names: list[str]) -> int:
    errors = 0
    scored = 0
    for name, number, analysis in _analyses(names):
        scored += analysis.style is not None
        for error in analysis.errors:
            errors += 1
            _finding(sys.stdout, name, number, analysis, error)
    if not scored:
        say("jeval keigo: no Japanese text, nothing to score", error=True)
    return errors


def _finding(out: TextIO, name: str, number: int, analysis: Analysis, error: Any) -> None:
    from jeval.keigo.knowledge import knowledge

    rule = knowledge().by_id[error.rule].fields
    suggestion = f" → {error.suggestion or '∅'}" if error.suggestion is not None else ""
    shown = error.surface.encode("utf-8", "replace").decode("utf-8")
    line = (
        f"{name}:{number}:{error.start + 1}: {error.type} [{error.rule}] 「{shown}」{suggestion} "
        f"{rule['message']}（{knowledge().norm} {rule['section']}）"
    )
    out.write(harmless(line) + "\n")
