"""``jeval items``: check the items against the statutes, generate fresh private ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from jeval.errors import InputError

items_app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@items_app.command()
def verify(
    statutes: Annotated[
        Path,
        typer.Option(envvar="JEVAL_STATUTES", help="Folder of statutes: e-Gov XML or API v2 JSON, or jeval's JSON."),
    ],
    items: Annotated[Path | None, typer.Option(help="Item folder or one item file; default: the packed bank.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable object.")] = False,
) -> None:
    """Check every regulation item against the statute it rests on (exit code 1 when any fails)."""
    from jeval.finreg.check import verify_items

    try:
        report = verify_items(statutes, items)
    except InputError as err:
        if as_json:
            print(json.dumps({"checked": 0, "ok": False, "errors": [{"reason": str(err)}]}, ensure_ascii=False))
        raise
    if as_json:
        print(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        for finding in (*report.errors, *report.failures):
            print(finding.line())
        for note in report.notes:
            print(f"note: {note.line()}", file=sys.stderr)
        unchecked = f", {len(report.errors)} cannot be checked" if report.errors else ""
        print(f"{report.checked} items, {report.laws} statutes: {len(report.failures)} fail{unchecked}")
    for error in report.errors:
        print(f"jeval: item {error.line()}", file=sys.stderr)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


@items_app.command()
def generate(
    kind: Annotated[str, typer.Argument(help="What to generate: keigo.")],
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same items.")] = 0,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many items.")] = 100,
    suite: Annotated[str, typer.Option(help="audit or search.")] = "audit",
    as_json: Annotated[bool, typer.Option("--json", help="Print one object with all items.")] = False,
) -> None:
    """Generate fresh private items as JSON Lines on standard output."""
    if kind != "keigo":
        raise InputError(f"cannot generate {kind!r} items; expected: keigo")
    if suite not in {"audit", "search"}:
        raise InputError(f"--suite {suite!r}: expected audit or search")
    from importlib import import_module

    rows = list(import_module("jeval.keigo.generate").generate(seed=seed, n=n, suite=suite))
    if as_json:
        print(json.dumps({"kind": kind, "seed": seed, "suite": suite, "items": rows}, ensure_ascii=False))
        return
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
