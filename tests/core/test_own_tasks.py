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
from jeval.errors import InputError
from jeval.models.cache import CHUNK, AnswerStore, in_chunks
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
STOCK = [
    "own",
    "own_figure_flexible",
    "own_gold",
    "own_vote",
    "own_rolling",
    "own_pairs",
    "own_translated",
    "own_hooked",
]
NAMES = [*STOCK, "own_faulty", "own_ragged", "own_text"]  # on the last three stock lm-eval ends with an error
#: Task → metric that is its score, as lm-eval names it.
SCORED = {
    "own_choice": "acc,none",
    "own_shots": "acc_norm,none",
    "own_figure": "exact_match,strict-match",
    "own_figure_flexible": "exact_match,flexible-extract",
    "own_vote": "exact_match,vote",
    "own_last_word": "acc,none",
    "own_gold": "acc,none",
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
        options = RunOptions(
            tasks=NAMES,
            include=[PACK],
            trust_packs=[PACK.name],
            out=folder / "run",
            device="cpu",
            dtype="float32",
            lang="en",
        )
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
    for task in ("own_breaks", "own_unbuilt", "own_exits", "own_empty"):
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


def test_right_answers_that_are_none_of_the_answers_are_said(ours: tuple[RunRecord, Path]) -> None:
    found = [note.model_dump() for note in ours[0].notes if note.key == "note_gold"]
    assert found == [{"key": "note_gold", "task": "own_gold", "n": 2}]


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


def scored(
    model: Path, names: list[str], limit: int | None = None, *, chat_template: bool = False, **rows: list[int]
) -> Scored:
    lm = load(resolve(model), backend="jeval-hf", device="cpu", dtype="float32", batch_size="4")
    loaded = load_tasks(names, include=(PACK,))
    chosen = choose_items(loaded, limit=limit)
    chosen.rows.update(rows)
    return score(lm, loaded, chosen, seed=0, chat_template=chat_template)


def test_a_part_of_the_items_is_asked_with_the_same_examples(
    ours: tuple[RunRecord, Path], tiny_model: Path, in_pack: None
) -> None:
    whole = {sample.id: sample for sample in samples_of(ours, "own_shots")}
    assert "例、" in whole["0"].prompt[0][0]
    for some in (scored(tiny_model, ["own_shots"], limit=2), scored(tiny_model, ["own_shots"], own_shots=[2, 5])):
        for sample in some.samples["own_shots"]:
            assert sample.prompt == whole[sample.id].prompt
    assert [sample.id for sample in some.samples["own_shots"]] == ["2", "5"]


def test_with_a_chat_template_prompts_are_those_of_the_stock_command(model_copy: Path, in_pack: None) -> None:
    template = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}[答]{% endif %}"
    (model_copy / "chat_template.jinja").write_text(template, encoding="utf-8")
    stock: Any = simple_evaluate(
        model="hf",
        model_args=f"pretrained={model_copy},dtype=float32",
        tasks=["own_shots", "own_figure"],
        task_manager=TaskManager(include_path=str(PACK), include_defaults=False),
        device="cpu",
        bootstrap_iters=0,
        limit=2,
        apply_chat_template=True,
        fewshot_as_multiturn=True,
    )
    ours = scored(model_copy, ["own_shots", "own_figure"], limit=2, chat_template=True)
    for task, samples in ours.samples.items():
        for sample, row in zip(samples, stock["samples"][task], strict=False):
            assert sample.prompt == [list(one) for one in row["arguments"]], task
    assert ours.samples["own_shots"][0].prompt[0][0].count("[user]") == 3


def test_answers_drawn_again_and_again_are_kept_apart(tmp_path: Path) -> None:
    asked: list[int] = []

    def draw(some: range) -> list[str]:
        asked.extend(some)
        return [f"{number}" for number in some]

    store = AnswerStore(tmp_path / "answers.sqlite")
    question = ("q", {"do_sample": True})
    args = [question] * (CHUNK + 2)
    first = in_chunks(store, "generate_until", args, draw, None)
    assert first == [f"{number}" for number in range(CHUNK + 2)]
    assert in_chunks(store, "generate_until", args, draw, None) == first
    assert len(asked) == CHUNK + 2
    store.close()


