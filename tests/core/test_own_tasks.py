"""Tasks that people bring are scored by their own metrics as stock lm-eval does, or stand as not scored with the reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

from jeval.audit.run import RunOptions, run
from jeval.models.load import load
from jeval.models.source import resolve
from jeval.pipeline.evaluate import choose_items
from jeval.pipeline.judged import FAILED, NO_METRIC
from jeval.pipeline.road import Scored, score
from jeval.pipeline.taskpack import load_tasks
from jeval.record.samples import Sample, read_samples
from jeval.record.schema import RunRecord, TaskResult
from jeval.report.page import render

PACK = Path(__file__).parent / "packs" / "own"
STOCK = ["own", "own_figure_flexible", "own_vote", "own_rolling", "own_pairs", "own_translated", "own_hooked"]
NAMES = [*STOCK, "own_faulty", "own_ragged", "own_text"]  # on the last three stock lm-eval ends with an error
#: Task → metric that is its score, as lm-eval names it.
SCORED = {
    "own_choice": "acc,none",
    "own_shots": "acc_norm,none",
    "own_figure": "exact_match,strict-match",
    "own_figure_flexible": "exact_match,flexible-extract",
    "own_vote": "exact_match,vote",
    "own_last_word": "acc,none",
    "own_pairs": "acc,none",
    "own_class": "likelier,none",
    "own_hooked": "share,none",
}


@pytest.fixture(scope="module")
def in_pack() -> Iterator[None]:
    """As in stock lm-eval, paths of data start where one runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PACK)
        yield


@pytest.fixture(scope="module")
def ours(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory, in_pack: None) -> tuple[RunRecord, Path]:
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JEVAL_CACHE", str(folder / "answers.sqlite"))
        options = RunOptions(tasks=NAMES, include=[PACK], out=folder / "run", device="cpu", dtype="float32", lang="en")
        return run(tiny_model, options, silent=True)


@pytest.fixture(scope="module")
def stock(tiny_model: Path, in_pack: None) -> dict[str, Any]:
    found: dict[str, Any] = simple_evaluate(
        model="hf",
        model_args=f"pretrained={tiny_model},dtype=float32",
        tasks=STOCK,
        task_manager=TaskManager(include_path=str(PACK), include_defaults=False),
        device="cpu",
        batch_size=4,
        bootstrap_iters=0,
    )
    return found


def samples_of(ours: tuple[RunRecord, Path], task: str) -> list[Sample]:
    return read_samples(ours[1], task)


def test_every_item_earns_what_stock_lm_eval_gives_it(ours: tuple[RunRecord, Path], stock: dict[str, Any]) -> None:
    for task, key in SCORED.items():
        metric, which = key.split(",")
        theirs = [row for row in stock["samples"][task] if row["filter"] == which]
        mine = samples_of(ours, task)
        assert len(mine) == len(theirs) >= 3, task
        for sample, row in zip(mine, theirs, strict=True):
            expected = None if math.isnan(row[metric]) else row[metric]
            assert sample.score == expected, (task, sample.id)
    varied = {task for task in SCORED if len({sample.score for sample in samples_of(ours, task)}) > 1}
    assert {"own_choice", "own_hooked"} <= varied


def test_tasks_and_their_other_metrics_are_as_stock_aggregates_them(
    ours: tuple[RunRecord, Path], stock: dict[str, Any]
) -> None:
    compared = set()
    for task, result in ours[0].tasks.items():
        if task not in stock["results"]:
            continue
        (main,) = {key.split(",")[1] for key in [SCORED.get(task, "x,none")]}
        theirs = stock["results"][task]
        for metric, value in result.metrics.items():
            key = metric if "," in metric else f"{metric},{main}"
            assert value == pytest.approx(theirs[key], abs=1e-4, rel=1e-4), (task, metric)
            compared.add(metric)
        if task in SCORED:
            assert result.score == pytest.approx(theirs[SCORED[task]]), task
    assert {
        "acc_norm",
        "perplexity",
        "word_perplexity",
        "bits_per_byte",
        "bleu",
        "chrf",
        "ter",
        "brier_score",
    } <= compared
    assert {"exact_match,flexible-extract", "parts", "percent", "error"} <= compared


def test_the_record_says_which_metric_and_filter_decide(ours: tuple[RunRecord, Path]) -> None:
    record = ours[0]
    notes = {(note.key, note.model_dump().get("task"), note.model_dump().get("metric")) for note in record.notes}
    for task, key in SCORED.items():
        metric = key.split(",")[0]
        assert ("note_metric", task, metric) in notes
        several = "figure" in task
        assert record.tasks[task].metric == (key if several else metric)
        assert (("note_filter", task, None) in notes) is several
    assert ("note_metric_range", "own_hooked", "percent") in notes
    assert ("note_metric_direction", "own_hooked", "share") in notes
    for lang, words in {"en": "its metric acc is taken as the score", "ja": "指標 acc を得点とした"}.items():
        page = render([ours[1]], lang=lang)
        assert words in page
        assert {"en": "unknown", "ja": "不明"}[lang] in page


