"""Policies that cannot be applied: one line, exit code 2, the place in the file, and what is near to what was given."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.errors import InputError
from jeval.policy.apply import judge_run
from jeval.policy.read import read_policy, shipped

Cli = Callable[..., Any]
Run = Callable[..., Path]
File = Callable[..., Path]
PAIRS = {"task": "jeval_keigo_pairs"}


@pytest.fixture(scope="module")
def run(write_scored: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that a policy is only held against: nothing is written into it."""
    return write_scored(tmp_path_factory.mktemp("runs") / "run", lambda task, doc: 1.0)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"subject": {"task": "jeval_keigo_pair"}}, "rules[0].subject.task: no task 'jeval_keigo_pair' here; did you mean jeval_keigo_pairs"),
        ({"subject": {"task": ["jeval_keigo_pairs", "mmlu"]}}, "rules[0].subject.task: no task 'mmlu' here; known: "),
        ({"subject": {"domain": "keigoo"}}, "rules[0].subject.domain: no domain 'keigoo' here; did you mean keigo?"),
        ({"subject": {"domain": "leak", "side": "withold"}}, "rules[0].subject.side: no side 'withold' here; did you mean withheld?"),
        ({"subject": {"domain": "keigo", "side": "withheld"}}, "rules[0].subject.side: no side 'withheld' here; domain=keigo side=withheld has none"),
        ({"subject": {"domain": "finreg", "where": {"laws": "銀行法"}}}, "rules[0].subject.where.laws: no facet 'laws' here; did you mean law?"),
        ({"subject": {"domain": "finreg", "where": {"law": "銀行"}}}, "rules[0].subject.where.law[0]: no law '銀行' here; did you mean 銀行法"),
        ({"subject": PAIRS, "each": "errortype"}, "rules[0].each: no facet 'errortype' here; did you mean error_type?"),
        ({"subject": PAIRS, "each": "law"}, "rules[0].each: no facet 'law' here; known: error_type, target"),
        ({"subject": {"domain": "leak"}, "lower_bound_at_least": None, "upper_bound_at_most": 0.1}, "rules[0].subject: items of the sides served, withheld"),
        ({"subject": {"domain": "leak"}, "each": "data_type"}, "rules[0].subject: items of the sides served, withheld say opposite things"),
        ({"subject": {"task": ["jeval_leak_context", "jeval_leak_control"]}}, "rules[0].subject: items of the sides served, withheld"),
        ({"subject": {}}, "rules[0].subject: expected either domain or task"),
        ({"subject": {"domain": "keigo", "task": "jeval_keigo_pairs"}}, "rules[0].subject: expected either domain or task"),
        ({"subject": {"tasks": "jeval_keigo_pairs"}}, "rules[0].subject.tasks: no such field; did you mean task"),
        ({"lower_bound": 0.5}, "rules[0].lower_bound: no such field; did you mean lower_bound_at_least"),
        ({"lower_bound_at_least": 60}, "rules[0].lower_bound_at_least: Input should be less than or equal to 1, got 60; thresholds are shares, 2 % is 0.02"),
        ({"lower_bound_at_least": "60%"}, "rules[0].lower_bound_at_least: Input should be a valid number, got '60%'; thresholds"),
        ({"lower_bound_at_least": True}, "rules[0].lower_bound_at_least: Input should be a valid number, got True"),
        ({"lower_bound_at_least": float("nan")}, "rules[0].lower_bound_at_least: "),
        ({"lower_bound_at_least": None}, "rules[0]: expected one of lower_bound_at_least, upper_bound_at_most, not_worse_than"),
        ({"upper_bound_at_most": 0.5}, "rules[0]: expected one of lower_bound_at_least"),
        ({"severity": "blocker"}, "rules[0].severity: Input should be 'critical', 'major' or 'minor', got 'blocker'"),
        ({"ja": ""}, "rules[0].ja: "),
        ({"ja": " "}, "rules[0].ja: "),
        ({"may_be_not_scored": ""}, "rules[0].may_be_not_scored: "),
        ({"may_be_not_scored_en": "none"}, "rules[0]: may_be_not_scored_en says in English what may_be_not_scored says"),
        ({"id": "a b"}, "rules[0].id: "),
        ({"exception": {"reason": "r", "expires": "2027-01-01"}}, "rules[0].exception.owner: is missing"),
        ({"exception": {"owner": "o", "reason": "r", "expires": "soon"}}, "rules[0].exception.expires: "),
        ({"exception": {"owner": "o", "reason": "r"}}, "rules[0].exception.expires: is missing"),
        ({"lower_bound_at_least": None, "not_worse_than": {"run": "nowhere", "by": 0.02}}, "rules[0].not_worse_than.run: "),
        ({"lower_bound_at_least": None, "each": "error_type", "not_worse_than": {"run": "nowhere", "by": 0.02}}, "not_worse_than compares whole tasks"),
    ],
)  # fmt: skip
def test_an_error_names_its_place(cli: Cli, run: Path, policy_file: File, rule: dict[str, Any], said: str) -> None:
    path = policy_file({"subject": PAIRS, "lower_bound_at_least": 0.5, **rule})
    found = cli("policy", "check", run, "--policy", path)
    assert (found.code, found.out) == (2, "")
    assert len(found.err.splitlines()) == 1
    assert str(path) in found.err
    assert said in found.err


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": "x"}, "title: no such field; did you mean title_ja, title_en"),
        ({"title_ja": None}, "title_ja: Input should be a valid string, got None"),
        ({"rules": []}, "rules: "),
        ({"rules": None}, "rules: "),
    ],
)
def test_so_does_one_at_the_top(run: Path, policy_file: File, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        judge_run(str(policy_file({"subject": PAIRS, "lower_bound_at_least": 0.5}, **fields)), run)
    assert said in str(caught.value)


def test_two_rules_of_one_id_are_refused(policy_file: File) -> None:
    rule = {"subject": PAIRS, "lower_bound_at_least": 0.5}
    with pytest.raises(InputError, match="the id one occurs twice"):
        read_policy(str(policy_file(rule, rule)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; expected title_ja"),
        ("- 1\n", "holds list; expected title_ja"),
        ("a: [\n", "cannot be read: "),
        ("a: 2026-99-99\n", "cannot be read: "),
        ("a: !!python/object/apply:os.system [true]\n", ""),
        ("a: &a [*a]\n", "no such field"),
        ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"{k}: &{k} [{','.join(['*' + j] * 10)}]\n" for j, k in zip("abcdefgh", "bcdefghi", strict=True)), "comes to more than the"),
        ("[" * 5000, ""),
        ("title_ja: " + "あ" * 2000 + "\n", "title_ja: String should have at most 1000 characters"),
    ],
)  # fmt: skip
def test_files_that_are_no_policy_are_one_quick_line(cli: Cli, run: Path, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    started = time.monotonic()
    found = cli("policy", "check", run, "--policy", path)
    assert found.code == 2
    assert len(found.err.splitlines()) == 1
    assert len(found.err) < 1000
    assert said in found.err
    assert time.monotonic() - started < 5


def test_names_are_near_to_those_of_shipped_policies(cli: Cli, run: Path, tmp_path: Path) -> None:
    found = cli("policy", "check", run, "--policy", "bank-dsk")
    assert found.code == 2
    assert "did you mean bank-desk?" in found.err
    assert "jeval policy list" in found.err
    assert "is a folder" in cli("policy", "check", run, "--policy", tmp_path).err


def test_no_run_a_day_that_is_none_and_a_file_that_is_a_folder(cli: Cli, run: Path, tmp_path: Path) -> None:
    assert "holds no run" in cli("policy", "check", tmp_path / "none", "--policy", "bank-desk").err
    assert "--as-of 'soon'" in cli("policy", "check", run, "--policy", "bank-desk", "--as-of", "soon").err
    found = cli("policy", "check", run, "--policy", "bank-desk", "--junit", tmp_path)
    assert (found.code, "cannot be written" in found.err) == (2, True)


def test_shipped_policies_are_listed_and_shown_as_they_are(cli: Cli, tmp_path: Path) -> None:
    rows = cli("policy", "list", "--json").json["policies"]
    assert [row["name"] for row in rows] == sorted(shipped())
    assert all(row["title_ja"] in cli("policy", "list").out for row in rows)
    shown = cli("policy", "show", "bank-desk").out
    copy = tmp_path / "copy.yaml"
    copy.write_text(shown, encoding="utf-8")
    assert read_policy(str(copy)).digest == read_policy("bank-desk").digest
    assert cli("policy", "show", "bank-dsk").code == 2
