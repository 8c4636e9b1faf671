"""Hostile: whoever sends a run folder. Attack: rewrite results, hash all anew, and have it pass as evidence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.audit.run import RunOptions, run
from jeval.audit.verify import check_run
from jeval.digests import file_digest
from jeval.errors import EvidenceError
from jeval.record.merkle import roots_of
from jeval.record.samples import read_samples, write_samples
from jeval.record.store import read_record

Cli = Callable[..., Any]
TASKS = ["jeval_keigo_choice", "jeval_keigo_convert", "jeval_leak_context", "jeval_finreg_figure"]


@pytest.fixture(scope="module")
def finished(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    run(tiny_model, RunOptions(out=folder, limit=5, device="cpu", tasks=TASKS), silent=True)
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def hash_anew(folder: Path) -> None:
    """What a forger does last."""

    def change(manifest: Any) -> None:
        for name in manifest["files"]:
            manifest["files"][name] = file_digest(folder / name)

    edit(folder / "manifest.json", change)


def root_anew(folder: Path) -> None:
    """What a forger of items does before."""
    roots = roots_of({task: read_samples(folder, task) for task in TASKS})
    edit(folder / "run.json", lambda record: record.update(items_root=roots.root, item_roots=roots.tasks))


def forged(folder: Path, change: Callable[[Any], Any]) -> list[str]:
    edit(folder / "run.json", change)
    hash_anew(folder)
    return check_run(folder).problems


def rewrite(folder: Path, task: str, **update: Any) -> None:
    samples = read_samples(folder, task)
    write_samples(folder, task, [samples[0].model_copy(update=update), *samples[1:]])
    root_anew(folder)
    hash_anew(folder)


def test_an_untouched_run_is_internally_consistent_and_every_score_is_computed_again(cli: Cli, finished: Path) -> None:
    found = check_run(finished)
    assert found.problems == []
    assert found.items == 20
    assert found.recomputed == 20 - sum(map(len, read_record(finished).masked.values()))
    said = cli("verify", finished)
    assert said.code == 0
    assert "internally consistent (内部で整合)" in said.out
    assert "unchanged" not in said.out
    assert cli("verify", finished, "--json").json["verified"] is True


# Nothing said


@pytest.mark.parametrize(
    "content", ['{"files": {}}', "{}", "[]", "null", "", "{", "\x00", '{"files": 3}', "[" * 100_000]
)
def test_a_manifest_that_says_nothing_does_not_verify(cli: Cli, folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    said = cli("verify", folder)
    assert said.code == 4
    assert len(said.err.splitlines()) == 1


def test_an_empty_list_of_files_does_not_verify(folder: Path) -> None:
    edit(folder / "manifest.json", lambda manifest: manifest.update(files={}))
    problems = check_run(folder).problems
    assert "manifest.json: names no run.json" in problems
    assert "run.json: not part of the run" in problems
    assert "samples/jeval_keigo_choice.parquet: missing" in problems


def test_a_run_without_its_manifest_does_not_verify(cli: Cli, folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(EvidenceError, match="missing"):
        check_run(folder)
    (folder / "run.json").unlink()
    assert cli("verify", folder).code == 2


@pytest.mark.parametrize("field", ["code", "task_pack"])
def test_a_run_without_the_digests_of_what_judged_does_not_verify(folder: Path, field: str) -> None:
    def empty(content: Any) -> None:
        content[field] = {}

    edit(folder / "manifest.json", empty)
    assert any("no digest" in problem for problem in forged(folder, empty))


def test_a_manifest_without_the_dictionary_does_not_verify(folder: Path) -> None:
    edit(folder / "manifest.json", lambda manifest: manifest.update(dictionary={}))
    assert check_run(folder).problems == ["manifest.json: no digest of the dictionary"]


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "samples/../run.json", "a//b", "./run.json"])
def test_a_manifest_names_files_of_its_folder_only(folder: Path, name: str) -> None:
    (folder.parent / "secret").write_text("x")
    edit(folder / "manifest.json", lambda manifest: manifest["files"].update({name: "0" * 64}))
    assert f"manifest.json: {name} is no name of a file of the run" in check_run(folder).problems


def test_a_link_is_no_file_of_a_run(folder: Path) -> None:
    real = shutil.move(folder / "run.json", folder.parent / "elsewhere.json")
    (folder / "run.json").symlink_to(real)
    assert "run.json: missing" in check_run(folder).problems


# Results rewritten, and all hashed anew


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r["tasks"]["jeval_keigo_choice"].update(score=0.95), "jeval_keigo_choice: the score is 0.95 in the record"),
        (lambda r: r["tasks"]["jeval_keigo_choice"].update(n=500), "jeval_keigo_choice: n is 500 in the record"),
        (lambda r: r["tasks"]["jeval_keigo_choice"].update(interval=[0.0, 0.001]), "jeval_keigo_choice: interval is"),
        (lambda r: r["tasks"]["jeval_keigo_choice"].update(chance=0.9), "jeval_keigo_choice: chance is 0.9"),
        (lambda r: r["tasks"]["jeval_keigo_choice"].update(stderr=0.0001), "jeval_keigo_choice: stderr is"),
        (lambda r: r["tasks"]["jeval_keigo_choice"].update(title_ja="別の課題"), "jeval_keigo_choice: title_ja is"),
        (lambda r: r["tasks"]["jeval_keigo_choice"].update(not_scored=3), "jeval_keigo_choice: not_scored is 3"),
        (lambda r: r["tasks"]["jeval_keigo_choice"].update(score=None, n=0, interval=None, reason="too hard"), "jeval_keigo_choice: n is 0"),
        (lambda r: r["domains"]["keigo"].update(score=0.99), "keigo: the domain's result is not that of its tasks"),
        (lambda r: r["domains"]["leak"].update(interval=[0.9, 1.0]), "leak: the domain's result"),
        (lambda r: r["model"]["identity"].update(weights="0" * 64), "the digest of the model is not that of its parts"),
        (lambda r: r["model"]["identity"].update(digest="0" * 64), "model is not that of run.json"),
        (lambda r: r.update(jeval_version="9.9"), "two versions of jeval"),
        (lambda r: r["settings"].update(limit=4), "1 are not the task's"),
        (lambda r: r["left_out"].update(jeval_keigo_choice=["x"]), "left_out is not what date and business leave out"),
        (lambda r: r["settings"].update(as_of="someday"), "as_of is 'someday'"),
    ],
)  # fmt: skip
def test_a_rewritten_result_is_found_though_all_is_hashed_anew(
    folder: Path, change: Callable[[Any], Any], told: str
) -> None:
    problems = forged(folder, change)
    assert any(told in problem for problem in problems), problems


@pytest.mark.parametrize("task", TASKS)
def test_a_score_that_the_stored_output_does_not_earn_is_found(folder: Path, task: str) -> None:
    score = read_samples(folder, task)[0].score
    assert score is not None
    rewrite(folder, task, score=1.0 - score)
    scores = [one.score for one in read_samples(folder, task)]

    def follow(record: Any) -> None:
        record["tasks"][task]["score"] = sum(value or 0.0 for value in scores) / len(scores)

    problems = forged(folder, follow)
    assert any(f"the stored output earns {score}" in problem for problem in problems), problems


def test_an_item_exchanged_added_or_left_out_is_found(folder: Path) -> None:
    task = "jeval_keigo_convert"
    samples = read_samples(folder, task)
    rewrite(folder, task, doc={**samples[0].doc, "text": "やさしい問題"})
    assert any(f"{task} {samples[0].id}: the item is not the task's" in one for one in check_run(folder).problems)
    write_samples(folder, task, samples[1:])
    root_anew(folder)
    scores = [one.score or 0.0 for one in samples[1:]]

    def fewer(record: Any) -> None:
        record["tasks"][task].update(n=4, score=sum(scores) / 4)

    assert f"{task}: 1 item(s) are missing and 0 are not the task's" in forged(folder, fewer)
    write_samples(folder, task, [*samples, samples[0]])
    root_anew(folder)
    hash_anew(folder)
    assert f"{task}: an item occurs twice" in check_run(folder).problems


def test_log_likelihoods_that_are_not_those_of_the_outputs_are_found(folder: Path) -> None:
    task = "jeval_keigo_choice"
    one = read_samples(folder, task)[0]
    assert one.loglikelihoods is not None
    rewrite(folder, task, loglikelihoods=[value - 1 for value in one.loglikelihoods])
    assert any("its log-likelihoods are not those of its outputs" in problem for problem in check_run(folder).problems)


def test_an_output_taken_away_earns_nothing(folder: Path) -> None:
    task = "jeval_keigo_convert"
    rewrite(folder, task, outputs=[], score=0.0)
    assert any("a score without an output" in problem for problem in check_run(folder).problems)


@pytest.mark.parametrize("outputs", [[3], [None], [["x", "y"]], ["a", "b", "c"], [{}]])
def test_outputs_of_another_form_are_a_problem_and_no_crash(cli: Cli, folder: Path, outputs: list[Any]) -> None:
    rewrite(folder, "jeval_keigo_choice", outputs=outputs)
    said = cli("verify", folder)
    assert said.code == 4
    assert "Traceback" not in said.err


# What cannot be computed again is said


def test_a_run_of_another_version_is_not_computed_again_and_that_is_said(cli: Cli, folder: Path) -> None:
    def other(content: Any) -> None:
        content["code"]["jeval"] = "0" * 64

    edit(folder / "manifest.json", other)
    assert forged(folder, other) == []
    said = cli("verify", folder)
    assert said.code == 0
    assert "not recomputed: other version (code of jeval " in said.out
    assert "scores were not recomputed (ファイルと合計は一致" in said.out and "consistent" not in said.out
    assert "recomputed from the stored outputs: 0 of 20 items" in said.out


def test_a_masked_output_is_counted_as_not_computed_again(folder: Path) -> None:
    ids = [sample.id for sample in read_samples(folder, "jeval_leak_context")[:2]]
    assert forged(folder, lambda record: record.update(masked={"jeval_leak_context": ids})) == []
    found = check_run(folder)
    assert found.recomputed == 18
    assert "not recomputed: 2 item(s) whose output is masked" in found.notes


def test_code_that_a_run_folder_names_is_not_run(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    mark = tmp_path / "was-run"
    (pack / "hooks.py").write_text(
        f"from pathlib import Path\nPath({str(mark)!r}).write_text('x')\ndef text(doc):\n    return doc['a']\n"
    )
    (pack / "items.jsonl").write_text('{"a": "一", "b": "二"}\n{"a": "三", "b": "四"}\n')
    (pack / "own.yaml").write_text(
        "task: own_one\ndataset_path: json\n"
        f"dataset_kwargs: {{data_files: {{test: {pack / 'items.jsonl'}}}}}\n"
        "test_split: test\noutput_type: multiple_choice\ndoc_to_text: !function hooks.text\n"
        "doc_to_choice: ['甲', '乙']\ndoc_to_target: 0\nmetric_list: [{metric: acc}]\n"
    )
    args = ("--tasks", "own_one,jeval_keigo_pairs", "--limit", "2", "--device", "cpu")
    ran = cli("run", "--model", tiny_model, *args, "--include-path", pack, "--out", tmp_path / "run")
    if "trust-pack" in ran.err:  # packs of others are opted in to by name
        ran = cli(
            "run", "--model", tiny_model, *args, "--include-path", pack, "--trust-pack", "pack", "--out", tmp_path / "run"
        )  # fmt: skip
    assert ran.code == 0, ran.err
    assert mark.exists()
    mark.unlink()
    said = cli("verify", tmp_path / "run")
    assert said.code == 0, said.out
    assert "not recomputed: own_one (code of others is not run here)" in said.out
    assert not mark.exists()


# The report


def test_a_report_written_again_is_still_the_runs_and_a_forged_one_is_not(cli: Cli, folder: Path) -> None:
    assert cli("report", folder, "--lang", "en").code == 0
    assert cli("verify", folder).code == 0
    page = folder / "report.html"
    page.write_text(page.read_text().replace("0.", "1.", 1))
    assert check_run(folder).problems == ["report.html: changed since the run"]
    (folder / "report.json").unlink()
    assert check_run(folder).problems == ["report.json: missing or damaged; write the report again with: jeval report"]
    assert cli("report", folder).code == 0
    assert check_run(folder).problems == []
