"""Packs that people bring are code; who runs one says so by its name."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from jeval.errors import InputError
from jeval.output import one_line
from jeval.pipeline.yamlfile import MAX_BYTES, outside
from jeval.reading import check_regular
from jeval.suggest import near

_CODE = {
    "python functions": re.compile(rb"!function|^\s*class\s*:", re.MULTILINE),
    "Jinja templates": re.compile(rb"\{\{|\{%"),
}


def pack_name(folder: Path) -> str:
    """The name of a pack: that of its folder."""
    return folder.expanduser().resolve().name


def check_trust(folders: Sequence[Path], trusted: Sequence[str]) -> None:
    """Whether every pack in ``folders`` is named as trusted. Nothing of a pack is run or built for this.

    Raises:
        InputError: a pack that is not, with what it contains; two of one name; a name that no pack has.
    """
    named: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"no task folder {folder}; expected a folder of lm-eval YAML files")
        name = pack_name(folder)
        other = named.setdefault(name, folder)
        if other.resolve() != folder.resolve():
            raise InputError(f"two packs are named {name!r}, {other} and {folder}; rename one of the folders")
    for name in trusted:
        if name not in named:
            hint = near(name, list(named)) if named else "it goes with --include-path DIR"
            raise InputError(f"--trust-pack {name}: no pack of that name is included; {hint}")
    for name, folder in named.items():
        if name not in trusted:
            raise InputError(
                f"the task pack {name!r} ({folder}) is code of others that would run with your rights: {contents(folder)}; read "
                f"it, then add --trust-pack {one_line(name, 80)}"
            )


def contents(folder: Path) -> str:
    """What of a pack can run, in words."""
    files, code = sorted(folder.glob("**/*.yaml")), sorted(folder.glob("**/*.py"))
    found = [f"{len(files)} YAML file{'s' * (len(files) != 1)}"]
    for what, pattern in _CODE.items():
        holding = [file for file in files if pattern.search(_text(file))]
        if holding:
            found.append(f"{what} in {_names(folder, holding)}")
    if code:
        found.append(f"python files {_names(folder, code)}")
    with contextlib.suppress(InputError):  # a file that is none of YAML: who admits the pack learns which
        if others := outside(folder):
            found.append(f"files elsewhere that it includes, {_names(folder, others)}")
    return ", ".join(found)


def _names(folder: Path, files: Sequence[Path]) -> str:
    shown = ", ".join(one_line(os.path.relpath(file, folder), 60) for file in files[:3])
    return f"{shown} and {len(files) - 3} more" if len(files) > 3 else shown


def _text(file: Path) -> bytes:
    try:
        check_regular(file)
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES)
    except (OSError, InputError):
        return b""
