"""``jeval keigo`` as a linter that one keeps switched on: folders, settings, comments, formats, bad input."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

import jeval.keigo
from jeval.errors import InputError
from jeval.keigo.lint import collect, explain
from jeval.keigo.lint.check import check
from jeval.keigo.lint.config import Settings
from jeval.resources import data_path
from tests.keigo.test_analysis_command import run

ROOT = Path(jeval.keigo.__file__).parents[2]
WRONG = "内容をご確認してください。\n"


def in_folder(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str, text: str | bytes = ""
) -> tuple[int, str, str]:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    result = run(*arguments, text=text)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.md", "sub/b.txt", "sub/old/c.html", ".hidden/d.md", "e.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(WRONG, encoding="utf-8")
    return tmp_path


def test_folders_and_patterns_are_searched_and_excluded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    def names(*given: str, exclude: list[str] | None = None) -> list[str]:
        return [str(one) for one in collect.collect(given, exclude or [])]

    assert names(".") == ["./a.md", "./sub/b.txt", "./sub/old/c.html"]
    assert names(".", exclude=["old", "a.*"]) == ["./sub/b.txt"]
    assert names("**/*.txt", "sub/b.txt") == ["sub/b.txt"]
    assert "no text file in it" in names("none-*.md")[0] or names("none-*.md") == ["none-*.md"]


def test_what_is_wrong_with_one_file_stops_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "x.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (folder / "empty").mkdir()
    code, out, err = in_folder(monkeypatch, folder, "x.txt", "empty", "none.txt", "a.md", "sub")
    assert code == 2
    assert [line.split(":")[0] for line in out.splitlines()] == ["a.md", "sub/b.txt", "sub/old/c.html"]
    assert [line.split(":")[0] for line in err.splitlines()] == ["x.txt", "empty", "none.txt"]


def test_a_file_that_changes_while_it_is_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "a.md"
    plain = Path.read_bytes

    def read_bytes(self: Path) -> bytes:
        data = plain(self)
        self.write_bytes(data + b"x")
        return data

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.raises(InputError, match=r"a\.md: changed while it was read"):
        collect.read(str(path))


CONFIG = """
[tool.jeval.keigo]
contested = true
exclude = ["old"]
addressee = "顧客"

