"""Atoms: what a row of the table can ask of a morpheme."""

from __future__ import annotations

from pathlib import Path

import pytest

from jeval.errors import InputError
from jeval.keigo.atoms import Atoms, Bits, atom_test
from jeval.keigo.knowledge import knowledge
from jeval.keigo.tokens import Token

TABLE = Path("atoms.tsv")


def token(text: str) -> Token:
    (found,) = knowledge().tagger(text)
    return found


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ("surface=食べる,飲む", True), ("surface=飲む", False), ("surface!=飲む", True), ("surface!=食べる", False),
        ("pos^=動詞", True), ("pos^=名詞,形容詞", False), ("orth_base$=べる", True), ("orth_base$=む", False), ("pos~=一般", True),
        ("pos^=動詞 c_type^=下一段", True), ("pos^=動詞 c_type^=五段", False),
    ],
)  # fmt: skip
def test_all_conditions_of_a_row_must_hold(conditions: str, holds: bool) -> None:
    assert atom_test(conditions, TABLE)(token("食べる")) is holds


def test_rows_of_one_name_are_alternatives() -> None:
    bits = Bits(["verb", "eat", "thing", "eat"])
    rows = [["verb", "pos^=動詞"], ["eat", "surface=食う"], ["thing", "pos^=名詞"], ["eat", "pos^=動詞 lemma=食べる"]]
    atoms = Atoms(rows, bits, TABLE)
    assert atoms.mask(token("食べる")) == bits.verb | bits.eat
    assert atoms.mask(token("山")) == bits["thing"]
    assert atoms.test("eat")(token("食べる"))
    assert not atoms.test("eat")(token("山"))


def test_a_condition_that_cannot_be_read_and_a_name_that_is_none_say_so() -> None:
    for conditions in ("colour=red", "surface", "surface>食べる"):
        with pytest.raises(InputError, match=r"atoms\.tsv: condition"):
            atom_test(conditions, TABLE)
    with pytest.raises(KeyError):
        knowledge().bit("no_such_atom")


def test_a_word_belongs_to_its_classes_and_so_does_the_noun_made_of_its_stem() -> None:
    bits = knowledge().bits
    assert token("伺う").mask & bits.kenjo1_verb
    assert token("送り").mask & bits.own_service  # of 送る
    assert not token("山").mask & bits.own_service
