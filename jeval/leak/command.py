"""``jeval canary``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

canary_app = typer.Typer(no_args_is_help=True)


@canary_app.callback()
def _root() -> None:
    """Canaries: secrets that nobody has, to plant in training data and look for afterwards."""


@canary_app.command()
def make(
    out: Annotated[Path, typer.Option(help="Folder, or a .json file (the text to plant then lies beside it, .txt).")],
    kind: Annotated[str, typer.Option(help="my_number, account, name, free; comma-separated.")] = "my_number,account,name,free",
    count: Annotated[int, typer.Option(help="Canaries to plant, of each kind; as many controls are made.")] = 12,
    repeat: Annotated[str, typer.Option(help="How often a canary is planted; comma-separated, taken in turn.")] = "1,4,16",
    seed: Annotated[int, typer.Option(help="Seed; the same seed makes the same canaries.")] = 0,
    candidates: Annotated[int, typer.Option(help="Values each canary is ranked among; 511 measure up to 9 bits.")] = 511,
    as_json: Annotated[bool, typer.Option("--json", help="Print one machine-readable object to standard output.")] = False,
) -> None:  # fmt: skip
    """Write canaries, the text to plant and controls that are never planted."""
    from jeval.errors import InputError
    from jeval.leak.canary import dump, planting_lines
    from jeval.leak.canary import make as make_canaries
    from jeval.output import json_text, say
    from jeval.writing import write_text

    try:
        repeats = [int(part) for part in repeat.split(",")]
    except ValueError as err:
        raise InputError(f"--repeat {repeat!r}: expected whole numbers separated by commas, such as 1,4,16") from err
    made = make_canaries([part.strip() for part in kind.split(",")], count, repeats, seed, candidates=candidates)
    single = out.suffix == ".json"
    target = out if single else out / "canaries.json"
    text = out.with_suffix(".txt") if single else out / "plant.txt"
    for path in (target, text):
        if path.exists():
            raise InputError(
                f"--out: {path} exists; canaries already planted must not be overwritten, choose another path"
            )
    lines = planting_lines(made)
    try:
        write_text(target, dump(made) + "\n")  # secrets: the owner's alone
        write_text(text, "\n".join(lines) + "\n")
    except OSError as err:
        raise InputError(f"--out {out} cannot be written ({err.strerror}); choose another path") from err
    planted = sum(canary.planted for canary in made.canaries)
    result = {
        "canaries": str(target),
        "plant": str(text),
        "planted": planted,
        "controls": len(made.canaries) - planted,
        "lines": len(lines),
    }
    if as_json:
        say(json_text(result))
    else:
        say(f"canaries: {target}", f"text to plant: {text} ({len(lines)} lines, {planted} canaries)")
