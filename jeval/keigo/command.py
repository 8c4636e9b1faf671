"""``jeval keigo``: a linter for honorific Japanese, and its JSON Lines service.

Findings go to standard output, one a line, like a compiler's: ``file:line:column: type [rule] …``.
"""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jeval.errors import InputError
from jeval.output import harmless, say

if TYPE_CHECKING:
    from jeval.keigo.lint.check import Finding, Report
    from jeval.keigo.lint.collect import Source
    from jeval.keigo.lint.config import Settings

FORMATS = ("text", "json", "github", "sarif", "checkstyle", "reviewdog")


def keigo(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files, folders or patterns; - or nothing: standard input.")
    ] = None,
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
    output_format: Annotated[
        str, typer.Option("--format", help="How findings are shown: text, json, github, sarif, checkstyle, reviewdog.")
    ] = "text",
    statistics: Annotated[bool, typer.Option("--statistics", help="Count the findings of each rule.")] = False,
    explain: Annotated[
        str, typer.Option("--explain", metavar="RULE", help="Print what a rule says, where the norm says so, examples.")
    ] = "",
    input_format: Annotated[
        str,
        typer.Option(help="Read every file as text, markdown, html, mail, csv, json, jsonl, yaml or po; else by name."),
    ] = "",
    exclude: Annotated[
        list[str] | None, typer.Option(help="Pattern of paths to leave out of folders and patterns (repeatable).")
    ] = None,
    config: Annotated[
        str, typer.Option(help="File of settings; else .jeval.toml or pyproject.toml, from here upwards.")
    ] = "",
    speaker: Annotated[str, typer.Option(help="Who speaks or writes, in Japanese.")] = "",
    addressee: Annotated[str, typer.Option(help="To whom, in Japanese.")] = "",
    lsp: Annotated[bool, typer.Option("--lsp", help="Serve an editor over standard input and output.")] = False,
) -> None:
    """Find honorific expressions and their misuses in Japanese text (敬語の指針, 2007)."""
    modes = {"--jsonl": jsonl, "--json": as_json, "--fix": fix, "--diff": diff, "--lsp": lsp, "--explain": explain}
    chosen = [name for name, is_on in modes.items() if is_on]
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(chosen)}: choose one of them")
    names = files or ["-"]
    if fix and "-" in names:
        raise InputError("--fix: standard input cannot be rewritten; name files, or use --diff")
    _known("--format", output_format, FORMATS)
    if lsp or explain:
        _help(explain)
        return
    _utf8()
    if jsonl:
        found = _json_lines(names)
    else:
        settings = _settings(config, exclude or [], speaker, addressee)
        form = "json" if as_json else output_format
        found = _files(names, settings, input_format, form, fix=fix, diff=diff, statistics=statistics)
    sys.stdout.flush()
    if check and found:
        raise typer.Exit(1)


def _help(rule: str) -> None:
    """Explain a rule, or without one serve an editor."""
    from jeval.keigo.lint.explain import explained
    from jeval.keigo.lint.server import serve

    if rule:
        _utf8()
        say(*explained(rule).split("\n"))
    else:
        serve()


def _known(option: str, given: str, known: Sequence[str]) -> None:
    from jeval.suggest import near

    if given not in known:
        raise InputError(f"{option} {given}: expected {', '.join(known)}; {near(given, known)}")


def _settings(config: str, exclude: list[str], speaker: str, addressee: str) -> Settings:
    """Those of the file, with what the command line says before it."""
    from jeval.keigo.lint.config import find, load

    settings = load(Path(config)) if config else find(Path.cwd())
    said = {"speaker": speaker, "addressee": addressee}
    return settings.model_copy(
        update={"exclude": [*settings.exclude, *exclude], **{key: value for key, value in said.items() if value}}
    )


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


def _files(
    names: list[str], settings: Settings, kind: str, form: str, *, fix: bool, diff: bool, statistics: bool
) -> int:
    """Lint, mend or compare the files; the number of errors (with ``diff`` of lines that would change).

    Raises:
        InputError: the last of what was wrong with a file; what was wrong before it is said, and the other files are done.
    """
    from jeval.keigo.files import READERS

    if kind:
        _known("--input-format", kind, list(READERS))
    wrong: list[InputError] = []
    if diff:
        found = _show_changes(names, settings, kind, wrong)
    else:
        if fix:
            _fix(names, settings, kind, wrong)
        failed = len(wrong)
        found = _lint(names, settings, kind, form, statistics, wrong)
        wrong = wrong[:failed] + [err for err in wrong[failed:] if str(err) not in map(str, wrong[:failed])]
    sys.stdout.flush()
    for err in wrong[:-1]:
        say(str(err), error=True)
    if wrong:
        raise wrong[-1]
    return found


