"""The recipes of CONTRIBUTING.md as blocks that can be followed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)(?: (append|insert|file) (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: ``verb`` (append, insert, file) and ``path``, or ``sh``."""

    verb: str
    path: str
    text: str

    def follow(self, tree: Path, python: list[str], *, model: Path) -> None:
        """Do in ``tree`` what it says."""
        path = tree / self.path
        if self.verb == "sh":
            run(self.text.replace("MODEL", str(model)), tree, python)
        elif self.verb == "file":
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text, encoding="utf-8")
        elif self.verb == "append":
            before = path.read_text(encoding="utf-8")
            assert before.endswith("\n")
            path.write_text(before + self.text, encoding="utf-8")
        else:
            before = path.read_text(encoding="utf-8")
            anchor = self.text.partition("\n")[0] + "\n"
            assert before.count(anchor) == 1
            path.write_text(before.replace(anchor, self.text), encoding="utf-8")


def recipes() -> dict[str, list[Block]]:
    """Title → blocks, in order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## Recipes\n")[2]
    found = {}
    for part in text.split("\n### ")[1:]:
        title, _, body = part.partition("\n")
        found[title] = [Block(verb or language, path, text) for language, verb, path, text in _BLOCK.findall(body)]
    return found


def run(commands: str, tree: Path, python: list[str]) -> None:
    """Run ``commands`` with the ``jeval`` of ``tree``, and with what a recipe installs in a folder of its own."""
    tools, site = tree.parent / "bin", tree.parent / "site"
    tools.mkdir(exist_ok=True)
    (tools / "jeval").write_text(f'#!/bin/sh\nexec {shlex.join(python)} -m jeval "$@"\n')
    (tools / "pytest").write_text(f'#!/bin/sh\nexec {shlex.join(python)} -m pytest -p no:cacheprovider "$@"\n')
    pip = f'"{sys.executable}" -m pip --disable-pip-version-check'
    (tools / "pip").write_text(f'#!/bin/sh\nexec {pip} "$@" --quiet --no-deps --no-build-isolation --target "{site}"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(tools), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(tree), str(site)]),
    }
    done = subprocess.run(
        ["sh", "-e", "-c", commands], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
