"""The tables of the room: what a broken one says, and what each folder of the room is said to hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from jeval.errors import InputError
from jeval.finreg import knowledge
from jeval.finreg.templates import Template
from jeval.reading import read_yaml
from jeval.resources import data_path


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(knowledge, "path", lambda name: tmp_path / name)
    return tmp_path


def test_a_table_with_another_heading_or_a_short_row_is_named_with_its_line(broken: Path) -> None:
    (broken / "x.tsv").write_text("# what it is\na\tc\n1\t2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.tsv:2: expected the columns a, b, found a, c"):
        knowledge.table("x.tsv", ("a", "b"))
    (broken / "x.tsv").write_text("a\tb\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.tsv:2: expected 2 tab-separated columns, found 1"):
        knowledge.table("x.tsv", ("a", "b"))


def test_a_document_of_another_form_is_named_with_the_place(broken: Path) -> None:
    (broken / "x.yaml").write_text("- {id: s1}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.yaml: 0\.text: Field required"):
        knowledge.document("x.yaml", list[Template])
    (broken / "x.yaml").write_text("- {id: s1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.yaml:2: not YAML"):
        knowledge.document("x.yaml", list[Template])


def test_every_folder_of_the_room_is_described_and_every_table_says_what_it_is() -> None:
    about = read_yaml(data_path("finreg", "about.yaml"))
    assert set(about["folders"]) == {path.name for path in data_path("finreg").iterdir() if path.is_dir()}
    for path in data_path("finreg", "knowledge").iterdir():
        assert path.read_text(encoding="utf-8").startswith("# "), path.name
