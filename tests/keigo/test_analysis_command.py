"""``jeval keigo`` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RUN = [
    sys.executable, "-c",
    "import sys, typer\n"
    "from jeval.errors import JevalError\n"
    "from jeval.keigo.command import keigo\n"
    "app = typer.Typer(); app.command()(keigo)\n"
    "try: sys.exit(app(standalone_mode=False) or 0)\n"
    "except JevalError as err: print(err, file=sys.stderr); sys.stdout.flush(); sys.exit(err.exit_code)\n",
]  # fmt: skip


def run(*arguments: str, text: str | bytes = "") -> subprocess.CompletedProcess[bytes]:
    data = text.encode("utf-8") if isinstance(text, str) else text
    return subprocess.run([*RUN, *arguments], input=data, capture_output=True, check=False)


def test_findings_look_like_a_compilers() -> None:
    result = run(text="本日はお越しいただきありがとうございます。\n内容をご確認してください。\n")
    line = result.stdout.decode()
    assert line.startswith("-:2:4: kenjo_for_superior [kenjo-request] 「ご確認してください」")
    assert "敬語の指針" in line
    assert result.returncode == 0


def test_check_exits_with_one_on_errors_only() -> None:
    assert run("--check", text="社長がお帰りになられました。\n").returncode == 1
    assert run("--check", text="社長がお帰りになりました。\n").returncode == 0


def test_files_are_named_and_a_missing_one_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "mail.txt"
    file.write_text("一行目。\n先生がおっしゃられました。\n", encoding="utf-8")
    assert run(str(file)).stdout.decode().startswith(f"{file}:2:4: double_honorific")
    missing = run(str(tmp_path / "none.txt"))
    assert missing.returncode == 2
    assert missing.stderr.decode().count("\n") == 1


def test_json_lines_keep_id_text_and_order() -> None:
    rows = [
        {
            "id": "a",
            "text": "佐藤部長はお出かけです。",
            "context": {"speaker": "自社社員", "addressee": "顧客", "referent": "自社の部長"},
        },
        {"id": 7, "text": "お待ちください。"},
    ]
    result = run("--jsonl", text="".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    out = [json.loads(line) for line in result.stdout.decode().splitlines()]
    assert [row["id"] for row in out] == ["a", 7]
    assert set(out[0]) == {"id", "text", "style", "forms", "errors"}
    assert {error["type"] for error in out[0]["errors"]} == {"uchi_soto"}
    assert set(out[0]["errors"][0]) == {"type", "surface", "start", "end", "rule"}
    assert out[1]["forms"] == [{"surface": "お待ちください", "start": 0, "end": 7, "type": "sonkeigo"}]


def test_a_malformed_line_is_named_and_the_good_lines_before_it_are_out() -> None:
    for bad in ("{", "[]", '{"id": 1}', '{"text": 3}', '{"text": "", "context": 1}'):
        result = run("--jsonl", text='{"id": 1, "text": "お待ちください。"}\n' + bad + '\n{"id": 3, "text": "x"}\n')
        assert result.returncode == 2
        assert "standard input:2" in result.stderr.decode()
        assert [json.loads(line)["id"] for line in result.stdout.decode().splitlines()] == [1]


def test_lone_surrogates_and_line_separators_survive() -> None:
    text = "ご確認してください\ud800\u2028\u0000。"
    result = run("--jsonl", text=json.dumps({"id": "\udfff", "text": text}) + "\n")
    row = json.loads(result.stdout)
    assert row["text"] == text
    assert row["id"] == "\udfff"
    assert row["errors"][0]["surface"] == "ご確認してください"


def test_bytes_that_are_no_text_do_not_crash() -> None:
    result = run(text=b"\xff\xfe\x00\x81\n" + "ご確認してください。\n".encode() + bytes(range(256)))
    assert result.returncode == 0
    assert b":2:1: kenjo_for_superior" in result.stdout


def test_json_prints_one_object_and_nothing_to_score_is_said() -> None:
    one = json.loads(run("--json", text="見れます。\nabc\n").stdout)
    assert (one["lines"], one["errors"]) == (1, 1)
    empty = run("--json", text="abc\n")
    assert json.loads(empty.stdout) == {"lines": 0, "errors": 0, "results": []}
    assert "nothing to score" in run(text="abc\n").stderr.decode()


def test_diff_shows_what_fix_would_do_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mail.txt"
    file.write_bytes("内容をご確認してください。\r\nお待ちください。\n".encode())
    before = file.read_bytes()
    shown = run("--diff", str(file)).stdout.decode()
    assert "-内容をご確認してください。" in shown and "+内容をご確認ください。" in shown
    assert file.read_bytes() == before
    assert run("--diff", text="お待ちください。\n").stdout == b""


def test_fix_applies_the_safe_suggestions_and_reports_what_is_left(tmp_path: Path) -> None:
    file = tmp_path / "mail.txt"
    file.write_bytes("内容をご確認してください。\r\n".encode() + b"\xff\n" + "こちらが資料になります。".encode())
    file.chmod(0o640)
    result = run("--fix", "--check", str(file))
    assert file.read_bytes() == "内容をご確認ください。\r\n".encode() + b"\xff\n" + "こちらが資料になります。".encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert "mended in 1 line" in result.stderr.decode()
    assert result.stdout.decode().startswith(f"{file}:3:7: baito_keigo")
    assert result.returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mail.txt"]


def test_fix_needs_files_and_one_way_of_showing() -> None:
    for arguments in (["--fix"], ["--fix", "-"], ["--fix", "--diff"], ["--diff", "--json"]):
        result = run(*arguments, text="ご確認してください。\n")
        assert result.returncode == 2
        assert result.stderr.decode().count("\n") == 1
