"""What docs/install.md shows works: the task from outside, the lines for CI, the places of files; the README's links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.resources import answers_path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
Cli = Callable[..., Any]


def test_the_task_from_outside_the_repository_is_scored(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in re.findall(r"^```\w+ file (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    (command,) = re.findall(r"^jeval (run .* --include-path .*)$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    result = cli(*command.replace("/models/my-merge", str(tiny_model)).split(), "--json")
    assert result.code == 0, result.err
    assert result.json["tasks"]["own_hours"]["n"] == 1


def test_the_line_for_ci_fails_below_the_threshold_and_where_nothing_was_scored(
    cli: Cli, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command,) = re.findall(r"^jeval (run .* --policy .*) > audit.json$", PAGE, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    for tasks, outcome in (("jeval_leak_control", "not_scored"), ("jeval_leak", "fail")):
        words = command.replace("/models/my-merge", str(tiny_model)).replace("build/audit", f"build/{tasks}").split()
        result = cli(*words, "--tasks", tasks, "--limit", 8, "--device", "cpu")
        assert (result.code, result.json["verdict"]["outcome"]) == (1, "failed")
        rules = {rule["id"]: rule["outcome"] for rule in result.json["verdict"]["rules"]}
        assert rules["rightful-served"] == outcome
        assert (tmp_path / "build" / "junit.xml").is_file()


def test_the_cache_lies_where_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JEVAL_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert f"`{answers_path()}`" in PAGE


def test_both_languages_show_the_same_commands() -> None:
    japanese, english = PAGE.split("\n# Installation and operation\n")
    shown = [
        re.sub(r"\s*#.*", "", "\n".join(re.findall(r"^```sh\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)))
        for part in (japanese, english)
    ]
    wheels = [line for line in shown[1].splitlines() if line.strip()]
    assert len(wheels) >= 9
    assert set(wheels) <= set(shown[0].splitlines())


@pytest.mark.parametrize("path", ["README.md", *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md")))])
def test_links_of_the_documentation_lead_to_files(path: str) -> None:
    page = ROOT / path
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
