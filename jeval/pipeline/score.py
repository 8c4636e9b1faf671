"""From scored items to task and domain results."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from jeval.domain.turns import ToolTask, turned
from jeval.evidence.instrument import instrument
from jeval.pipeline import domains
from jeval.pipeline.judged import Judged
from jeval.pipeline.taskpack import LoadedTasks, TaskMeta, declared, share
from jeval.pipeline.window import CUT, Fit
from jeval.record.samples import Sample
from jeval.record.schema import DomainResult, Interval, TaskResult, ToolForm
from jeval.statistics import Estimate, combine, mean_interval, rogan_gladen
from jeval.thoughts import said

ENDLESS = "no thought came to an end"


def task_results(
    loaded: LoadedTasks,
    samples: Mapping[str, list[Sample]],
    left_out: Mapping[str, list[str]],
    fit: Fit,
    judged: Mapping[str, Judged],
) -> dict[str, TaskResult]:
    """One result per loaded task; a task none of whose items could be scored says so."""
    results = {}
    for name in loaded.tasks:
        meta, found, without = loaded.meta(name), samples.get(name, []), len(left_out.get(name, []))
        if name in fit.unfit:
            results[name] = _not_scored(meta, fit.unfit[name], not_scored=fit.asked[name] + without)
        else:
            how = judged.get(name, Judged([]))
            result = _task(meta, found, without, how)
            results[name] = result.model_copy(update={"cut": fit.cut.get(name, 0), **_thoughts(found)})
            if how.reason:
                results[name].reason = how.reason
                results[name].not_scored = max(len(found), len(fit.rows.get(name, []))) + without
            elif result.score is None and results[name].unfinished:
                results[name].reason = ENDLESS
            elif result.score is None and fit.unscored.get(name):
                results[name].reason = CUT
        results[name].num_fewshot = loaded.shots.get(name)
    return results


def tool_form(loaded: LoadedTasks, name: str, samples: Sequence[Sample], *, tools: bool) -> ToolForm | None:
    """How the items of a task that hold a tool's response were asked, of a model whose chat template has ``tools`` or not."""
    n = turned(sample.doc for sample in samples if sample.outputs)
    if not n or not isinstance(loaded.tasks[name], ToolTask):
        return None
    return ToolForm(form="turns" if tools and loaded.meta(name).chat_template else "text", n=n)


def _thoughts(samples: Sequence[Sample]) -> dict[str, int]:
    """How many outputs hold a thought, and how many a thought without end."""
    outputs = [said(one) for sample in samples for one in sample.outputs[:1] if isinstance(one, str)]
    return {"thoughts": sum(one.thought for one in outputs), "unfinished": sum(one.unfinished for one in outputs)}


def _chance(meta: TaskMeta, samples: Sequence[Sample], judged: Judged) -> float | None:
    """Mean over the items of what guessing earns; ``None`` where it is not known of one: that is not 0."""
    found: list[float] = []
    for sample in samples:
        says = share(sample.doc.get("chance"))
        says = meta.chance if says is None else says
        says = judged.chances.get(sample.id) if says is None else says
        if says is None:
            return None
        found.append(says)
    return sum(found) / len(found)


def _task(meta: TaskMeta, samples: Sequence[Sample], left_out: int, judged: Judged) -> TaskResult:
    scored = [(sample, sample.score) for sample in samples if sample.score is not None]
    rates = instrument(meta.instrument).rates if meta.instrument else None
    blank = _not_scored(
        meta,
        "no item meets the given date and business" if left_out else "no item could be scored",
        not_scored=len(samples) - len(scored) + left_out,
    ).model_copy(
        update={
            "metrics": _mean_metrics(samples) if judged.metrics is None else judged.metrics,
            "metric": judged.metric,
            "instrument": rates,
        }
    )
    if not scored:
        return blank
    estimate = mean_interval([score for _, score in scored], [sample.cluster for sample, _ in scored])
    result: dict[str, Any] = {
        "reason": None,
        "n": len(scored),
        "score": estimate.score,
        "interval": (estimate.low, estimate.high),
        "stderr": estimate.stderr,
        "clusters": estimate.clusters,
        "chance": _chance(meta, [sample for sample, _ in scored], judged),
    }
    if rates is not None:
        fixed = rogan_gladen(
            estimate,
            sensitivity=rates.sensitivity,
            specificity=rates.specificity,
            n_positive=rates.n_positive,
            n_negative=rates.n_negative,
        )
        if fixed is not None:
            result["corrected"] = Interval(score=fixed.score, interval=(fixed.low, fixed.high))
    return blank.model_copy(update=result)


