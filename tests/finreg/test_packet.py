"""Packets for readers: the questions tell no answer, the key tells all, every item is in one packet."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner, Result

from jeval.bank.command import bank_app
from jeval.errors import InputError
from jeval.finreg import bank, packet
from jeval.finreg.schema import parse_item
from jeval.finreg.statutes import read_statutes
from tests.finreg.finreg_forms import item, statutes, write_items


def test_the_right_option_stands_at_every_letter_about_equally_often() -> None:
    letters = [packet.shown(i)[1] for i in bank.load() if i.kind in ("choice", "case")]
    assert {letter: 0.18 < letters.count(letter) / len(letters) < 0.32 for letter in "PQRS"} == dict.fromkeys(
        "PQRS", True
    )


def test_the_letter_of_the_key_is_that_of_the_right_text() -> None:
    for one in bank.load():
        options, right = packet.shown(one)
        if one.kind == "statement":
            assert dict(options)[right] == one.true
        elif one.kind != "figure":
            assert dict(options)[right] == one.options[one.answer]


def test_questions_show_article_and_options_and_nothing_of_the_key(tmp_path: Path) -> None:
    figure = parse_item(item(answer="七年", why="理由の文。"), "x")
    (one,) = packet.packets([figure], read_statutes(statutes(tmp_path / "s")))
    assert "確認記録の保存期間は何年ですか" in one.questions and "直ちに、記録を作成しなければならない" in one.questions
    assert "理由の文" not in one.questions and "正答:" not in one.questions
    assert "正答: 七年" in one.key and "理由の文" in one.key


def made(tmp_path: Path, folder: Path, *more: str) -> Result:
    places = ["--statutes", str(folder), "--items", str(tmp_path / "i"), "--out", str(tmp_path / "o")]
    return CliRunner().invoke(bank_app, ["packet", *places, *more])


def test_every_item_is_in_exactly_one_packet(tmp_path: Path) -> None:
    rows = [
        item(id=f"figure-hansyu-6-{n:02d}", question=f"確認記録の保存期間は何年ですか（{n}）。") for n in range(1, 6)
    ]
    write_items(tmp_path / "i", *rows)
    folder = statutes(tmp_path / "s")
    assert made(tmp_path, folder, "--size", "2").exit_code == 0
    out = tmp_path / "o"
    texts = [path.read_text(encoding="utf-8") for path in sorted(out.glob("*.questions.md"))]
    assert sorted(re.findall(r"^## (figure\S+)（", "\n".join(texts), re.MULTILINE)) == [row["id"] for row in rows]
    assert len(texts) == len(list(out.glob("*.key.md"))) == 3
    assert made(tmp_path, folder, "--sample", "2").exit_code == 0
    assert made(tmp_path, folder, "--size", "0").exit_code == 2


def test_an_older_text_beside_a_newer_file_that_cannot_be_read_makes_no_packet(tmp_path: Path) -> None:
    write_items(tmp_path / "i", item())
    folder = statutes(tmp_path / "s")
    (folder / f"{item()['law_id']}_new.xml").write_text("<Law", encoding="utf-8")
    assert "cannot be read" in str(made(tmp_path, folder).exception)


def test_an_article_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_items(tmp_path / "i", item(article="99"))
    refused = made(tmp_path, statutes(tmp_path / "s")).exception
    assert isinstance(refused, InputError)
    assert "has no article 99" in str(refused)
