"""JUnit XML and SARIF of a verdict: what their readers count on, whatever stands in the texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from jeval.policy.apply import judge_run
from jeval.policy.ci import junit, sarif
from jeval.policy.words import verdict_lines
from jeval.record.schema import RunRecord, Verdict

Cli = Callable[..., Any]
Run = Callable[..., Path]
File = Callable[..., Path]
STATEMENT = {"task": "jeval_finreg_statement"}
FINREG = [f"jeval_finreg_{kind}" for kind in ("statement", "choice", "case", "figure")]
HOSTILE = "</failure>]]><script>alert(1)</script>&\"'\x00\x1b[31m\u202e\ufffe\ud800\U000e0041"
RULES: list[Mapping[str, Any]] = [
    {"id": "passes", "subject": STATEMENT, "lower_bound_at_least": 0.5},
    {"id": "fails", "severity": "critical", "subject": STATEMENT, "lower_bound_at_least": 0.95},
    {"id": "undecided", "subject": STATEMENT, "lower_bound_at_least": 0.74},
    {"id": "warns", "severity": "minor", "subject": STATEMENT, "lower_bound_at_least": 0.95},
    {"id": "missing", "subject": {"task": "jeval_leak_canary"}, "lower_bound_at_least": 0.5},
    {"id": "may", "subject": {"task": "jeval_leak_canary"}, "lower_bound_at_least": 0.5, "may_be_not_scored": "none"},
    {
        "id": "excepted", "subject": STATEMENT, "lower_bound_at_least": 0.95,
        "exception": {"owner": "事務企画担当", "reason": "次の版で直す。", "expires": "2027-03-31"},
    },
]  # fmt: skip


@pytest.fixture
def run(scored_run: Run) -> Path:
    turn = iter(range(1000))
    return scored_run(lambda task, doc: float(next(turn) % 4 != 0), tasks=["jeval_finreg_statement"])


@pytest.fixture
def judged(run: Path, policy_file: File) -> tuple[RunRecord, Verdict]:
    return judge_run(str(policy_file(*RULES)), run)


def test_a_test_case_a_rule_with_counts_that_agree(judged: tuple[RunRecord, Verdict]) -> None:
    record, verdict = judged
    root = ElementTree.fromstring(junit(verdict, record))
    assert root.tag == "testsuites"
    (suite,) = root.findall("testsuite")
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [rule["id"] for rule in RULES]
    assert all(case.get("classname") and case.get("time") for case in cases)
    for node in (root, suite):
        assert int(node.get("tests", "")) == len(cases)
        assert int(node.get("failures", "")) == len(suite.findall("testcase/failure")) == 3
        assert int(node.get("errors", "")) == 0
    assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped")) == 2
    failures = {case.get("name"): case.find("failure") for case in cases}
    kinds = {name: None if failure is None else failure.get("type") for name, failure in failures.items()}
    assert kinds == {"passes": None, "fails": "fail", "undecided": "undecided", "warns": None, "missing": "not_scored", "may": None, "excepted": None}  # fmt: skip
    assert (cases[3].findtext("system-out") or "").startswith("warning: ")
    assert suite.get("timestamp") == "2026-11-30T12:00:00"


def test_a_result_a_rule_that_is_not_met(judged: tuple[RunRecord, Verdict]) -> None:
    record, verdict = judged
    log = json.loads(json.dumps(sarif(verdict, record)))
    assert (log["version"], log["$schema"].endswith("sarif-2.1.0.json")) == ("2.1.0", True)
    (only,) = log["runs"]
    driver = only["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == [rule["id"] for rule in RULES]
    found = {one["ruleId"]: one["level"] for one in only["results"]}
    assert found == {"fails": "error", "undecided": "error", "warns": "warning", "missing": "error"}
    for one in only["results"]:
        assert driver["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["message"]["text"]
        assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "run.json"
    assert [one["message"]["text"].split(":")[0] for one in only["results"]] == [
        "fail",
        "undecided",
        "fail",
        "not scored",
    ]
    assert only["properties"]["verdict"] == "failed"


#: Elements, attributes (those that must be first) and children, as Jenkins' ``junit-10.xsd`` has them.
JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"}, {"time", "skipped", "timestamp"}, {"properties", "testcase"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name"}, {"time", "classname"}, {"failure", "skipped", "system-out"}),
    "failure": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"message"}, set()),
    "system-out": (set(), set(), set()),
}  # fmt: skip


def test_the_junit_file_holds_what_its_schema_knows_and_no_more(judged: tuple[RunRecord, Verdict]) -> None:
    record, verdict = judged
    seen = set()
    for node in ElementTree.fromstring(junit(verdict, record)).iter():
        must, may, children = JUNIT[node.tag]
        assert must <= set(node.attrib) <= must | may, node.tag
        assert {child.tag for child in node} <= children, node.tag
        seen.add(node.tag)
    assert seen == set(JUNIT)


def shape(must: Mapping[str, Any], **may: Any) -> dict[str, Any]:
    """An object of SARIF, whose schema lets none but the ``properties`` of a bag be added."""
    fields = {**must, **may}
    return {"type": "object", "required": list(must), "properties": fields, "additionalProperties": False}


TEXT: dict[str, Any] = {"type": "string"}
BAG: dict[str, Any] = {"type": "object"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = shape({"text": TEXT})
REGION = shape({}, startLine={"type": "integer", "minimum": 1})
PHYSICAL = shape({"artifactLocation": shape({}, uri={**TEXT, "format": "uri-reference"})}, region=REGION)
LOCATION = shape({}, physicalLocation=PHYSICAL, logicalLocations={"type": "array", "uniqueItems": True, "items": shape({}, name=TEXT)})  # fmt: skip
RESULT = shape(
    {"message": MESSAGE}, ruleId=TEXT, ruleIndex={"type": "integer", "minimum": 0}, level=LEVEL, properties=BAG,
    locations={"type": "array", "items": LOCATION}, partialFingerprints={"type": "object", "additionalProperties": TEXT},
)  # fmt: skip
DESCRIPTOR = shape({"id": TEXT}, shortDescription=MESSAGE, fullDescription=MESSAGE, properties=BAG)
DRIVER = shape({"name": TEXT}, version=TEXT, rules={"type": "array", "uniqueItems": True, "items": DESCRIPTOR})
RUN = shape({"tool": shape({"driver": DRIVER})}, results={"type": "array", "items": RESULT}, properties=BAG)
#: What the schema of SARIF 2.1.0 (OASIS) asks of the objects that are written; the whole schema finds no fault with them either.
SARIF = shape({"version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}}, **{"$schema": TEXT})


def test_the_sarif_file_holds_what_its_schema_knows_and_no_more(judged: tuple[RunRecord, Verdict]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    record, verdict = judged
    jsonschema.Draft7Validator(SARIF).validate(json.loads(json.dumps(sarif(verdict, record))))


def test_of_a_domain_that_was_run_in_part_no_number_leaves_the_house(scored_run: Run, policy_file: File) -> None:
    rule = {"id": "domain", "subject": {"domain": "finreg"}, "lower_bound_at_least": 0.999}
    folder = scored_run(lambda task, doc: float(len(doc["id"]) % 2), tasks=FINREG)
    whole, verdict = judge_run(str(policy_file(rule)), folder)
    part = whole.model_copy(update={"settings": whole.settings.model_copy(update={"limit": 20})})
    number = f"{verdict.rules[0].value:.3f}"
    for record, told in ((whole, True), (part, False)):
        texts = (junit(verdict, record), json.dumps(sarif(verdict, record)), "\n".join(verdict_lines(verdict, record)))
        assert [number in text for text in texts] == [told] * 3
        assert ["evaluated in part" in text for text in texts] == [not told] * 3


def test_texts_of_others_are_text(judged: tuple[RunRecord, Verdict]) -> None:
    record, verdict = judged
    rule = verdict.rules[1].model_copy(update={"ja": HOSTILE, "en": HOSTILE, "detail": HOSTILE, "tasks": [HOSTILE]})
    hostile = verdict.model_copy(update={"name": HOSTILE, "rules": [rule]})
    model = record.model.model_copy(update={"name": HOSTILE})
    written = junit(hostile, record.model_copy(update={"model": model}))
    root = ElementTree.fromstring(written)
    assert not root.findall(".//script")
    assert len(root.findall(".//testcase")) == 1
    log = json.dumps(sarif(hostile, record), ensure_ascii=False)
    assert "\ufffe" not in written
    for text in (written, log):
        assert not {"\x00", "\x1b", "\u202e", "\ud800", "\U000e0041"} & set(text)
    assert "<script>alert(1)</script>" in (root.findtext(".//failure") or "")


def test_the_command_writes_both_and_ends_with_1(cli: Cli, run: Path, policy_file: File, tmp_path: Path) -> None:
    policy = policy_file(*RULES)
    one, other = tmp_path / "ci" / "junit.xml", tmp_path / "ci" / "jeval.sarif"
    before = sorted(path.name for path in run.rglob("*"))
    found = cli("policy", "check", run, "--policy", policy, "--junit", one, "--sarif", other, "--json")
    assert found.code == 1
    assert found.json["verdict"]["outcome"] == "failed"
    assert len(ElementTree.parse(one).findall(".//testcase")) == 7
    assert json.loads(other.read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert sorted(path.name for path in run.rglob("*")) == before
    lines = cli("policy", "check", run, "--policy", policy).out.splitlines()
    assert "FAILED" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["pass", "fail", "undecided", "warning", "not", "not", "excepted"]
    assert "such items decide" in lines[3]
    passing = policy_file(RULES[0], name="passing")
    assert cli("policy", "check", run, "--policy", passing).code == 0
    assert cli("policy", "check", run, "--policy", policy_file(RULES[2], name="open")).code == 1
