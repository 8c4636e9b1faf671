"""Prompts and answers that do not fit the model's window: found before anything is computed, never scored as safe or as 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jeval import Fitness
from jeval.fitness import BROKEN
from jeval.models.load import load
from jeval.models.source import resolve
from jeval.pipeline.evaluate import choose_items, evaluate
from jeval.pipeline.road import Scored, score
from jeval.pipeline.taskpack import load_tasks
from jeval.record.samples import read_samples
from jeval.record.store import read_record
from jeval.report.page import render

LEAK, CONVERT, CHOICE, CASE = "jeval_leak_context", "jeval_keigo_convert", "jeval_keigo_choice", "jeval_finreg_case"
BACKENDS = pytest.mark.parametrize("backend", ["jeval-hf", "hf"])


def scored_in(folder: Path, window: int, backend: str, *tasks: str, limit: int = 2) -> Scored:
    lm = load(resolve(folder), backend=backend, device="cpu", dtype="float32", model_args={"max_length": window})
    loaded = load_tasks(list(tasks))
    return score(lm, loaded, choose_items(loaded, limit=limit), seed=0, chat_template=False)


def lengths(folder: Path, task: str, limit: int) -> list[int]:
    """Tokens of each item's longest request, one a character."""
    from transformers import AutoTokenizer

    encoder = AutoTokenizer.from_pretrained(folder)
    loaded = load_tasks([task])
    one = loaded.tasks[task]
    found = []
    for doc in (loaded.docs(task)[number] for number in range(limit)):
        endings = one.doc_to_choice(doc) if one.OUTPUT_TYPE == "multiple_choice" else [""]
        found.append(max(len(encoder.encode(one.doc_to_text(doc) + ending)) for ending in endings))
    return found


@BACKENDS
def test_an_item_of_leaks_whose_prompt_is_cut_is_not_scored_to_the_token(tiny_model: Path, backend: str) -> None:
    sizes = lengths(tiny_model, LEAK, 3)
    assert len(set(sizes)) > 1
    window = min(sizes) + 128  # room for the answer: the shortest fits exactly
    found = scored_in(tiny_model, window, backend, LEAK, limit=3)
    fits = [size == min(sizes) for size in sizes]
    assert [sample.score is not None for sample in found.samples[LEAK]] == fits
    assert [bool(sample.outputs) for sample in found.samples[LEAK]] == fits
    task = found.tasks[LEAK]
    assert (task.n, task.not_scored, task.cut) == (sum(fits), 3 - sum(fits), 3 - sum(fits))
    assert scored_in(tiny_model, window - 1, backend, LEAK, limit=3).tasks[LEAK].score is None
    assert [note.key for note in found.notes] == ["note_cut_not_scored"]


@BACKENDS
def test_log_likelihoods_are_scored_only_where_nothing_is_cut_to_the_token(tiny_model: Path, backend: str) -> None:
    sizes = lengths(tiny_model, CHOICE, 4)
    window = max(sizes) - 1  # the last token is read, never fed
    whole, cut = (scored_in(tiny_model, size, backend, CHOICE, limit=4) for size in (window, window - 1))
    assert (whole.tasks[CHOICE].n, whole.tasks[CHOICE].cut) == (4, 0)
    assert cut.tasks[CHOICE].cut == cut.tasks[CHOICE].not_scored == sum(size == max(sizes) for size in sizes)
    for before, after in zip(whole.samples[CHOICE], cut.samples[CHOICE], strict=True):
        assert after.id == before.id
        assert after.score in (None, before.score)
        if after.score is None:
            assert (
                after.loglikelihoods is None
                and after.evidence is not None
                and "not scored" in after.evidence.reasons[0]
            )


@BACKENDS
def test_other_generated_answers_are_scored_and_counted(tiny_model: Path, backend: str) -> None:
    found = scored_in(tiny_model, 100, backend, CONVERT)
    assert (found.tasks[CONVERT].n, found.tasks[CONVERT].cut, found.tasks[CONVERT].not_scored) == (2, 2, 0)
    assert [note.key for note in found.notes] == ["note_cut"]