def test_the_named_metric_and_filter_decide_in_both_languages_of_the_command(
    cli: Callable[..., Any], tiny_model: Path, tmp_path: Path, in_pack: None
) -> None:
    done = cli("run", "--model", tiny_model, "--include-path", PACK, "--trust-pack", "own", "--tasks", "own_shots,own_figure_flexible",
               "--limit", 3, "--device", "cpu", "--out", tmp_path / "run", "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["tasks"]["own_figure_flexible"]["chance"] is None
    assert done.json["tasks"]["own_shots"]["n"] == 3
    assert "own_shots: its metric acc_norm is taken as the score" in done.err
    assert cli("verify", tmp_path / "run").code == 0


BASE = f"""task: t
dataset_path: json
dataset_kwargs: {{data_files: {{test: {PACK}/items.jsonl}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_target: answer
doc_to_choice: choices
metric_list: [{{metric: acc}}]
"""
DATASET = f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {PACK}/items.jsonl}}}}"
FUNCTION = ('"{{question}}"', "!function hooks.text")

#: What is changed in the task, what else lies in the folder, what the message names.
FAULTS: dict[str, tuple[tuple[str, str], dict[str, str], list[str]]] = {
    "YAML": (("doc_to_text:", "doc_to_text: ["), {}, ["t.yaml", "line"]),
    "a module that is not there": (FUNCTION, {}, ["t.yaml", "hooks"]),
    "a module that cannot be imported": (
        FUNCTION,
        {"hooks.py": "import no_such_library"},
        ["t.yaml", "no_such_library"],
    ),
    "a module with an error": (FUNCTION, {"hooks.py": "def text(:"}, ["t.yaml", "hooks.py", "line 1"]),
    "a module that ends the process": (FUNCTION, {"hooks.py": "raise SystemExit(3)"}, ["t.yaml", "SystemExit"]),
    "a function that is not there": (FUNCTION, {"hooks.py": ""}, ["t.yaml", "hooks.py", "'text'"]),
    "a data file that is not there": (("items.jsonl", "gone.jsonl"), {}, ["t.yaml", "gone.jsonl", "relative to"]),
    "a data folder that is not there": ((DATASET, "dataset_path: ./gone"), {}, ["t.yaml", "./gone"]),
    "data that cannot be read": (
        (f"{PACK}/items.jsonl", "{folder}/bad.jsonl"),
        {"bad.jsonl": '{"a": 1}\n{"a":'},
        ["bad.jsonl"],
    ),
    "data without items": ((f"{PACK}/items.jsonl", "{folder}/no.jsonl"), {"no.jsonl": ""}, ["t.yaml", "no items"]),
    "data of a hub": ((DATASET, "dataset_path: openai/gsm8k"), {}, ["t.yaml", "openai/gsm8k", "hub", "data_files"]),
    "data of an address": (
        (f"{PACK}/items.jsonl", "https://example.com/x.jsonl"),
        {},
        ["t.yaml", "https://example.com/x.jsonl"],
    ),
    "no data": ((DATASET, ""), {}, ["t.yaml", "dataset_path"]),
    "a split that is not there": (("test_split: test", "test_split: dev"), {}, ["t.yaml", "'dev'"]),
    "a field that is not there": (("{{question}}", "{{query}}"), {}, ["t.yaml", "'query'"]),
    "no text": (('doc_to_text: "{{question}}"\n', ""), {}, ["t.yaml", "doc_to_text"]),
    "no target": (("doc_to_target: answer\n", ""), {}, ["t.yaml", "doc_to_target"]),
    "no answers": (("doc_to_choice: choices", "doc_to_choice: options"), {}, ["t.yaml", "doc_to_choice"]),
    "an unknown key": (("doc_to_text:", "doc_to_txt:"), {}, ["t.yaml", "did you mean doc_to_text"]),
    "an unknown output_type": (("multiple_choice", "essay"), {}, ["t.yaml", "essay", "multiple_choice"]),
    "an unknown metric": (("metric: acc", "metric: wisdom"), {}, ["t.yaml", "aggregation"]),
    "an unknown aggregation": (
        ("metric: acc", "metric: acc, aggregation: sum"),
        {},
        ["t.yaml", "'acc'", "aggregation"],
    ),
    "an unknown filter": (
        ("task: t", "task: t\nfilter_list: [{name: f, filter: [{function: g}]}]"),
        {},
        ["t.yaml", "'g'"],
    ),
    "images": (("task: t", "task: t\ndoc_to_image: question"), {}, ["t.yaml", "images"]),
    "code of the model": (("task: t", "task: t\nunsafe_code: true"), {}, ["t.yaml", "unsafe_code"]),
    "a chance that is none": (("task: t", "task: t\nmetadata: {chance: 25%}"), {}, ["t.yaml", "25%"]),
    "a score that is none": (("task: t", "task: t\nmetadata: {score: f1}"), {}, ["t.yaml", "'f1'", "acc"]),
    "a filter that is none": (("task: t", "task: t\nmetadata: {filter: strict}"), {}, ["t.yaml", "'strict'"]),
    "no task": (("task: t\n", ""), {}, ["t.yaml", "'task'"]),
    "a name that is none": (("task: t", "task: ../t"), {}, ["t.yaml", "'../t'"]),
    "a name twice": (("", ""), {"other.yaml": "task: t"}, ["t.yaml", "other.yaml", "twice"]),
    "a name of jeval's": (("task: t", "task: jeval_keigo_choice"), {}, ["t.yaml", "choice.yaml", "twice"]),
    "a tag of jeval's": (("task: t", "task: t\ntag: jeval_keigo"), {}, ["t.yaml", "_group.yaml", "'jeval_keigo'"]),
    "a member that is nowhere": (
        ("", ""),
        {"g.yaml": "group: g\ntask: [t, tt]"},
        ["g.yaml", "'tt'", "did you mean t?"],
    ),
    "a group in itself": (("", ""), {"g.yaml": "group: g\ntask: [t, g]"}, ["g.yaml", "g > g"]),
    "a group without a list": (("task: t", "task: t\ngroup: g"), {}, ["t.yaml", "'g'", "tag:"]),
    "a file that is no mapping": (("", ""), {"list.yaml": "- a"}, ["list.yaml"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_task_that_cannot_be_loaded_is_refused_in_one_line(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (old, new), files, words = FAULTS[fault]
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    assert old in BASE
    for name, text in {
        "t.yaml": BASE.replace(old, new.replace("{folder}", str(tmp_path))) if old else BASE,
        **files,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_tasks(["t"], include=(tmp_path,))
    for word in words:
        assert word in str(refused.value)
    assert "\n" not in str(refused.value)
    said = capfd.readouterr()
    assert said.out == "" and "Traceback" not in said.err


def test_the_command_refuses_it_with_exit_code_2(cli: Callable[..., Any], tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(BASE.replace("items.jsonl", "gone.jsonl"), encoding="utf-8")
    done = cli(
        "run",
        "--model",
        tiny_model,
        "--tasks",
        "t",
        "--include-path",
        tmp_path,
        "--trust-pack",
        tmp_path.name,
        "--out",
        tmp_path / "run",
    )
    assert done.code == 2
    assert done.err.startswith("jeval: task t (") and done.err.count("\n") == 1


def test_tags_of_several_folders_hold_the_tasks_of_all(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.yaml").write_text(BASE.replace("task: t", f"task: {name}\ntag: both"), encoding="utf-8")
    loaded = load_tasks(["both"], include=(tmp_path / "one", tmp_path / "two", tmp_path))
    assert sorted(loaded.tasks) == ["one", "two"]


def test_a_file_that_others_include_needs_no_task(tmp_path: Path) -> None:
    (tmp_path / "_base.yaml").write_text(BASE.replace("task: t\n", ""), encoding="utf-8")
    (tmp_path / "t.yaml").write_text("include: _base.yaml\ntask: t\n", encoding="utf-8")
    assert list(load_tasks(["t"], include=(tmp_path,)).tasks) == ["t"]
