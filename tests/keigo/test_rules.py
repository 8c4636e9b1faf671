"""Every rule that code decides says in its docstring what it is, where it comes from, and proves it with its examples."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from jeval.keigo import analyze, rules
from jeval.keigo.knowledge import knowledge

FOLDER = Path(rules.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
COLLECTED = [
    *rules.OF_UTTERANCE, *rules.OF_WORDS, *rules.OF_RAISED, *rules.OF_HUMBLE, *rules.OF_HUMBLE_AND_RAISED, *rules.OF_FAVOUR,
]  # fmt: skip


class Example(NamedTuple):
    wrong: str
    right: str
    context: dict[str, str] | None


class Page(NamedTuple):
    """A module's docstring: title line, source, the rules that use a condition, examples."""

    title: str
    source: str
    rules: list[str]
    examples: list[Example]


def read(name: str) -> Page:
    text = import_module(f"jeval.keigo.rules.{name}").__doc__ or ""
    examples = []
    for paragraph in text.split("\n\n"):
        if found := re.fullmatch(r"\s*(?:CONTEXT: (.+)\n)?WRONG: (.+)\nRIGHT: (.+)\s*", paragraph):
            context = dict(part.split("=", 1) for part in found[1].split(", ")) if found[1] else None
            examples.append(Example(found[2], found[3].rstrip(), context))
    assert len(examples) == text.count("WRONG:") == text.count("RIGHT:")
    source = re.search(r"^SOURCE: (?:敬語の指針 )?(.+)$", text, re.MULTILINE)
    used = re.search(r"^RULES: (.+)$", text, re.MULTILINE)
    assert source, name
    return Page(text.partition(":")[0], source[1], used[1].split(", ") if used else [name.replace("_", "-")], examples)


EXAMPLES = [(name, example) for name in NAMES for example in read(name).examples]


@pytest.mark.parametrize("name", NAMES)
def test_a_module_says_which_rule_it_is_and_shows_it(name: str) -> None:
    page = read(name)
    assert page.title == (name if name in rules.CONDITIONS else name.replace("_", "-"))
    assert page.examples


@pytest.mark.parametrize("name", NAMES)
def test_the_source_is_that_of_the_entry_in_the_rules(name: str) -> None:
    page = read(name)
    sections = [str(knowledge().by_id[rule].fields["section"]) for rule in page.rules]
    if name in rules.CONDITIONS:
        assert all(section.startswith(page.source) for section in sections)
    else:
        assert sections == [page.source]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda value: value if isinstance(value, str) else "")
def test_the_wrong_example_is_found_by_this_rule_and_the_right_one_is_left(name: str, example: Example) -> None:
    found = {error.rule for error in analyze(example.wrong, example.context).errors}
    assert len(found) == 1 and found <= set(read(name).rules)
    assert analyze(example.right, example.context).errors == ()


def test_every_module_is_collected_and_every_rule_without_a_pattern_has_one() -> None:
    collected = {rule_id.replace("-", "_"): find for rule_id, find in COLLECTED}
    assert {*collected, *rules.CONDITIONS} == set(NAMES)
    for name, find in collected.items():
        assert find is import_module(f"jeval.keigo.rules.{name}").find
    for name, holds in rules.CONDITIONS.items():
        assert holds is import_module(f"jeval.keigo.rules.{name}").holds
    coded = {rule.id for rule in knowledge().rules if rule.pattern is None and rule.regex is None}
    assert {name.replace("_", "-") for name in collected} == coded


def test_a_condition_names_the_rules_that_ask_it() -> None:
    for name in rules.CONDITIONS:
        assert read(name).rules == [rule.id for rule in knowledge().rules if rule.when == name]
