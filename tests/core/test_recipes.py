"""The recipes of CONTRIBUTING.md, followed to the letter in a copy of the tree."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.core.recipes import ROOT, recipes


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What lies in the repository, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    copy = tmp_path / "tree"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def test_there_is_a_recipe_for_everything_that_grows() -> None:
    assert list(recipes()) == ["A verb", "A rule", "An item", "A probe", "A task", "A domain"]


@pytest.mark.parametrize("title", recipes())
def test_a_recipe_works_as_it_is_written(title: str, tree: Path, tiny_model: Path, warm: list[str]) -> None:
    blocks = recipes()[title]
    assert blocks[-1].verb == "sh"
    for block in blocks:
        block.follow(tree, warm, model=tiny_model)
