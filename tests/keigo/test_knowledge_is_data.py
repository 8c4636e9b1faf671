"""What is known of Japanese is data: the code of the room holds no words, and asks for nothing that the data does not name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import jeval.keigo
from jeval.keigo.knowledge import knowledge
from jeval.reading import read_tsv, read_yaml
from jeval.resources import data_path

ROOM = Path(jeval.keigo.__file__).parent
FOLDER = data_path("keigo", "knowledge")
FILES = sorted(ROOM.rglob("*.py"))
KANA_OR_KANJI = re.compile("[\u3041-\u3096\u30a1-\u30fa\u3005\u3400-\u9fff\uff66-\uff9d]")

#: Strings with kana or kanji that may stand in the code, all for people to read: reasons of the judge, which name the forms that an
#: answer should have, and the title of the domain. Nothing is looked for with them.
ALLOWED = {"not in です・ます", "お and ご confused", "敬語"}


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """String literals that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            docstrings.add(id(node.body[0].value))  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def source_of_the_analyser() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in FILES if ROOM / "judge" not in path.parents)


def atoms_asked_for() -> set[str]:
    """``bits.name``, and names as strings: ``bit("name")`` and the like."""
    asked = re.findall(r'bits\.(\w+)|(?:\bbit\(|\btest\(|\bwords\[)"(\w+)"', source_of_the_analyser())
    return {attribute or name for attribute, name in asked}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOM)))
def test_no_string_of_the_code_is_japanese(path: Path) -> None:
    found = [(line, text) for line, text in strings(path) if KANA_OR_KANJI.search(text) and text not in ALLOWED]
    assert found == []


def test_every_atom_that_the_code_asks_for_is_in_the_tables() -> None:
    assert len(atoms_asked_for()) > 50
    assert atoms_asked_for() <= set(vars(knowledge().bits))


def test_every_expression_is_asked_for_and_every_one_asked_for_is_there() -> None:
    source = source_of_the_analyser()
    asked = set(re.findall(r'(?:expressions\[|matches\()"(\w+)"', source)) | set(re.findall(r'_says\("(\w+)"', source))
    assert asked == set(knowledge().expressions)


def test_every_atom_and_word_class_serves_a_pattern_or_the_code() -> None:
    names = {name for table in ("atoms.tsv", "lexicon.tsv") for name, *_ in read_tsv(FOLDER / table, 2)}
    patterns = " ".join(rule.pattern.source for rule in (*knowledge().frames, *knowledge().rules) if rule.pattern)
    cues = read_yaml(FOLDER / "actors.yaml")["cues"]
    of_cues = {name for cue in cues for key in ("verbs", "not_verbs", "but_verbs") for name in cue.get(key, ())}
    assert names - atoms_asked_for() - of_cues - set(re.findall(r"\w+", patterns)) == set()


@pytest.mark.parametrize(
    "path", sorted(path for path in FOLDER.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_a_table_says_in_its_first_line_what_it_holds(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
