"""The judge's code and its tables name the same things."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import jeval.keigo.judge
from jeval.errors import InputError
from jeval.keigo.judge import tables

CODE = Path(jeval.keigo.judge.__file__).parent
TREES = {path.relative_to(CODE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in CODE.rglob("*.py")}


def literals(tree: ast.AST) -> Iterator[str]:
    """String literals that are no docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.value


def arguments(function: str) -> set[str]:
    """Literal arguments of every call of a function or method of that name."""
    found = set()
    for tree in TREES.values():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == function:
                found |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                }
    return found


KINDS = {name for name, _ in tables.atoms()} | set(tables.word_classes()) | {"known", "idiom_stem"}


def test_every_name_in_the_code_is_in_the_tables() -> None:
    assert arguments("is_a") <= KINDS
    assert arguments("word_class") <= set(tables.word_classes())
    assert arguments("expression") <= set(tables.expressions())


def test_every_row_of_the_tables_is_used() -> None:
    said = {text for tree in TREES.values() for text in literals(tree)}
    referred = {"honorifics"}
    assert said >= KINDS
    assert set(tables.expressions()) - referred <= said


def test_no_kind_has_two_meanings() -> None:
    """A class and an atom of one name would be mixed."""
    assert not {name for name, _ in tables.atoms()} & set(tables.word_classes())
    for table in ("lexicon.tsv", "expressions.tsv"):
        names = Counter(name for name, *_ in tables.table(table))
        assert [name for name, count in names.items() if count > 1] == []


def test_an_expression_that_does_not_compile_is_named() -> None:
    with pytest.raises(InputError, match=r"expressions\.tsv: label: not a regular expression"):
        tables.compiled("(", "expressions.tsv: label")
