"""The house is in order: what the linter of imports does not see."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Modules that may import late: the command line, so that `--help` is quick, and packages whose names are lazy.
LATE = ("cli.py", "command.py", "__init__.py")


def modules() -> list[Path]:
    return sorted(path for path in (ROOT / "jeval").rglob("*.py") if "_pack" not in path.parts)


def late_imports(path: Path) -> Iterator[str]:
    """Modules of jeval that a function of ``path`` imports."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jeval":
                    yield str(node.module)
                elif isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "jeval")


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


_SPARED = """
import gc, importlib, json, os, sys
gc.disable()  # a collection in a fork copies all that was imported
importlib.import_module(sys.argv[1])
own = set(sys.stdlib_module_names) | {"jeval"}
here = {name.partition(".")[0] for name in sys.modules} | own
found = {}
for target in sys.argv[2:]:
    out, into = os.pipe()
    if not os.fork():
        importlib.import_module(target)
        more = {name.partition(".")[0] for name in sys.modules} - here
        os.write(into, json.dumps(sorted(more)).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as told:
        found[target] = json.loads(told.read())
print(json.dumps(found), flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each import is tried in a fork")
def test_an_import_inside_a_function_spares_the_load_of_somebody_elses_library() -> None:
    for path in modules():
        targets = sorted(set(late_imports(path)))
        if path.name in LATE or not targets:
            continue
        command = [sys.executable, "-c", _SPARED, dotted(path), *targets]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        for target, spared in json.loads(done.stdout).items():
            assert spared, f"{path}: import {target} at the top, nothing is spared by importing it late"


def test_a_function_fits_on_a_page() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path}: {node.name} has more than 60 lines"


@pytest.mark.parametrize("path", sorted((ROOT / "tasks").glob("*/search/*.yaml")), ids=lambda path: path.stem)
def test_a_task_of_the_search_suite_is_its_twin_and_three_lines(path: Path) -> None:
    if path.stem != "_group":
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) == 3
        assert lines[0] == f"include: ../{path.name}"
        assert (path.parent.parent / path.name).is_file()


def test_one_licence_is_stated_for_all_data_and_only_once() -> None:
    rooms = sorted(path.parent.name for path in (ROOT / "data").glob("*/about.yaml"))
    assert rooms == sorted(path.name for path in (ROOT / "data").iterdir() if path.is_dir())
    for path in sorted((ROOT / "data").rglob("*")):
        if path.suffix not in {".yaml", ".tsv", ".txt"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        assert "Apache" not in text, path
        assert ("CC BY 4.0" in text) == (path.name == "about.yaml"), path
    assert "CC BY 4.0" in (ROOT / "LICENSE-ITEMS").read_text(encoding="utf-8")


def test_nothing_of_jeval_starts_by_itself() -> None:
    assert not [*ROOT.glob("jeval/**/*.pth")]
    assert ".pth" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
