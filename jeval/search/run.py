"""``jeval search``: from a configuration to a front, a model, an audit and a report."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jeval import offline
from jeval.audit.lock import locked
from jeval.errors import InputError
from jeval.fitness import Fitness
from jeval.progress import Progress
from jeval.reading import read_json
from jeval.search import progress as standing
from jeval.search.cluster import Cluster
from jeval.search.config import SearchConfig, hosts_of
from jeval.search.ending import Auditor, finish
from jeval.search.interrupt import held
from jeval.search.outcome import Ending
from jeval.search.parents import check_parents
from jeval.search.resident import resident_of
from jeval.search.space import Builder
from jeval.search.study import Study, config_digest, result_of
from jeval.writing import write_json

MARK = "search.json"
_RESULTS = "results.sqlite"
_REFERENCED = ("below_reference", "surely_below_reference")
_SEEN = 8  # candidates that tell a race which tasks tell candidates apart


def search(
    config: SearchConfig,
    out: Path,
    *,
    lang: str = "ja",
    silent: bool = False,
    ray: str | None = None,
    auditor: Auditor | None = None,
) -> Ending:
    """Search for a merge. The same call after whatever ended it goes on from there.

    Args:
        out: folder of the search: study, results, the model found, audits, report.
        lang: of the report.
        silent: no progress on standard error.
        auditor: audits the model found and the parents, instead of what the configuration says.
        ray: address of a Ray cluster, on whose nodes ``workers`` actors measure; see :mod:`jeval.search.cluster`.

    Raises:
        InputError: bad input, before anything is computed; a storage that fails later. Nothing that was told is lost.
    """
    offline.enable([*hosts_of(config), *([ray] if ray and ":" in ray else [])])
    layers = check_parents(config)
    builder = Builder(config, layers)
    with _opened(out, config) as owner, Progress(silent=silent) as progress:
        resident = resident_of(config, builder, out)
        fitness = _fitness(config, resident, out, ray)
        try:
            study = Study(config, builder, out, owner)
            progress.say(f"search in {out}: {len(study.told)} of {config.budget.candidates} candidates told so far")
            parents = {name: fitness.recall(folder) for name, folder in config.models.items()}
            _loop(config, study, fitness, progress)
            return finish(config, study, fitness, parents, out, progress, lang, auditor)
        finally:
            fitness.close()


def _loop(config: SearchConfig, study: Study, fitness: Fitness, progress: Progress) -> None:
    """Draw, measure, tell, until the budget is spent."""
    _recall(config, study, fitness)
    budget, said = config.budget, ""
    while True:
        with held():
            left = budget.candidates - len(study.told)
            if left <= 0 or (budget.seconds is not None and study.spent() >= budget.seconds):
                break
            drawn = study.draw(left)
        results = fitness.map([recipe for _, recipe in drawn])
        with held():
            for (trial, _), result in zip(drawn, results, strict=True):
                study.tell(trial, result)
            told = study.told
            said = standing.line(told, study.spent(), budget)
        progress.stage(said)
        progress.update(len(told), budget.candidates)
    progress.say(f"{len(study.told)} candidates: {said or standing.line(study.told, study.spent(), budget)}")


def _recall(config: SearchConfig, study: Study, fitness: Fitness) -> None:
    """After a restart a race goes on against what it was run against."""
    if config.fitness.race is None:
        return
    full = [trial for trial in study.told if not (one := result_of(trial))["stopped"] and one["error"] is None]
    feasible = [trial for trial in full if result_of(trial)["feasible"]]
    best = max(feasible, key=lambda trial: result_of(trial)["score"], default=None)
    latest = full[-_SEEN:]
    for trial in ([best] if best is not None and best not in latest else []) + latest:
        fitness.recall(study.recipe(trial))


@contextlib.contextmanager
def _opened(out: Path, config: SearchConfig) -> Iterator[str]:
    """Hold the folder of a search; gives the name by which it owns what it draws.

    Raises:
        InputError: the folder holds something else or another search, or another process is searching there.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; expected a folder that is new, empty or holds this search")
    mark, digest = out / MARK, config_digest(config)
    if out.is_dir() and not mark.exists() and any(out.iterdir()):
        raise InputError(f"--out {out} holds something else than a search; choose another folder")
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(out):
            known = read_json(mark, what="mark of a search") if mark.exists() else {}
            if known and known.get("config") != digest:
                raise InputError(
                    f"--out {out} holds a search of another configuration (only budget, workers and audit may change); choose "
                    "another folder"
                )
            owner = str(known.get("owner") or secrets.token_hex(16))
            if not known:
                write_json(mark, {"config": digest, "owner": owner})
            yield owner
    except OSError as err:
        raise InputError(
            f"{err.filename or out}: {err.strerror}; make room or choose another folder. What was told is kept"
        ) from err


def _settings(config: SearchConfig, resident: Path, out: Path) -> dict[str, Any]:
    """Arguments of ``Fitness``."""
    given = config.fitness.model_dump(exclude={"reference"})
    return {**given, "seed": config.seed, "resident": str(resident), "results": str(out / _RESULTS)}


def _fitness(config: SearchConfig, resident: Path, out: Path, ray: str | None) -> Fitness:
    settings = _settings(config, resident, out)
    own = config.fitness
    if any(name in _REFERENCED for name in own.constraints):
        if own.reference is None:
            raise InputError(
                f"fitness.constraints.{_REFERENCED[0]}: name the parent to compare with as fitness.reference"
            )
        plain = Fitness(**{**settings, "constraints": None, "race": None, "gain": 0.0, "resident": None})
        settings["reference"] = plain(config.models[own.reference])
        plain.close()
    elsewhere = None if ray is None else Cluster(ray, config.workers, {**settings, "results": None})
    fitness = Fitness(**settings, workers=elsewhere or config.workers)
    if config.objectives != "score":
        for name in config.objectives:
            if name not in fitness.objectives:
                raise InputError(
                    f"objectives: {name!r} is no domain of these tasks; known: {', '.join(fitness.objectives)}"
                )
    return fitness