def _lint(names: list[str], settings: Settings, kind: str, form: str, statistics: bool, wrong: list[InputError]) -> int:
    from jeval.keigo.lint import render
    from jeval.keigo.lint.run import reports

    findings: list[Finding] = []
    done: list[Report] = []
    for report in reports(names, settings, kind, in_full=form == "json"):
        if isinstance(report, InputError):
            wrong.append(report)
            continue
        done.append(report)
        findings += report.findings
        if form == "text":
            sys.stdout.writelines(render.text(one) + "\n" for one in report.findings)
    if form == "json":
        sys.stdout.write(_dump(_one_object(done)) + "\n")
    elif form != "text":
        sys.stdout.writelines(line + "\n" for line in render.WHOLE[form](findings))
    if statistics:
        say(*render.statistics(findings), error=form != "text")
    if form == "text" and done and not any(report.segments for report in done):
        say("jeval keigo: no Japanese text, nothing to score", error=True)
    return sum(one.severity == "error" for one in findings)


def _one_object(done: list[Report]) -> dict[str, Any]:
    results = [result for report in done for result in report.results]
    return {"lines": len(results), "errors": sum(len(one["errors"]) for one in results), "results": results}


def _changed(names: list[str], settings: Settings, kind: str, wrong: list[InputError]) -> Iterator[tuple[Source, str]]:
    """Each file that has something to mend, and its text mended."""
    from jeval.keigo.lint.check import mended
    from jeval.keigo.lint.collect import collect, read

    for name in collect(names, settings.exclude):
        try:
            if isinstance(name, InputError):
                raise name
            source = read(name)
            after = mended(name, source.decoded.text, settings, kind)
        except InputError as err:
            wrong.append(err)
            continue
        if after != source.decoded.text:
            yield source, after


def _show_changes(names: list[str], settings: Settings, kind: str, wrong: list[InputError]) -> int:
    """Print the diff of every file; the number of lines that would change."""
    from difflib import unified_diff

    changed = 0
    for source, text in _changed(names, settings, kind, wrong):
        before, after = source.decoded.text.splitlines(keepends=True), text.splitlines(keepends=True)
        changed += sum(one != other for one, other in zip(before, after, strict=True))
        for line in unified_diff(before, after, source.name, source.name):
            sys.stdout.write(harmless(line.rstrip("\r\n").encode("utf-8", "replace").decode()) + "\n")
    return changed


def _fix(names: list[str], settings: Settings, kind: str, wrong: list[InputError]) -> None:
    """Write the mended files, each whole or not at all, bytes that are no text kept."""
    for source, text in _changed(names, settings, kind, wrong):
        try:
            _write(source, text)
        except InputError as err:
            wrong.append(err)
            continue
        before, after = source.decoded.text.splitlines(), text.splitlines()
        mended = sum(one != other for one, other in zip(before, after, strict=True))
        say(f"{source.name}: mended in {mended} line{'s' if mended > 1 else ''}", error=True)


def _write(source: Source, text: str) -> None:
    from jeval.writing import whole

    path = Path(source.name).resolve()
    try:
        if path.read_bytes() != source.data:
            raise InputError(f"{source.name}: changed while it was read; run --fix again")
        if source.decoded.encode(source.decoded.text) != source.data:
            raise InputError(
                f"{source.name}: {source.decoded.encoding} in an unusual spelling; save it as UTF-8 and run again"
            )
        data = source.decoded.encode(text)
        with whole(path, mode=stat.S_IMODE(path.stat().st_mode)) as out:
            out.write(data)
    except UnicodeEncodeError as err:
        raise InputError(
            f"{source.name}: {source.decoded.encoding} lacks {text[err.start]!r}; save it as UTF-8 and run again"
        ) from err
    except OSError as err:
        raise InputError(
            f"{source.name}: {err.strerror or err}; --fix needs a file and a folder it may write to"
        ) from err