[tool.jeval.keigo.rules]
kenjo-request = "warning"
double_honorific = "off"
"""


def test_settings_of_a_project_hold(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pyproject.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "sub" / "b.txt").write_text(
        WRONG + "\n社長がお帰りになられました。お求めやすい価格です。", encoding="utf-8"
    )
    code, out, _ = in_folder(monkeypatch, folder, "--check", "sub")
    assert code == 1
    assert "b.txt:1:4: warning: kenjo_for_superior" in out and "form-o-yasui-seek" in out
    assert "double" not in out and "c.html" not in out
    assert in_folder(monkeypatch, folder, "--check", "a.md")[0] == 0  # a warning fails nothing


BAD_CONFIGS = {
    "ruless = {}": (1, "ruless", "did you mean rules"),
    "contested = 3": (1, "contested", "valid boolean"),
    "rules = {kenjo-reqest = 'off'}": (1, "rules.kenjo-reqest", "did you mean kenjo-request"),
    "[rules]\nkenjo-request = 'fatal'": (2, "rules.kenjo-request", "'fatal'"),
    "a b": (1, "", "no TOML"),
}


@pytest.mark.parametrize("text", BAD_CONFIGS)
def test_bad_settings_name_path_line_key_and_near_match(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    line, key, told = BAD_CONFIGS[text]
    (folder / ".jeval.toml").write_text("[keigo]\n" + text.replace("[rules]", "[keigo.rules]"), encoding="utf-8")
    code, out, err = in_folder(monkeypatch, folder, "a.md")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert ".jeval.toml" in err and key in err and told in err
    assert not key or f".jeval.toml:{line + 1}: {key}:" in err


IGNORED = [
    "<!-- keigo-disable-next-line -->\n" + WRONG,
    "ご確認してください。 <!-- keigo-disable-line kenjo-request -->\n",
    "<!-- keigo-disable kenjo_for_superior -->\n\nご確認してください。\n\n<!-- keigo-enable -->\n",
    "<!-- textlint-disable -->\n\nご確認してください。\n\n<!-- textlint-enable -->\n",
    WRONG + "\n<!-- jeval-keigo-disable-file -->\n",
    "---\nkeigo:\n  rules: {kenjo-request: 'off'}\n---\n\n" + WRONG,
]


@pytest.mark.parametrize("text", IGNORED)
def test_comments_switch_off_what_they_say_and_no_more(text: str) -> None:
    def rules(text: str) -> list[str]:
        return [one.rule for one in check("a.md", text, Settings()).findings]

    assert rules(text) == []
    assert rules(text.replace("disable", "xxx").replace("'off'", "error")) == ["kenjo-request"]
    assert rules(text.replace("kenjo-request", "style-mix").replace("kenjo_for_superior", "style_mix")) in (
        [], ["kenjo-request"],
    )  # fmt: skip


def test_an_enabled_block_is_checked_again_and_an_unknown_rule_is_named() -> None:
    text = f"# keigo-disable\n{WRONG}# keigo-enable\n\n{WRONG}"
    assert [one.line for one in check("a.txt", text, Settings()).findings] == [5]
    with pytest.raises(InputError, match=r"a\.txt:1: kenjo-reqest: no such rule; did you mean kenjo-request"):
        check("a.txt", "# keigo-disable kenjo-reqest\n", Settings())


def test_a_file_says_who_speaks_to_whom() -> None:
    text = "<!-- keigo: speaker=自社社員 addressee=顧客 referent=自社の部長 -->\n\n佐藤部長はお出かけです。\n"
    assert {one.type for one in check("a.md", text, Settings()).findings} == {"uchi_soto"}
    assert check("a.md", text.replace("keigo:", "x:"), Settings()).findings == []


def shown(form: str) -> str:
    return run("--format", form, "--input-format", "markdown", text=f"# 題\n\n{WRONG}").stdout.decode()


def test_github_is_shown_the_place() -> None:
    assert shown("github").startswith("::error file=-,line=3,endLine=3,col=4,endColumn=13,title=kenjo-request::")


def test_sarif_checkstyle_reviewdog_and_json_say_the_same() -> None:
    log = json.loads(shown("sarif"))
    [result] = log["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (result["ruleId"], region["startLine"], region["startColumn"], region["endColumn"]) == (
        "kenjo-request",
        3,
        4,
        13,
    )
    assert log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "kenjo-request"
    [error] = ET.fromstring(shown("checkstyle").encode()).iter("error")
    assert (error.get("line"), error.get("column"), error.get("severity")) == ("3", "4", "error")
    row: dict[str, Any] = json.loads(shown("reviewdog"))
    assert row["location"]["range"]["start"] == {"line": 3, "column": 10}  # bytes
    assert row["suggestions"][0]["text"] == "ご確認ください"
    [one] = json.loads(shown("json"))["results"][-1]["errors"]
    assert (one["rule"], one["line"], one["column"], one["severity"]) == ("kenjo-request", 3, 4, "error")


def test_statistics_count_and_unknown_names_are_refused() -> None:
    assert (
        run("--statistics", text=WRONG * 2).stdout.decode().splitlines()[-1].lstrip().startswith("2  kenjo-request  ")
    )
    for option in (["--format", "sarfi"], ["--input-format", "markdwon"], ["--explain", "kenjo-reqest"]):
        result = run(*option, text=WRONG)
        assert result.returncode == 2
        assert "did you mean" in result.stderr.decode() and result.stderr.decode().count("\n") == 1


def test_markup_and_encoding_stay_when_a_file_is_mended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "s.md"
    path.write_bytes("# 題\r\n\r\n**内容**をご確認してください。\r\n> ご確認してください。\r\n".encode("cp932"))
    assert in_folder(monkeypatch, folder, "--fix", "s.md")[0] == 0
    assert path.read_bytes().decode("cp932") == "# 題\r\n\r\n**内容**をご確認ください。\r\n> ご確認してください。\r\n"


def test_many_files_are_done_by_several_processes_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jeval.keigo.lint import run as runner

    for number in range(6):
        (tmp_path / f"{number}.txt").write_text(WRONG if number != 3 else "\0", encoding="utf-8")
    monkeypatch.setattr(runner, "_PAYS", 0)
    monkeypatch.setattr(runner, "_cores", lambda: 2)
    several = list(runner.reports([str(tmp_path)], Settings()))
    monkeypatch.setattr(runner, "_cores", lambda: 1)
    assert list(map(str, several)) == list(map(str, runner.reports([str(tmp_path)], Settings())))
    assert len(several) == 6


def test_rule_pages_are_those_of_the_data() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs/keigo/rules").glob("*")}
    assert written == explain.pages()
    assert "お求めになりやすい価格です" in explain.explained("form-o-yasui-seek")
    rules = yaml.safe_load(data_path("keigo", "knowledge", "rules.yaml").read_text(encoding="utf-8"))["rules"]
    assert all(rule.get("why") for rule in rules if rule["tier"] == "contested")


def test_the_hook_and_the_snippets_of_the_docs_are_yaml_and_call_what_there_is() -> None:
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"].split() == ["jeval", "keigo", "--check"]
    page = (ROOT / "docs/keigo-linter.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(part.partition("```")[0]) for part in page.split("```yaml\n")[1:]]
    repos = [block for block in blocks if "repos" in block]
    actions = [block for block in blocks if "jobs" in block]
    assert repos[0]["repos"][0]["hooks"][0]["id"] == hook["id"]
    steps = actions[0]["jobs"]["keigo"]["steps"]
    assert any("jeval keigo --check --format github" in step.get("run", "") for step in steps)
