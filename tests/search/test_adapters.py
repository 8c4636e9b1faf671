"""The programs of the docs, run as they stand: paths, items and budgets are made small, nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SMALL = {
    "Fitness(": "Fitness(tasks=['jeval_search_keigo_pairs', 'jeval_search_finreg_statement'], limit=6, ",
    '"neutral_text": 12.0': '"neutral_text": 50.0',
    "n_trials=100": "n_trials=6",
    '"maxfevals": 100': '"maxfevals": 8',
    "pop_size=20": "pop_size=4",
    '("n_eval", 100)': '("n_eval", 8)',
    "batch_size=10": "batch_size=4",
    "range(10)": "range(2)",
    "bootstrap_iters=0": "bootstrap_iters=0, limit=1, log_samples=False",
}

Run = Callable[..., dict[str, Any]]


def snippet(page: str, name: str) -> str:
    found = re.search(rf"^```python {name}\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.M | re.S)
    assert found, f"{page} has no snippet {name}"
    return found[1]


@pytest.fixture
def run(parents: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run snippets of a page one after the other, and give their names."""
    models = tmp_path / "models"
    models.mkdir()
    for name, parent in {"base": "base", "keigo": "one", "finance": "two"}.items():
        (models / name).symlink_to(parents[parent])
    monkeypatch.chdir(tmp_path)

    def execute(page: str, *names: str) -> dict[str, Any]:
        known: dict[str, Any] = {}
        for name in names:
            code = snippet(page, name)
            for given, small in SMALL.items():
                code = code.replace(given, small)
            exec(compile(code.replace("/models/", f"{models}/"), f"{page}:{name}", "exec"), known)
        return known

    return execute


def test_optuna(run: Run) -> None:
    known = run("search.md", "common", "optuna")
    states = {trial.state.name for trial in known["study"].trials}
    assert states <= {"COMPLETE", "PRUNED"} and len(known["study"].trials) == 6
    assert known["front"].best_trials and len(known["front"].best_trials[0].values) == 2
    assert known["front"].best_trials[0].constraints["neutral_text"] <= 0
    assert known["evolved"].best_value == max(trial.value for trial in known["evolved"].trials)


def test_cma(run: Run) -> None:
    pytest.importorskip("cma")
    known = run("search.md", "common", "cma")
    assert known["fitness"](known["best"]).score == pytest.approx(-known["es"].result.fbest)


def test_pymoo_gets_the_constraints(run: Run) -> None:
    pytest.importorskip("pymoo")
    known = run("search.md", "common", "pymoo")
    result = known["found"]
    assert result.F.shape[1] == 2 and result.G.shape[1] == 1 and (result.G <= 0).all()
    best = known["fitness"](known["recipe"](result.X[0]))
    assert [-value for value in best.objectives.values()] == pytest.approx(list(result.F[0]))


def test_pyribs(run: Run) -> None:
    pytest.importorskip("ribs")
    known = run("search.md", "common", "pyribs")
    archive = known["archive"]
    assert archive.stats.num_elites >= 1
    elite = archive.best_elite
    result = known["fitness"](known["recipe"](elite["solution"]))
    assert result.score == pytest.approx(elite["objective"], abs=0.02)
    assert list(elite["measures"]) == pytest.approx([result.objectives["keigo"], result.objectives["finreg"]], abs=0.2)


def test_lm_eval(run: Run) -> None:
    known = run("search.md", "lm-eval")
    assert 0 <= known["score"] <= 1 and len(known["found"]["results"]) > 3


@pytest.mark.real_ray
@pytest.mark.skipif(not os.environ.get("JEVAL_RAY"), reason="starts a Ray cluster: set JEVAL_RAY=1")
def test_mergekit_evolve_reads_the_groups_and_leaves_a_recipe_that_fitness_takes(
    parents: dict[str, Path], tmp_path: Path
) -> None:
    """The program itself, with the configuration of the page, behind the shim that lets it run on a CPU without vLLM."""
    for library in ("ray", "cma", "mergekit"):
        pytest.importorskip(library)
    from jeval import Fitness
    from jeval.resources import tasks_path

    models = {"base": parents["base"], "keigo": parents["one"], "finance": parents["two"]}
    found = re.search(r"^```yaml\n(genome:.*?)^```$", (DOCS / "fitness.md").read_text(encoding="utf-8"), re.M | re.S)
    assert found
    text = re.sub(r"/models/(\w+)", lambda match: str(models[match[1]]), found[1])
    (tmp_path / "config.yml").write_text(text + "limit: 1\n")
    command = [sys.executable, "-m", "evolve_cpu", "config.yml", "--storage-path", str(tmp_path / "merges"), "--no-vllm",
               "--batch-size", "8", "--num-gpus", "1", "--no-merge-cuda", "--max-fevals", "2", "--force-population-size", "2",
               "--task-search-path", str(tasks_path())]  # fmt: skip
    paths = [str(Path(__file__).parent), str(DOCS.parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    # Ray keeps sockets below its folder, whose path must be short.
    with tempfile.TemporaryDirectory(prefix="ray") as short:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "RAY_TMPDIR": short})  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    best = re.search(r"Best cost: -([\d.]+)", done.stdout)
    assert best
    assert 0 < float(best[1]) < 1
    fitness = Fitness(limit=1, resident=parents["base"], device="cpu")
    result = fitness(tmp_path / "merges" / "best_config.yaml")
    assert result.error is None and result.digest != fitness(parents["base"]).digest