@BACKENDS
def test_a_task_whose_answers_do_not_fit_is_not_scored_and_others_go_on(tiny_model: Path, backend: str) -> None:
    found = scored_in(tiny_model, 128, backend, LEAK, "jeval_keigo_reply", CONVERT, CASE)
    for task in (LEAK, "jeval_keigo_reply"):
        result = found.tasks[task]
        assert (result.score, result.not_scored) == (None, 2)
        assert result.reason == "the model's window is too small for the task's answers"
    assert found.tasks[CONVERT].score is not None
    assert found.tasks[CASE].reason == "the prompts do not fit the model's window"
    assert found.domains["leak"].score is None and found.domains["finreg"].score is None


def test_a_continuation_longer_than_the_window_does_not_end_the_run(tiny_model: Path) -> None:
    found = scored_in(tiny_model, 8, "jeval-hf", CHOICE, "jeval_finreg_statement")
    assert {task.reason for task in found.tasks.values()} == {"the prompts do not fit the model's window"}
    assert all(domain.score is None for domain in found.domains.values())


def test_where_all_fits_the_numbers_are_those_of_plain_evaluation(tiny_model: Path) -> None:
    loaded = load_tasks([CHOICE, CONVERT])
    chosen = choose_items(loaded, limit=3)
    lm: Any = load(resolve(tiny_model), device="cpu", dtype="float32")
    found = score(lm, loaded, chosen, seed=0, chat_template=False)
    assert found.samples == evaluate(lm, loaded, chosen.rows)
    assert found.notes == []


def test_the_run_says_so_at_once_and_in_record_and_report(tiny_model: Path, tmp_path: Path, cli: Any) -> None:
    out = tmp_path / "run"
    tasks = f"{LEAK},jeval_leak_control,{CONVERT},{CHOICE}"
    ended = cli(
        "run", "--model", tiny_model, "--tasks", tasks, "--limit", 2, "--out", out, "--model-args", "max_length=110"
    )
    assert ended.code == 0
    assert ended.err.index(f"{LEAK}: an answer takes 128 tokens") < ended.err.index("scoring:")
    record = read_record(out)
    assert record.tasks[LEAK].score is None and record.tasks["jeval_leak_control"].score is None
    assert record.tasks["jeval_leak_control"].cut == 2
    assert [sample.score for sample in read_samples(out, "jeval_leak_control")] == [None, None]
    ja, en = render([out], lang="ja"), render([out], lang="en")
    assert "モデルの文脈長が課題の回答に足りない" in ja and "先頭を切り落として評価した" in ja
    assert "too small for the task&#39;s answers" in en and "scored without their beginning" in en
    assert cli("report", out).code == 0


def test_a_run_in_which_nothing_fits_still_has_a_report(tiny_model: Path, tmp_path: Path, cli: Any) -> None:
    out = tmp_path / "run"
    args = ("--limit", 2, "--out", out, "--model-args", "max_length=20")
    assert cli("run", "--model", tiny_model, "--tasks", f"{LEAK},{CASE}", *args).code == 0
    assert "Not scored" in render([out], lang="en")


def test_fitness_takes_nothing_that_was_not_asked_for_safe(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jeval.models.hf import JevalHF

    monkeypatch.setattr(JevalHF, "max_length", property(lambda self: 200))
    tasks = ["jeval_search_leak_context", "jeval_search_leak_control"]
    result = Fitness(tasks=tasks, limit=2, dtype="float32", device="cpu")(tiny_model)
    assert result.score == BROKEN and "leak" in (result.error or "")
    mixed = Fitness(tasks=["jeval_search_keigo_pairs", tasks[0]], weights={"keigo": 1}, limit=2, device="cpu")(
        tiny_model
    )
    assert mixed.error is None and set(mixed.objectives) == {"keigo"}
    assert set(mixed.per_item[tasks[0]].values()) == {None} and mixed.n_items == 2
