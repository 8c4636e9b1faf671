"""A verdict for release pipelines: JUnit XML, one test case a rule, and SARIF 2.1.0, one result a rule that is not met."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jeval.output import one_line
from jeval.policy.words import shown, told
from jeval.reading import dump_json
from jeval.record.schema import RuleResult, RunRecord, Verdict
from jeval.version import __version__
from jeval.writing import SHARED, write_text

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEVELS = {"fails": "error", "undecided": "error", "warns": "warning"}


def write_junit(path: Path, verdict: Verdict, record: RunRecord) -> None:
    """Write the verdict as JUnit XML: what does not pass is a failure of the type that its outcome names, what need not pass (an
    exception that holds, "not scored" where the policy lets it) is skipped, a minor rule that is not met passes and says so.

    Raises:
        OSError: as the system says it.
    """
    write_text(path, junit(verdict, record), mode=SHARED)


def junit(verdict: Verdict, record: RunRecord) -> str:
    """The text of :func:`write_junit`."""
    failures = sum(rule.effect in ("fails", "undecided") for rule in verdict.rules)
    skipped = sum(_is_skipped(rule) for rule in verdict.rules)
    counts = {
        "tests": str(len(verdict.rules)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(skipped),
        "time": "0",
    }
    root = ElementTree.Element("testsuites", {"name": "jeval", **{k: v for k, v in counts.items() if k != "skipped"}})
    when = {"timestamp": record.timing.finished[:19]} if record.timing.finished else {}
    suite = ElementTree.SubElement(root, "testsuite", {"name": _xml(f"policy {verdict.name}"), **counts, **when})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _about(verdict, record).items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": _xml(value)})
    for rule in verdict.rules:
        _case(suite, verdict, rule, record)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, verdict: Verdict, rule: RuleResult, record: RunRecord) -> None:
    names = {"name": _xml(rule.id), "classname": _xml(f"jeval.policy.{verdict.name}"), "time": "0"}
    case = ElementTree.SubElement(suite, "testcase", names)
    message = _xml(told(rule, record))
    if rule.effect in ("fails", "undecided"):
        found = ElementTree.SubElement(case, "failure", {"type": rule.outcome, "message": message})
        found.text = _xml(f"{rule.ja}\n{rule.en}")
    elif _is_skipped(rule):
        ElementTree.SubElement(case, "skipped", {"message": message})
    else:
        ElementTree.SubElement(case, "system-out").text = f"{shown(rule)}: {message}"


def _is_skipped(rule: RuleResult) -> bool:
    return rule.effect == "none" and rule.outcome != "pass"


def _xml(text: str) -> str:
    """Text of others as XML may hold it, and as a page that shows it will not be led astray by."""
    return _NOT_XML.sub("\ufffd", "\n".join(one_line(line) for line in text.split("\n")))


def _about(verdict: Verdict, record: RunRecord) -> dict[str, str]:
    identity = record.model.identity
    return {
        "verdict": verdict.outcome,
        "policy_digest": verdict.digest,
        "as_of": verdict.as_of,
        "model": record.model.name,
        "model_digest": identity.digest if identity else "",
        "jeval": record.jeval_version,
    }


def write_sarif(path: Path, verdict: Verdict, record: RunRecord) -> None:
    """Write the rules that are not met as SARIF 2.1.0 (OASIS, 2023): level ``error`` where a rule keeps the verdict from ``passed``,
    ``warning`` where it is minor. Whether it failed, is undecided or not scored stands in the message and the properties.

    Raises:
        OSError: as the system says it.
    """
    write_text(path, dump_json(sarif(verdict, record)), mode=SHARED)


def sarif(verdict: Verdict, record: RunRecord) -> dict[str, Any]:
    """The object of :func:`write_sarif`."""
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": one_line(rule.en)},
            "fullDescription": {"text": one_line(f"{rule.ja} / {rule.en}")},
            "properties": {"severity": rule.severity},
        }
        for rule in verdict.rules
    ]
    results = [_finding(number, rule, record) for number, rule in enumerate(verdict.rules) if rule.effect in _LEVELS]
    driver = {"name": "jeval", "version": __version__, "rules": rules}
    about = {name: one_line(value) for name, value in _about(verdict, record).items()}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results, "properties": about}],
    }


def _finding(number: int, rule: RuleResult, record: RunRecord) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": "run.json"}, "region": {"startLine": 1}}}
    return {
        "ruleId": rule.id,
        "ruleIndex": number,
        "level": _LEVELS[rule.effect],
        "message": {"text": one_line(f"{rule.outcome.replace('_', ' ')}: {told(rule, record)}")},
        "locations": [place | {"logicalLocations": [{"name": one_line(task)} for task in rule.tasks]}],
        "partialFingerprints": {"policyRule/v1": rule.id},
        "properties": {"outcome": rule.outcome, "severity": rule.severity},
    }
