"""The demonstration, start to end."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval import offline
from jeval.audit.run import RunOptions, run
from jeval.demo import corpus
from jeval.demo.model import char_tokenizer, save, tiny_llama
from jeval.demo.train import train
from jeval.errors import InputError
from jeval.fitness import Fitness, copy_weights
from jeval.progress import Progress
from jeval.record.schema import Note
from jeval.report.catalogue import strings
from jeval.report.page import write_report

if TYPE_CHECKING:
    import torch

NAMES = ("base", "keigo", "finance", "merged")
_MARK = ".demo"


@dataclass(frozen=True)
class Course:
    """How one of the models is trained: steps, sentences in a step, peak learning rate."""

    steps: int
    batch: int
    learning_rate: float


#: Enough for the experts' 95 % intervals to clear the base model's, and short: small batches, high rates.
COURSES = {"base": Course(150, 48, 3e-3), "keigo": Course(480, 32, 4e-3), "finance": Course(600, 32, 6e-3)}
#: Tasks that the search scores its candidates on, with at most this many items each.
SEARCH_TASKS = ("jeval_search_keigo_pairs", "jeval_search_finreg_statement")
SEARCH_LIMIT = 200
#: Items per task in the demonstration's audits; the two tasks that the experts are trained for are run whole.
AUDIT_LIMIT = 30
WHOLE = ("jeval_keigo_pairs", "jeval_finreg_statement")


def run_demo(*, out: Path, keep: Path | None, seed: int, trials: int, lang: str) -> dict[str, Any]:
    """Train ``base``, ``keigo`` and ``finance``, search a merge, audit all four, write a comparison report.

    Returns:
        ``{"report", "runs": {name: folder}, "models": folder | None, "search": {...}, "seconds": {...}}``.
    """
    offline.enable()
    _clear(out)
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="jeval-demo-") as scratch, Progress() as progress:
        folder = keep or Path(scratch)
        started = time.perf_counter()
        models = train_models(folder, seed, progress)
        seconds["train"] = time.perf_counter() - started
        started = time.perf_counter()
        search = search_merge(models, folder / "merged", seed, trials, progress)
        seconds["search"] = time.perf_counter() - started
        started = time.perf_counter()
        runs = {name: _audit(folder / name, out / name, seed, lang, progress) for name in NAMES}
        seconds["audit"] = time.perf_counter() - started
        report = out / "report.html"
        _write_comparison(report, [runs[name] for name in NAMES], lang, search)
    return {
        "report": str(report),
        "runs": {name: str(path) for name, path in runs.items()},
        "models": str(keep) if keep else None,
        "search": search,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }


def _clear(out: Path) -> None:
    """Remove the reports of an earlier demonstration; anything else in ``out`` is left alone and refused."""
    if not out.exists():
        out.mkdir(parents=True)
    elif not out.is_dir() or (any(out.iterdir()) and not (out / _MARK).is_file()):
        raise InputError(f"--out {out} holds something else than a demonstration; choose another folder")
    for name in NAMES:
        if (out / name).is_dir():
            shutil.rmtree(out / name)
    (out / _MARK).touch()


def train_models(folder: Path, seed: int, progress: Progress) -> dict[str, Any]:
    """Train the three models and save them below ``folder``; returns state dicts by name and the tokenizer."""
    import copy

    keigo = corpus.keigo_sentences(seed, 6000)
    finance = corpus.finance_sentences()
    base = corpus.base_sentences(seed, 6000)
    tokenizer = char_tokenizer([*corpus.vocabulary_texts(), *keigo])
    model = tiny_llama(len(tokenizer), seed=seed)
    states: dict[str, Any] = {}
    plans = {"base": base, "keigo": [*keigo, *base[:600]], "finance": [*finance, *base[: len(finance) // 8]]}
    for name, sentences in plans.items():
        progress.stage(f"training {name}")
        if name != "base":
            model.load_state_dict(states["base"])
        train(model, tokenizer, sentences, **asdict(COURSES[name]), seed=seed, progress=progress.update)
        states[name] = copy.deepcopy(model.state_dict())
        save(model, tokenizer, folder / name)
    return {"states": states, "tokenizer": tokenizer, "model": model}


def search_merge(models: dict[str, Any], folder: Path, seed: int, trials: int, progress: Progress) -> dict[str, Any]:
    """Search the two weights of a task-arithmetic merge (Ilharco et al. 2023) with Optuna; save the best merge."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    states, resident = models["states"], models["model"]
    fitness: Fitness = Fitness(
        tasks=SEARCH_TASKS, seed=seed, limit=SEARCH_LIMIT, resident=resident, tokenizer=models["tokenizer"]
    )
    progress.stage("searching a merge")

    def objective(trial: optuna.Trial) -> float:
        weights = {name: trial.suggest_float(name, 0.0, 1.2) for name in ("keigo", "finance")}
        result = fitness(merge(states, weights))
        trial.set_user_attr("objectives", result.objectives)
        progress.update(trial.number + 1, trials)
        return float(result)

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for start in ({"keigo": 0.5, "finance": 0.5}, {"keigo": 1.0, "finance": 0.0}, {"keigo": 0.0, "finance": 1.0}):
        study.enqueue_trial(start)
    study.optimize(objective, n_trials=trials)
    copy_weights(resident, merge(states, study.best_params))
    save(resident, models["tokenizer"], folder)
    return {
        "weights": study.best_params,
        "score": study.best_value,
        "objectives": study.best_trial.user_attrs["objectives"],
        "candidates": len(study.trials),
    }


def merge(states: dict[str, dict[str, torch.Tensor]], weights: dict[str, float]) -> dict[str, torch.Tensor]:
    """``base + Σ w · (expert − base)``, tensor by tensor."""
    base = states["base"]
    return {
        name: tensor + sum(w * (states[expert][name] - tensor) for expert, w in weights.items())
        for name, tensor in base.items()
    }


def _audit(model: Path, out: Path, seed: int, lang: str, progress: Progress) -> Path:
    progress.say(f"auditing {model.name}")
    options = RunOptions(
        out=out,
        seed=seed,
        lang=lang,
        device="cpu",
        limit=AUDIT_LIMIT,
        whole=WHOLE,
        batch_size="32",
        dtype="float32",
        preface=[Note(key="demo_what")],
    )
    _, folder = run(model, options, silent=True)
    return folder


def _write_comparison(report: Path, runs: list[Path], lang: str, search: dict[str, Any]) -> None:
    words = strings(lang)
    merged = ", ".join(f"{name} {value:.2f}" for name, value in search["weights"].items())
    preface = [words["demo_taught"], words["demo_search"].format(n=search["candidates"], w=merged)]
    write_report(runs, report, lang, preface=preface)
