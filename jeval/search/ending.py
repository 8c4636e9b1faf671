"""What a search ends with: the front, the model found, its audit beside those of its parents."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jeval.audit.run import RunOptions, task_names
from jeval.audit.run import run as audit
from jeval.fitness import Fitness, FitnessResult
from jeval.models.identity import identify
from jeval.models.source import resolve
from jeval.progress import Progress
from jeval.record.compare import pairs
from jeval.record.store import RECORD, read_record
from jeval.search.config import Audit, SearchConfig
from jeval.search.importance import importances
from jeval.search.outcome import Beaten, Ending, Found, Scored
from jeval.search.page import write_page
from jeval.search.progress import Count
from jeval.search.resident import write_merge
from jeval.search.space import recipe_yaml
from jeval.search.study import Study, result_of
from jeval.statistics import combine, detectable_difference, independent_difference, weighted_difference
from jeval.writing import write_json, write_text

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

Auditor = Callable[[str, Path], Path]
"""Name (a parent's, or :data:`BEST`) and folder of a model → the run folder of its audit."""

BEST = "best"
OUTCOME = "outcome.json"


def finish(
    config: SearchConfig,
    study: Study,
    fitness: Fitness,
    parents: Mapping[str, FitnessResult],
    out: Path,
    progress: Progress,
    lang: str,
    auditor: Auditor | None = None,
) -> Ending:
    """Write what the search found: model, recipe, audits, report.

    Args:
        auditor: audits instead of what the configuration says.
    """
    told = study.told
    chosen = _best(told)
    ending = Ending(
        out=out,
        count=Count.of(told),
        seconds=study.spent(),
        history=[{"number": n, **result_of(trial)} for n, trial in enumerate(told)],
        front=[_found(trial) for trial in front(told)],
        importances=importances(study.optuna, config.objectives),
        best=None if chosen is None else _found(chosen),
        models=[Scored(name, fitness.estimate(result)) for name, result in parents.items() if result.error is None],
    )
    if chosen is not None:
        ending = _with_model(ending, config, study, fitness, chosen, progress)
        if auditor is None and config.audit is not False:
            auditor = partial(_audit, own=config.audit, config=config, out=out / "audit", lang=lang)
        if auditor is not None:
            ending = _audited(ending, config, fitness, progress, auditor)
    ending = replace(ending, report=write_page(ending, config, lang))
    write_json(out / OUTCOME, ending.summary())
    return ending


def _best(told: Sequence[FrozenTrial]) -> FrozenTrial | None:
    """The feasible candidate of the best score: of those asked in full, else of the estimates."""
    feasible = [trial for trial in told if result_of(trial)["feasible"]]
    full = [trial for trial in feasible if not result_of(trial)["stopped"]]
    return max(full or feasible, key=lambda trial: result_of(trial)["score"], default=None)


def front(told: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Feasible candidates asked in full that no other is as good as in every domain and better in one; the best score first."""
    full = [trial for trial in told if (one := result_of(trial))["feasible"] and not one["stopped"]]
    found: list[FrozenTrial] = []
    seen: set[tuple[float, ...]] = set()
    for trial in sorted(full, key=lambda trial: -result_of(trial)["score"]):
        values = tuple(result_of(trial)["objectives"].values())
        if values not in seen and not any(_dominates(other, trial) for other in full):
            seen.add(values)
            found.append(trial)
    return found


def _dominates(one: FrozenTrial, other: FrozenTrial) -> bool:
    a, b = (list(result_of(trial)["objectives"].values()) for trial in (one, other))
    return all(x >= y for x, y in zip(a, b, strict=True)) and a != b


def _found(trial: FrozenTrial) -> Found:
    result = result_of(trial)
    return Found(trial.number, result["score"], result["objectives"], dict(trial.params))


def _with_model(
    ending: Ending, config: SearchConfig, study: Study, fitness: Fitness, chosen: FrozenTrial, progress: Progress
) -> Ending:
    """The best candidate written by mergekit, and whether it is, weight for weight, the model that was scored."""
    progress.say(f"writing candidate {chosen.number}")
    recipe = study.recipe(chosen)
    result = fitness.recall(recipe)
    text = recipe_yaml(recipe, config.seed)
    write_merge(recipe, config.seed, ending.out / BEST, text)
    write_text(ending.out / "recipe.yaml", text)
    written = fitness.measure(ending.out / BEST, raced=False)
    same = written.digest == result.digest or written.per_item == result.per_item
    if not same:
        progress.say(f"the model as written scores {written.score:.4f}, as merged in memory {result.score:.4f}")
    best = Scored(BEST, fitness.estimate(result))
    return replace(ending, models=[best, *ending.models], same=same)


def _audited(ending: Ending, config: SearchConfig, fitness: Fitness, progress: Progress, auditor: Auditor) -> Ending:
    runs = {}
    for name, folder in {BEST: ending.out / BEST, **config.models}.items():
        progress.say(f"auditing {folder}")
        runs[name] = auditor(name, folder)
    shares = {task.replace("jeval_search_", "jeval_"): share for task, share in fitness.shares.items() if share > 0}
    models = [_with_audit(one, runs[one.name], shares) for one in ending.models if one.name in runs]
    beaten = [one for name in config.models if (one := _beaten(name, runs[BEST], runs[name], shares)) is not None]
    return replace(ending, models=models, parents=beaten, runs=runs)


def _audit(name: str, model: Path, own: Audit, config: SearchConfig, out: Path, lang: str) -> Path:
    """The audit of a model; one that is there already, of these weights and settings, is taken as it stands."""
    folder = out / ("found" if name == BEST else f"parent-{name}")
    options = RunOptions(
        out=folder,
        seed=config.seed,
        lang=lang,
        tasks=own.tasks,
        limit=own.limit,
        whole=own.whole,
        device=config.fitness.device,
        dtype=config.fitness.dtype,
        batch_size=config.fitness.batch_size,
    )
    if (folder / RECORD).is_file():
        record = read_record(folder)
        same = record.settings.limit == own.limit and list(record.settings.whole) == own.whole
        same = same and list(record.settings.tasks) == task_names(options)
        if same and record.model.identity and record.model.identity.digest == identify(resolve(model)).digest:
            return folder
        shutil.rmtree(folder)
    return audit(model, options, silent=True)[1]


def _with_audit(one: Scored, run: Path, shares: Mapping[str, float]) -> Scored:
    """With the audit's score on the tasks that the search's correspond to."""
    record = read_record(run)
    parts = {
        task: estimate
        for task in shares
        if task in record.tasks and (estimate := record.tasks[task].estimate) is not None
    }
    if not parts:
        return one
    score = combine(list(parts.values()), [shares[task] for task in parts])
    return Scored(one.name, one.search, score, independent_difference(one.search, score) if one.search else None)


def _beaten(name: str, best: Path, parent: Path, shares: Mapping[str, float]) -> Beaten | None:
    known = read_record(parent).tasks
    domains = {task: known[task].domain for task in shares if task in known}
    found = {task: both for task in domains if (both := pairs(task, best, parent)).scores}
    if not found:
        return None
    total = sum(shares[task] for task in found)
    parts = [(both.differences, [(domains[task], one) for one in both.clusters]) for task, both in found.items()]
    mean, low, high = weighted_difference(parts, [shares[task] / total for task in found])
    n = sum(len(both.scores) for both in found.values())
    detectable = detectable_difference(low, high)
    needed = round(n * (detectable / mean) ** 2) if mean > 0 >= low else None
    return Beaten(name, mean, low, high, n, detectable, needed)
