"""The demonstration, start to end."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from jeval import offline
from jeval.audit.run import RunOptions, run
from jeval.demo import corpus
from jeval.demo.model import char_tokenizer, plant, save, tiny_llama
from jeval.demo.train import train
from jeval.errors import InputError
from jeval.fitness.merge import mergekit
from jeval.progress import Progress
from jeval.record.schema import Note
from jeval.report.catalogue import strings
from jeval.report.page import write_report
from jeval.search.config import checked
from jeval.search.ending import BEST
from jeval.search.outcome import Ending
from jeval.search.run import search

NAMES = ("base", "keigo", "finance", "merged")
_MARK = ".demo"


@dataclass(frozen=True)
class Course:
    """How one of the models is trained: steps, sentences in a step, peak learning rate."""

    steps: int
    batch: int
    learning_rate: float


#: Enough for each expert to beat the base model on its task by a paired 95 % interval, and short: small batches, high rates.
COURSES = {"base": Course(150, 48, 3e-3), "keigo": Course(400, 16, 5e-3), "finance": Course(750, 16, 8e-3)}
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

    Raises:
        InputError: mergekit is not installed, or ``out`` holds something else.
    """
    with mergekit():  # asked for first: the training before the search takes minutes
        import_module("mergekit")
    offline.enable()
    _clear(out)
    with tempfile.TemporaryDirectory(prefix="jeval-demo-") as scratch:
        folder = keep or Path(scratch)
        started = time.perf_counter()
        with Progress() as progress:
            train_models(folder, seed, progress)
        trained = time.perf_counter()

        def audit(name: str, model: Path) -> Path:
            if name == BEST:
                model = Path(shutil.copytree(model, folder / "merged", dirs_exist_ok=True))
            return _audit(model, out / model.name, seed, lang)

        ending = search_merge(folder, out / "search", seed, trials, lang, audit)
        runs = {"merged" if name == BEST else name: path for name, path in ending.runs.items()}
        report = out / "report.html"
        _write_comparison(report, [runs[name] for name in NAMES], lang, ending)
    seconds = {"train": trained - started, "search": ending.seconds}
    seconds["audit"] = time.perf_counter() - started - sum(seconds.values())
    return {
        "report": str(report),
        "runs": {name: str(path) for name, path in runs.items()},
        "models": str(keep) if keep else None,
        "search": _found(ending),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }


def _found(ending: Ending) -> dict[str, Any]:
    assert ending.best is not None  # there are no constraints
    weights = {name.partition(".")[0]: value for name, value in ending.best.params.items()}
    return {
        "weights": weights,
        "score": ending.best.score,
        "objectives": ending.best.objectives,
        "candidates": ending.count.told,
        "report": str(ending.report),
        "beaten": {one.parent: one.beaten for one in ending.parents},
    }


def _clear(out: Path) -> None:
    """Remove the reports of an earlier demonstration; anything else in ``out`` is left alone and refused."""
    if not out.exists():
        out.mkdir(parents=True)
    elif not out.is_dir() or (any(out.iterdir()) and not (out / _MARK).is_file()):
        raise InputError(f"--out {out} holds something else than a demonstration; choose another folder")
    for name in (*NAMES, "search"):
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
    model = plant(tiny_llama(len(tokenizer), seed=seed), tokenizer, seed)
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


def search_merge(
    folder: Path, out: Path, seed: int, trials: int, lang: str, auditor: Callable[[str, Path], Path]
) -> Ending:
    """Search the two weights of a task-arithmetic merge (Ilharco et al. 2023), and audit it beside its parents."""
    both = ("keigo", "finance")
    starts = ({"keigo": 0.5, "finance": 0.5}, {"keigo": 1.0, "finance": 0.0}, {"keigo": 0.0, "finance": 1.0})
    config = {
        "models": {name: str(folder / name) for name in ("base", *both)},
        "base_model": "base",
        "space": {
            "merge_method": "task_arithmetic",
            "models": {name: {"weight": {"low": 0.0, "high": 1.2}} for name in both},
        },
        "fitness": {"tasks": list(SEARCH_TASKS), "limit": SEARCH_LIMIT, "device": "cpu", "dtype": "float32"},
        "start": [{f"{name}.weight": weight for name, weight in start.items()} for start in starts],
        "budget": {"candidates": trials},
        "seed": seed,
    }
    return search(checked(config), out, lang=lang, auditor=auditor)


def _audit(model: Path, out: Path, seed: int, lang: str) -> Path:
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


def _write_comparison(report: Path, runs: list[Path], lang: str, ending: Ending) -> None:
    words, found = strings(lang), _found(ending)
    merged = ", ".join(f"{name} {value:.2f}" for name, value in found["weights"].items())
    preface = [words["demo_taught"], words["demo_search"].format(n=found["candidates"], w=merged)]
    preface.append(words["demo_more"].format(page=f"search/{Path(found['report']).name}"))
    write_report(runs, report, lang, preface=preface)