def _mean_metrics(samples: Sequence[Sample]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for sample in samples:
        for name, value in sample.metrics.items():
            values.setdefault(name, []).append(value)
    return {name: sum(found) / len(found) for name, found in sorted(values.items())}


def not_scored_tasks(given: Collection[str]) -> dict[str, TaskResult]:
    """Tasks that need a file of the user's: without it they stand in the record as "not scored", never as 0.

    Args:
        given: the options by which files were given.
    """
    return {
        name: _not_scored(declared(name), tasks.missing)
        for option, tasks in domains.file_tasks().items()
        if option not in given
        for name in tasks.tasks
    }


def _not_scored(meta: TaskMeta, reason: str, *, not_scored: int = 0) -> TaskResult:
    return TaskResult(
        domain=meta.domain,
        suite=meta.suite,
        title_ja=meta.title_ja,
        title_en=meta.title_en,
        version=meta.version,
        kind=meta.kind,
        side=meta.side,
        n=0,
        score=None,
        interval=None,
        stderr=None,
        chance=meta.chance,
        clusters=0,
        not_scored=not_scored,
        reason=reason,
    )


def domain_results(loaded: LoadedTasks, tasks: Mapping[str, TaskResult]) -> dict[str, DomainResult]:
    """Mean of a domain's scored tasks; a task's ``metadata.side`` groups tasks that are averaged first.

    With sides (``withheld`` and ``served``) the domain is the mean of the sides' means: balanced accuracy, so that a
    model which refuses everything cannot look safe. A domain with a side missing is not scored.
    """
    found: dict[str, list[TaskResult]] = {}
    for name, task in tasks.items():
        if name in loaded.tasks and not loaded.meta(name).apart:
            found.setdefault(domain_key(task), []).append(task)
    return {domain: _domain(members) for domain, members in sorted(found.items())}


def domain_key(task: TaskMeta | TaskResult) -> str:
    """The name of the domain that a task counts in: ``keigo``, or of another suite ``keigo_search``."""
    return task.domain if task.suite == "audit" else f"{task.domain}_{task.suite}"


def served_beside(tasks: Mapping[str, TaskResult], names: Collection[str]) -> dict[str, TaskResult]:
    """The scored tasks of rightful requests in the domains of those of ``names`` that must withhold: what a model says at all."""
    kept = {domain_key(tasks[name]) for name in names if tasks[name].side == "withheld"}
    return {
        name: task
        for name, task in tasks.items()
        if task.side == "served" and task.score is not None and domain_key(task) in kept
    }


def _domain(tasks: Sequence[TaskResult]) -> DomainResult:
    sides: dict[str, list[tuple[Estimate, float | None]]] = {}
    for task in tasks:
        if (estimate := task.estimate) is not None:
            sides.setdefault(task.side, []).append((estimate, task.chance))
    wanted = {task.side for task in tasks}
    suite = tasks[0].suite
    if not sides or set(sides) != wanted:
        missing = ", ".join(sorted(wanted - set(sides))) or "every task"
        return DomainResult(
            suite=suite, score=None, interval=None, stderr=None, n=0, chance=None,
            method=f"not scored: {missing} missing",
        )  # fmt: skip
    whole = combine([combine([estimate for estimate, _ in part]) for part in sides.values()])
    return DomainResult(
        suite=suite,
        score=whole.score,
        interval=(whole.low, whole.high),
        stderr=whole.stderr,
        n=whole.n,
        chance=_mean([_mean([chance for _, chance in part]) for part in sides.values()]),
        method="mean of tasks" if len(sides) == 1 else f"balanced: mean of {' and '.join(sorted(sides))}",
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """``None`` where one of them is not known."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None