def test_what_cannot_be_a_score_is_not_scored_and_the_other_tasks_go_on(ours: tuple[RunRecord, Path]) -> None:
    tasks = ours[0].tasks
    for task in ("own_rolling", "own_translated"):
        assert (tasks[task].score, tasks[task].reason, tasks[task].metric) == (None, NO_METRIC, "")
        assert tasks[task].metrics
    for task in ("own_breaks", "own_unbuilt"):
        assert (tasks[task].score, tasks[task].reason) == (None, FAILED)
        assert tasks[task].not_scored == 6
    said = {note.key: note.model_dump() for note in ours[0].notes if note.model_dump().get("task") == "own_breaks"}
    assert said["note_task_failed"]["what"] == "LookupError: no such page"
    assert [sample.score for sample in samples_of(ours, "own_breaks")] == [None] * 6


def test_a_metric_that_cannot_be_aggregated_leaves_the_others(ours: tuple[RunRecord, Path]) -> None:
    ragged = ours[0].tasks["own_ragged"]
    assert (ragged.metric, ragged.score) == ("acc", ours[0].tasks["own_choice"].score)
    assert ragged.metrics == {"acc": ragged.score}
    text = ours[0].tasks["own_text"]
    assert text.metric == "middle" and text.score == pytest.approx(0.25)
    kinds = [note.model_dump() for note in ours[0].notes if note.key == "note_metric_kind"]
    assert kinds == [{"key": "note_metric_kind", "task": "own_text", "metric": "said"}]


def test_an_item_whose_metric_is_nan_is_not_scored(ours: tuple[RunRecord, Path]) -> None:
    hooked = ours[0].tasks["own_hooked"]
    assert (hooked.n, hooked.not_scored) == (5, 1)
    second = samples_of(ours, "own_hooked")[1]
    assert second.score is None and second.evidence is not None
    assert second.evidence.reasons == ["not scored: share is nan"]
    assert set(second.metrics) == {"percent", "error", "middle", "unknown"}


def test_chance_follows_from_the_number_of_answers_or_is_unknown(ours: tuple[RunRecord, Path]) -> None:
    tasks = ours[0].tasks
    assert tasks["own_choice"].chance == pytest.approx((3 / 3 + 2 / 2 + 1 / 4) / 6)
    assert tasks["own_pairs"].chance == 0.5
    assert tasks["own_shots"].chance == pytest.approx(0.4)
    assert tasks["own_figure"].chance is tasks["own_class"].chance is tasks["own_rolling"].chance is None
    assert ours[0].domains["other"].chance is None


def test_records_from_before_are_read(ours: tuple[RunRecord, Path]) -> None:
    old = ours[0].tasks["own_choice"].model_dump()
    del old["metric"]
    assert TaskResult.model_validate({**old, "chance": 0.0}).metric == "score"


def test_items_without_an_id_of_their_own_are_numbered(ours: tuple[RunRecord, Path]) -> None:
    assert [sample.id for sample in samples_of(ours, "own_choice")] == list("012345")
    assert [sample.id for sample in samples_of(ours, "own_pairs")] == list("0123")  # two of them share an id
    assert [sample.id for sample in samples_of(ours, "own_class")] == list("012")
    assert samples_of(ours, "own_class")[0].doc == {"doc": "昨日は晴れ"}
    assert samples_of(ours, "own_choice")[2].doc["of"] == {"page": 2, "marks": [2, None]}


def scored(model: Path, names: list[str], limit: int | None = None, **rows: list[int]) -> Scored:
    lm = load(resolve(model), backend="jeval-hf", device="cpu", dtype="float32", batch_size="4")
    loaded = load_tasks(names, include=(PACK,))
    chosen = choose_items(loaded, limit=limit)
    chosen.rows.update(rows)
    return score(lm, loaded, chosen, seed=0, chat_template=False)


def test_a_part_of_the_items_is_asked_with_the_same_examples(
    ours: tuple[RunRecord, Path], tiny_model: Path, in_pack: None
) -> None:
    whole = {sample.id: sample for sample in samples_of(ours, "own_shots")}
    assert "例、" in whole["0"].prompt[0][0]
    for some in (scored(tiny_model, ["own_shots"], limit=2), scored(tiny_model, ["own_shots"], own_shots=[2, 5])):
        for sample in some.samples["own_shots"]:
            assert sample.prompt == whole[sample.id].prompt
    assert [sample.id for sample in some.samples["own_shots"]] == ["2", "5"]


def test_the_named_metric_and_filter_decide_in_both_languages_of_the_command(
    cli: Callable[..., Any], tiny_model: Path, tmp_path: Path, in_pack: None
) -> None:
    done = cli("run", "--model", tiny_model, "--include-path", PACK, "--tasks", "own_shots,own_figure_flexible",
               "--limit", 3, "--device", "cpu", "--out", tmp_path / "run", "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["tasks"]["own_figure_flexible"]["chance"] is None
    assert done.json["tasks"]["own_shots"]["n"] == 3
    assert "own_shots: the task has no metric `score`; its metric acc_norm is taken as the score." in done.err
    assert cli("verify", tmp_path / "run").code == 0
