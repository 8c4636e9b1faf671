"""``jeval items``: output, JSON and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jeval.bank.command import items_app
from jeval.errors import InputError
from tests.finreg import finreg_forms as shared


def verify(folder: Path, *rows: dict[str, object], flags: tuple[str, ...] = ()) -> tuple[int, str, str]:
    items = shared.write_items(folder / "items", *rows)
    arguments = ["verify", "--statutes", str(folder / "statutes"), "--items", str(items.parent), *flags]
    result = CliRunner().invoke(items_app, arguments)
    if isinstance(result.exception, InputError):
        return result.exception.exit_code, result.stdout, str(result.exception)
    return result.exit_code, result.stdout, result.stderr


def test_a_sound_bank_ends_with_exit_code_0(tmp_path: Path) -> None:
    shared.statutes(tmp_path / "statutes")
    code, out, _ = verify(tmp_path, shared.item())
    assert (code, out) == (0, "1 items, 1 statutes: 0 fail\n")


def test_an_amended_law_ends_with_exit_code_1_and_names_item_and_dates(tmp_path: Path) -> None:
    changed = shared.ARTICLES | {"6": "廃止された。"}
    shared.statutes(tmp_path / "statutes", shared.plain(changed, "2027-01-01"))
    code, out, _ = verify(tmp_path, shared.item())
    assert code == 1
    assert "figure-hansyu-6-01" in out and "from 2026-07-10 to 2027-01-01" in out


def test_json_is_one_object_with_every_finding(tmp_path: Path) -> None:
    changed = shared.ARTICLES | {"6": "廃止された。"}
    shared.statutes(tmp_path / "statutes", shared.plain(changed, "2027-01-01"))
    code, out, _ = verify(tmp_path, shared.item(), flags=("--json",))
    report = json.loads(out)
    assert code == 1
    assert (report["checked"], report["ok"]) == (1, False)
    assert report["failures"][0] | {"reason": ""} == {
        "id": "figure-hansyu-6-01", "law": "犯収法", "article": "6", "kind": "amended", "reason": "",
        "old": "2026-07-10", "new": "2027-01-01",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([shared.item(law_id="999AC0000000001")], "unknown law 999AC0000000001"),
        ([shared.item(article="99")], "missing article"),
        ([shared.item(), shared.item()], "occurs twice"),
        ([shared.item(quantity={"value": "many", "unit": "年"})], "neither a number nor a fraction"),
        ([shared.item(quantity={"value": True, "unit": "年"})], "no number"),
        ([shared.item(quantity={"value": 7, "unit": " "})], "needs a unit"),
        ([shared.item(surplus=1)], "surplus"),
    ],
)
def test_bad_input_ends_with_exit_code_2_item_and_reason(
    tmp_path: Path, rows: list[dict[str, object]], words: str
) -> None:
    shared.statutes(tmp_path / "statutes")
    code, _, message = verify(tmp_path, *rows)
    assert code == 2
    assert "figure-hansyu-6-01" in message and words in message


def test_files_that_hold_no_items_end_with_exit_code_2(tmp_path: Path) -> None:
    shared.statutes(tmp_path / "statutes")
    path = shared.write_items(tmp_path / "items", shared.item())
    text = path.read_text(encoding="utf-8")
    path.write_text("\n", encoding="utf-8")
    for name, content, words in (
        (path.name, "\n", "no items in"),
        ("figures.jsonl", text, f"the items of 犯収法 stand in {path.name}; move it there, or rename the file"),
    ):
        (path.parent / name).write_text(content, encoding="utf-8")
        result = CliRunner().invoke(
            items_app, ["verify", "--statutes", str(tmp_path / "statutes"), "--items", str(path.parent)]
        )
        assert isinstance(result.exception, InputError)
        assert words in str(result.exception)


def test_one_file_alone_may_have_any_name(tmp_path: Path) -> None:
    shared.statutes(tmp_path / "statutes")
    path = shared.write_items(tmp_path / "items", shared.item()).rename(tmp_path / "mine.jsonl")
    result = CliRunner().invoke(items_app, ["verify", "--statutes", str(tmp_path / "statutes"), "--items", str(path)])
    assert result.exit_code == 0


def test_a_folder_without_item_files_says_what_is_expected(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        items_app, ["verify", "--statutes", str(shared.statutes(tmp_path)), "--items", str(tmp_path / "none")]
    )
    assert isinstance(result.exception, InputError)
    assert "banking_act.jsonl" in str(result.exception)


def test_a_broken_item_file_is_one_object_in_json_too(tmp_path: Path) -> None:
    shared.statutes(tmp_path / "statutes")
    code, out, message = verify(tmp_path, shared.item(), shared.item(), flags=("--json",))
    assert code == 2
    assert json.loads(out)["errors"] == [{"reason": message}]


def test_unreadable_xml_ends_with_exit_code_2_and_names_file_and_item(tmp_path: Path) -> None:
    shared.statutes(tmp_path / "statutes", "<Law", "419AC0000000022.xml")
    code, _, message = verify(tmp_path, shared.item())
    assert code == 2
    assert "419AC0000000022.xml cannot be read" in message and "figure-hansyu-6-01" in message


def test_generate_names_what_it_can_generate() -> None:
    result = CliRunner().invoke(items_app, ["generate", "law"])
    assert isinstance(result.exception, InputError)
    assert "keigo" in str(result.exception)
