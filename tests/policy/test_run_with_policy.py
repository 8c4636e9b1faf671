"""``jeval run --policy`` on a small model, and a verdict that somebody rewrote."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from jeval.audit.run import RunOptions, run
from jeval.audit.verify import check_run
from jeval.digests import file_digest, value_digest
from jeval.errors import InputError
from jeval.record.store import read_record

Cli = Callable[..., Any]
File = Callable[..., Path]
TASKS = ["jeval_keigo_choice", "jeval_finreg_figure"]
FIGURE = {"task": "jeval_finreg_figure"}
RULES: list[dict[str, Any]] = [
    {"id": "high", "subject": FIGURE, "lower_bound_at_least": 0.9},
    {"id": "low", "subject": FIGURE, "lower_bound_at_least": 0.0, "severity": "critical"},
    {"id": "gone", "subject": {"domain": "keigo"}, "lower_bound_at_least": 0.1, "severity": "minor"},
    {"id": "owned", "subject": FIGURE, "lower_bound_at_least": 0.9, "exception": {"owner": "評価係", "reason": "仮の版。", "expires": "2099-12-31"}},
]  # fmt: skip


@pytest.fixture
def judged(tiny_model: Path, policy_file: File, tmp_path: Path) -> Path:
    """A run judged by :data:`RULES` and by a comparison with itself as it was before."""
    folder, former = tmp_path / "run", tmp_path / "former"
    options: dict[str, Any] = {"limit": 6, "device": "cpu", "tasks": TASKS}
    run(tiny_model, RunOptions(out=former, **options), silent=True)
    compared = {"id": "former", "subject": FIGURE, "not_worse_than": {"run": "former", "by": 0.5}}
    policy = policy_file(*RULES, compared)
    run(tiny_model, RunOptions(out=folder, policy=str(policy), **options), silent=True)
    return folder


def test_a_run_is_judged_before_it_is_written(cli: Cli, tiny_model: Path, policy_file: File, tmp_path: Path) -> None:
    folder, report = tmp_path / "run", tmp_path / "junit.xml"
    command = [
        "run",
        "--model",
        tiny_model,
        "--out",
        folder,
        "--limit",
        6,
        "--device",
        "cpu",
        "--tasks",
        ",".join(TASKS),
    ]
    found = cli(*command, "--policy", policy_file(*RULES), "--junit", report, "--json")
    assert found.code == 1
    verdict = found.json["verdict"]
    assert (verdict["outcome"], verdict["name"], "policy" in verdict) == ("failed", "mine", False)
    told = {rule["id"]: (rule["outcome"], rule["effect"]) for rule in verdict["rules"]}
    assert told == {"high": ("fail", "fails"), "low": ("pass", "none"), "gone": ("not_scored", "warns"), "owned": ("excepted", "none")}  # fmt: skip
    recorded = read_record(folder).verdict
    assert recorded is not None
    assert recorded.model_dump(mode="json", exclude={"policy"}) == verdict
    assert recorded.policy["rules"][0]["id"] == "high"
    assert recorded.as_of == read_record(folder).timing.finished[:10]
    assert len(ElementTree.parse(report).findall(".//testcase")) == 4
    assert (folder / "report.html").is_file()
    assert check_run(folder).problems == []

    again = cli(*command, "--policy", policy_file(RULES[1], name="mild"))
    assert again.code == 0
    assert "policy mild (Trial; digest" in again.out
    assert "PASSED" in again.out
    assert cli(*command, "--json").json["verdict"] is None
    assert read_record(folder).verdict is None


def test_a_mistaken_policy_ends_the_run_before_the_model_is_loaded(
    tiny_model: Path, policy_file: File, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*_: Any) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("jeval.audit.run.load_subject", loaded)
    stranger = policy_file({"subject": {"task": "jeval_finreg_figur"}, "lower_bound_at_least": 0.5})
    command = ["run", "--model", tiny_model, "--out", tmp_path / "run", "--tasks", "jeval_finreg_figure"]
    found = cli(*command, "--policy", stranger)
    assert (found.code, "did you mean jeval_finreg_figure" in found.err) == (2, True)
    assert not (tmp_path / "run").exists()
    assert cli(*command, "--junit", tmp_path / "j.xml").code == 2
    assert "--policy" in cli(*command, "--junit", tmp_path / "j.xml").err


def test_a_run_that_cannot_be_judged_is_written_all_the_same(
    tiny_model: Path, policy_file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> Any:
        raise InputError("the other run went away meanwhile")

    monkeypatch.setattr("jeval.audit.run.apply_policy", gone)
    options = RunOptions(out=tmp_path / "run", limit=2, device="cpu", tasks=TASKS, policy=str(policy_file(*RULES)))
    with pytest.raises(InputError, match="went away"):
        run(tiny_model, options, silent=True)
    assert read_record(tmp_path / "run").verdict is None
    assert check_run(tmp_path / "run").problems == []
    assert (tmp_path / "run" / "report.html").is_file()


# Rewritten


def forged(judged: Path, tmp_path: Path, number: int, change: Callable[[Any], Any]) -> list[str]:
    folder = Path(shutil.copytree(judged, tmp_path / f"forged{number}"))
    content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    change(content["verdict"])
    (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"] = {name: file_digest(folder / name) for name in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return check_run(folder).problems


def test_a_rewritten_verdict_is_found_though_all_is_hashed_anew(judged: Path, tmp_path: Path) -> None:
    found = check_run(judged)
    assert found.problems == []
    assert "not recomputed: rules former of the policy (they compare with another run)" in found.notes

    def milder(verdict: Any) -> None:
        verdict["policy"]["rules"][0]["lower_bound_at_least"] = 0.0

    def consistent(verdict: Any) -> None:
        milder(verdict)
        verdict["digest"] = value_digest(verdict["policy"])

    changes: list[Callable[[Any], Any]] = [
        lambda v: v.update(outcome="passed"),
        lambda v: v["rules"][0].update(outcome="pass", effect="none"),
        lambda v: v["rules"][0].update(outcome="pass", effect="none", value=1.0, interval=[0.9, 1.0]),
        lambda v: v["rules"][0].update(threshold=0.0),
        lambda v: v["rules"][0].update(severity="minor", effect="warns"),
        lambda v: v["rules"][0].update(n=600),
        lambda v: v["rules"].pop(0),
        lambda v: v["rules"][4].update(outcome="fail", effect="fails"),
        lambda v: v["rules"][4].update(threshold=-1.0),
        lambda v: v["rules"][4].update(interval=[-0.9, -0.8]),
        lambda v: v["rules"][3]["exception"].update(expires="2100-12-31"),
        lambda v: v.update(as_of="2020-01-01"),
        lambda v: v.update(digest="0" * 64),
        lambda v: v.update(title_ja="別の方針"),
        lambda v: v["policy"].update(rules=[]),
        lambda v: v["policy"]["rules"][0]["subject"].update(task="jeval_finreg_none"),
        lambda v: v["policy"]["rules"][0]["subject"].update(task="jeval_finreg_none", side="withheld"),
        lambda v: v["policy"]["rules"][0].update(subject={}),
        lambda v: v.update(policy={}),
        milder,
        consistent,
    ]
    for number, change in enumerate(changes):
        problems = forged(judged, tmp_path, number, change)
        assert problems, number
        assert all(problem.startswith("run.json: ") for problem in problems), problems
        assert all(len(problem.splitlines()) == 1 for problem in problems)
