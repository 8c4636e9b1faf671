"""``jeval policy``: judge a finished run by a policy, and the policies that come with jeval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from jeval.record.schema import RunRecord, Verdict

policy_app = typer.Typer(no_args_is_help=True)

PolicyName = Annotated[str, typer.Option("--policy", help="Policy: a YAML file, or a name of `jeval policy list`.")]
Junit = Annotated[Path | None, typer.Option(help="Also write the verdict as JUnit XML to this file.")]
Sarif = Annotated[Path | None, typer.Option(help="Also write the rules that are not met as SARIF 2.1.0.")]
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable object to standard output.")]


@policy_app.callback()
def _root() -> None:
    """Judge a finished run by a policy; list and show the policies that come with jeval."""


@policy_app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    policy: PolicyName,
    junit: Junit = None,
    sarif: Sarif = None,
    as_of: Annotated[
        str | None, typer.Option(help="YYYY-MM-DD by which exceptions expire; default: the run's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge a finished run (exit code 1 when it does not pass). Nothing in its folder is changed or verified."""
    from jeval import output
    from jeval.policy.apply import judge_run
    from jeval.policy.words import verdict_lines

    check_outputs(junit, sarif)
    record, verdict = judge_run(policy, folder, _day(as_of))
    write_outputs(verdict, record, junit, sarif)
    if as_json:
        output.say(output.json_text({"run": str(folder), "verdict": summary(verdict)}))
    else:
        output.say(*verdict_lines(verdict, record))
    if verdict.outcome != "passed":
        raise typer.Exit(1)


@policy_app.command("list")
def list_policies(as_json: Json = False) -> None:
    """The policies that come with jeval."""
    from jeval import output
    from jeval.policy.read import read_policy, shipped

    found = {name: read_policy(name).policy for name in shipped()}
    if as_json:
        rows = [
            {"name": name, **one.model_dump(exclude={"rules"}), "rules": len(one.rules)} for name, one in found.items()
        ]
        output.say(output.json_text({"policies": rows}))
        return
    output.say(*(f"{name:<20} {one.title_ja} / {one.title_en} ({len(one.rules)} rules)" for name, one in found.items()))


@policy_app.command()
def show(name: Annotated[str, typer.Argument(help="A name of `jeval policy list`, or a YAML file.")]) -> None:
    """Print a policy, to read or to begin one's own with."""
    from jeval import output
    from jeval.policy.read import policy_path, read_policy
    from jeval.reading import read_text

    read_policy(name)
    output.say(*read_text(policy_path(name)).rstrip("\n").split("\n"))


def summary(verdict: Verdict) -> dict[str, Any]:
    """The verdict as ``--json`` prints it: all but the policy's own text."""
    return verdict.model_dump(mode="json", exclude={"policy"})


def check_outputs(*paths: Path | None) -> None:
    """See, before anything is computed, that files can be written there.

    Raises:
        InputError: a folder has that name, no folder can be made for it, or it is that of a run.
    """
    from jeval.errors import InputError
    from jeval.record.store import outside_runs

    outside_runs(*paths)
    for path in paths:
        if path is not None and (path.is_dir() or next((up for up in path.parents if up.exists()), path).is_file()):
            raise InputError(
                f"{path} cannot be written: a folder has that name, or a file the name of its folder; choose another"
            )


def write_outputs(verdict: Verdict, record: RunRecord, junit: Path | None, sarif: Path | None) -> None:
    """Write the files that CI reads."""
    from jeval.policy.ci import write_junit, write_sarif

    if junit is not None:
        write_junit(junit, verdict, record)
    if sarif is not None:
        write_sarif(sarif, verdict, record)


def _day(text: str | None) -> Any:
    from datetime import date

    from jeval.errors import InputError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as err:
        raise InputError(f"--as-of {text!r}: expected a date like 2026-11-23") from err
