"""Which of a task's metrics is its score.

jeval's own tasks have a metric `score`. Of a task of others the first declared metric that can be one is: it has one number
per item, from 0 to 1, higher is better, and its aggregation is their mean. All other metrics are kept beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from lm_eval.api.metrics import mean, nanmean
from lm_eval.api.task import ConfigurableTask, Task

from jeval.errors import ModelError
from jeval.limits import limited
from jeval.pipeline.kept import FAULTS, HOOK_BYTES, HOOK_SECONDS, GuardedTask
from jeval.pipeline.taskpack import TaskMeta
from jeval.record.samples import Evidence, Sample
from jeval.record.schema import Note

NO_METRIC = "none of the task's metrics scores an item from 0 to 1"
FAILED = "the task's own code failed"

Row = Mapping[str, Any]
"""An item as lm-eval logs it."""

_SCORE = "score"
_GUESSED = {"acc", "acc_norm", "acc_bytes", "acc_mutual_info"}  # right where the right one of k answers is likeliest
_PROBES = ([0.0, 1.0, 1.0, 0.25], [0.1, 0.2, 0.9])


@dataclass(frozen=True)
class Judged:
    """The items of a task, judged.

    Attributes:
        metric: the metric that is the score, "" where none can be; with its filter where the task has several.
        metrics: the task's metrics over all items, as stock lm-eval aggregates them; ``None``: the means of the items'.
        reason: why the task is not scored; "" where it is.
        chances: per item what guessing earns, where it follows from the number of answers.
    """

    samples: list[Sample]
    metric: str = _SCORE
    metrics: dict[str, float] | None = None
    reason: str = ""
    notes: list[Note] = field(default_factory=list)
    chances: dict[str, float] = field(default_factory=dict)


def failed(name: str, what: str, samples: Sequence[Sample] = ()) -> Judged:
    """A task whose own code failed; its items stand as not scored."""
    unscored = [sample.model_copy(update={"score": None}) for sample in samples]
    return Judged(unscored, metric="", reason=FAILED, notes=[fault_note(name, what)])


def fault_note(name: str, what: str) -> Note:
    """What went wrong in a task of others."""
    return Note.of("note_task_failed", task=name, what=what)


def judge(
    name: str, task: Task, logged: Sequence[Row], totals: Mapping[str, Any], meta: TaskMeta, ids: Sequence[str]
) -> Judged:
    """Find the score of every item.

    Args:
        logged: what lm-eval says of each item, once per filter.
        totals: what it says of the whole task (``metric,filter`` → value).
        ids: of all items, by their numbers.

    Raises:
        ModelError: a log-likelihood is NaN or +Inf.
    """
    filters = list(dict.fromkeys(str(row["filter"]) for row in logged))
    decides = meta.filter if meta.filter in filters else filters[0]
    by_filter: dict[str, list[Row]] = {one: [] for one in filters}
    for row in sorted(logged, key=lambda row: int(row["doc_id"])):
        by_filter[str(row["filter"])].append(row)
    rows = by_filter[decides]
    metric, notes = _choose(name, task, rows, meta) if isinstance(task, GuardedTask) else (_SCORE, [])
    if len(filters) > 1:
        notes.append(Note.of("note_filter", task=name, filters=", ".join(filters), filter=decides))
    if metric in _GUESSED and (lost := _lost(task, rows)):
        notes.append(Note.of("note_gold", task=name, n=lost))
    generated = task.OUTPUT_TYPE == "generate_until"
    samples = [_sample(row, ids[int(row["doc_id"])], metric, generated=generated) for row in rows]
    for other in filters:
        if other != decides:
            for sample, row in zip(samples, by_filter[other], strict=True):
                sample.metrics.update({f"{key},{other}": value for key, value in numbers(row).items()})
    return Judged(
        samples,
        metric=f"{metric},{decides}" if metric and len(filters) > 1 else metric,
        metrics=_totals(totals, decides) if totals else None,
        reason="" if metric else NO_METRIC,
        notes=notes,
        chances=_chances(task, samples, rows) if metric in _GUESSED else {},
    )


def _choose(name: str, task: Task, rows: Sequence[Row], meta: TaskMeta) -> tuple[str, list[Note]]:
    """The metric that is the score, "" for none, and what there is to say of it."""
    aggregation, higher = task.aggregation(), task.higher_is_better()
    order = [meta.score] if meta.score else sorted(aggregation, key=lambda metric: metric != _SCORE)
    notes = []
    for metric in order:
        found = [row[metric] for row in rows if metric in row["metrics"]]
        if why := _refused(found, aggregation[metric], higher.get(metric)):
            notes.append(Note.of(f"note_metric_{why}", task=name, metric=metric))
            continue
        if metric == _SCORE:
            return metric, []
        # That a metric is of another kind goes without saying where there is a score; values that do not fit do not.
        notes = [note for note in notes if note.key in {"note_metric_range", "note_metric_kind"}]
        notes.append(Note.of("note_metric", task=name, metric=metric))
        if higher.get(metric) is None:
            notes.append(Note.of("note_metric_direction", task=name, metric=metric))
        return metric, notes
    undeclared = sorted({str(metric) for row in rows for metric in row["metrics"]} - set(map(str, aggregation)))
    return "", [*notes, *(Note.of("note_metric_undeclared", task=name, metric=metric) for metric in undeclared)]


def _refused(values: Sequence[Any], aggregation: Any, higher: bool | None) -> str:
    """Why a metric cannot be the score; "" where it can."""
    if not values:
        return "absent"
    if not _is_mean(aggregation):
        return "corpus"
    if higher is False:
        return "lower"
    found = [_number(value) for value in values if value is not None]
    if any(number is None for number in found):
        return "kind"
    return (
        "range" if any(not 0.0 <= number <= 1.0 for number in found if number is not None and number == number) else ""
    )


def _is_mean(aggregation: Any) -> bool:
    """Whether an aggregation is the mean of the items' values; a function of the task's own is asked."""
    function: Callable[[Iterable[float]], Any] = getattr(aggregation, "__wrapped__", aggregation)
    if function in (mean, nanmean):
        return True
    if getattr(function, "__module__", "") == mean.__module__:
        return False
    try:
        with limited(HOOK_SECONDS, HOOK_BYTES):
            return all(abs(float(function(list(probe))) - sum(probe) / len(probe)) < 1e-9 for probe in _PROBES)
    except FAULTS:
        return False


def _number(value: Any) -> float | None:
    """``value`` as a float, NaN included; ``None`` where it is text, a list or another thing."""
    if isinstance(value, Real) or (type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            return None
    return None


def numbers(row: Row) -> dict[str, float]:
    """The metrics of an item that are finite numbers."""
    found = {str(metric): _number(row[metric]) for metric in row["metrics"]}
    return {metric: value for metric, value in found.items() if value is not None and math.isfinite(value)}


def _totals(totals: Mapping[str, Any], decides: str) -> dict[str, float]:
    found = {}
    for key, value in totals.items():
        metric, comma, which = key.rpartition(",")
        number = _number(value)
        if comma and metric != "bypass" and number is not None and math.isfinite(number):
            found[metric if which == decides else key] = number
    return dict(sorted(found.items()))


def _chances(task: Task, samples: Sequence[Sample], rows: Sequence[Row]) -> dict[str, float]:
    """1/k of k answers, m/k where m of them are right."""
    if task.OUTPUT_TYPE != "multiple_choice":
        return {}
    asked_twice = 2 if "acc_mutual_info" in task.aggregation() else 1
    found = {}
    for sample, row in zip(samples, rows, strict=True):
        answers = len(row["arguments"]) // asked_twice
        right = len({str(one) for one in row["target"]}) if isinstance(row["target"], (list, tuple)) else 1
        if answers:
            found[sample.id] = min(1.0, right / answers)
    return found


def _lost(task: Task, rows: Sequence[Row]) -> int:
    """Items whose right answer is none of their answers: lm-eval counts them as wrong, whatever the model says."""
    if not isinstance(task, ConfigurableTask) or task.OUTPUT_TYPE != "multiple_choice" or task.config.process_results:
        return 0
    lost = 0
    for row in rows:
        gold = task.doc_to_text(row["doc"]) if task.multiple_input else row["target"]
        choices = task.doc_to_choice(row["doc"])
        lost += not all(
            0 <= one < len(choices) if isinstance(one, int) else one in choices
            for one in (gold if isinstance(gold, list) else [gold])
        )
    return lost


def _sample(row: Row, name: str, metric: str, *, generated: bool) -> Sample:
    doc, responses = plain(row["doc"]), row["filtered_resps"]
    likelihoods = None if generated else _likelihoods(responses)
    if likelihoods is not None and any(math.isnan(value) or value == math.inf for value in likelihoods):
        raise ModelError(f"the model cannot be scored: log-likelihood of item {name} is {likelihoods}")
    metrics = numbers(row)
    score = metrics.pop(_SCORE, None) if metric == _SCORE else metrics.get(metric)
    if score is not None and not 0.0 <= score <= 1.0:
        raise ValueError(f"item {name}: score {score} is outside [0, 1]; the task's process_results is wrong")
    nan = metric in row["metrics"] and score is None
    return Sample(
        id=name,
        cluster=str(doc.get("cluster") or name),
        doc=doc,
        prompt=[[*arguments, ""][:2] for arguments in row["arguments"]],
        outputs=[list(response) if isinstance(response, tuple) else response for response in responses],
        loglikelihoods=likelihoods,
        score=score,
        metrics=metrics,
        evidence=Evidence(reasons=[f"not scored: {metric} is {row[metric]}"]) if nan else None,
    )


def _likelihoods(responses: Sequence[Any]) -> list[float] | None:
    """Log-likelihoods, alone or with whether the answer is the greedy one; ``None`` for other answers."""
    firsts = [one[0] if isinstance(one, (tuple, list)) and len(one) == 2 else one for one in responses]
    values = [_number(one) for one in firsts]
    found = [number for number in values if number is not None]
    return found if found and len(found) == len(values) else None


def plain(doc: Any) -> dict[str, Any]:
    """An item as JSON has it: keys are text, what is neither text, number, list nor mapping is written out."""
    return _plain(doc) if isinstance(doc, Mapping) else {"doc": _plain(doc)}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(entry) for entry in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return str(value)[:10_000]
