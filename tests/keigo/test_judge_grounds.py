"""Each ground of refusal says in its docstring what it refuses and what it lets pass; both are tried here."""

from __future__ import annotations

import importlib
import pkgutil
import re
from types import ModuleType

import pytest

from jeval.keigo import judge_conversion
from jeval.keigo.judge import grounds
from jeval.keigo.judge.comparison import Comparison

GROUNDS = [
    importlib.import_module(f"{grounds.__name__}.{module.name}") for module in pkgutil.iter_modules(grounds.__path__)
]
EXAMPLE = re.compile(
    r"^(?P<verdict>Refused|Accepted): (?P<source>\S+) → (?P<answer>\S+) \((?P<target>\w+)(?:: (?P<reason>.+))?\)$"
)


def examples(ground: ModuleType) -> dict[str, re.Match[str]]:
    """The examples of a ground by verdict."""
    lines = (ground.__doc__ or "").splitlines()
    return {found["verdict"]: found for found in map(EXAMPLE.match, lines) if found}


def name(ground: ModuleType) -> str:
    return ground.__name__.rpartition(".")[2]


def test_the_grounds_are_found() -> None:
    assert {name(ground) for ground in GROUNDS} >= {"misuse", "content", "grammar", "persons", "honorific"}


@pytest.mark.parametrize("ground", GROUNDS, ids=name)
def test_a_ground_refuses_its_example_for_the_reason_it_gives(ground: ModuleType) -> None:
    example = examples(ground)["Refused"]
    source, answer, target = example["source"], example["answer"], example["target"]
    assert example["reason"] in ground.reasons(Comparison(source, answer, target, None))
    assert example["reason"] in judge_conversion(source, target, answer).reasons


@pytest.mark.parametrize("ground", GROUNDS, ids=name)
def test_a_ground_lets_its_other_example_pass(ground: ModuleType) -> None:
    example = examples(ground)["Accepted"]
    assert judge_conversion(example["source"], example["target"], example["answer"]).reasons == []
