"""What racing saves on a recorded search, and whether it chooses what full evaluation chooses.

The per-item scores of merged models (``recorded/``) are replayed in many orders: the first is the incumbent, each later one is
raced as :class:`jeval.Fitness` races, and one that is not stopped is compared in full. ``--record PARENTS`` records anew: a TPE search
over the layer groups of a task-arithmetic merge of ``PARENTS/{base,keigo,finance}`` (``jeval demo --keep PARENTS``).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jeval.fitness.items import SearchItems
from jeval.fitness.race import Evidence, draw, pulls

RECORDED = Path(__file__).parent / "recorded" / "demo-search.parquet"
GROUPS = ("embed", "l0", "l1", "l2")
Table = dict[str, dict[str, float | None]]


def group(name: str) -> str:
    """The layer group of a tensor."""
    return f"l{name.split('layers.')[1].split('.')[0]}" if "layers." in name else "embed"


def record(parents: Path, trials: int, seed: int, out: Path) -> None:
    """Record a search."""
    import optuna
    from safetensors.torch import load_file

    from jeval import Fitness

    base, *experts = (load_file(parents / name / "model.safetensors") for name in ("base", "keigo", "finance"))
    fitness = Fitness(resident=parents / "base", device="cpu", results=False)
    columns: dict[str, dict[tuple[str, str], float | None]] = {}

    def objective(trial: Any) -> float:
        share = [{g: trial.suggest_float(f"{n}.{g}", 0.0, 1.2) for g in GROUPS} for n in ("keigo", "finance")]
        merged = {
            name: tensor + sum(s[group(name)] * (e[name] - tensor) for s, e in zip(share, experts, strict=True))
            for name, tensor in base.items()
        }
        result = fitness(merged)
        columns[f"m{trial.number}"] = {
            (task, name): value for task, found in result.per_item.items() for name, value in found.items()
        }
        frame = pd.DataFrame(columns).rename_axis(["task", "id"]).reset_index()
        frame.to_parquet(out, index=False)
        return float(result)

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for keigo, finance in ((0.5, 0.5), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)):
        study.enqueue_trial({f"{n}.{g}": v for n, v in (("keigo", keigo), ("finance", finance)) for g in GROUPS})
    study.optimize(objective, n_trials=trials)


def replay(
    models: list[Table],
    order: list[int],
    shares: dict[str, float],
    generated: Callable[[str], bool],
    alpha: float,
    gain: float,
    seed: int,
) -> tuple[int, int, int]:
    """The model chosen, and how many items with given answers and how many generated ones were asked."""

    def total(one: Table) -> float:
        return sum(
            share * float(np.mean([s for s in one[task].values() if s is not None])) for task, share in shares.items()
        )

    best, asked = order[0], [0, 0]
    for task, items in models[best].items():
        asked[generated(task)] += len(items)
    seen = [models[best]]
    for number in order[1:]:
        drawn = draw(models[best], shares, pulls(seen, list(shares), generated), [seed, number])
        evidence, stopped = Evidence(drawn, gain), False
        for look in drawn.looks():
            keys = drawn.keys[look]
            evidence.add([models[number][task][name] for task, name in keys])
            written = sum(generated(task) for task, _ in keys)
            asked[1] += written
            asked[0] += len(keys) - written
            if evidence.lost or evidence.most >= 1 / alpha:
                stopped = look.stop < len(drawn.keys)
                break
        if not stopped:
            seen = [*seen, models[number]][-8:]
            best = number if total(models[number]) > total(models[best]) else best
    return best, asked[0], asked[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", type=Path, metavar="PARENTS")
    parser.add_argument("--trials", type=int, default=72)
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--alpha", type=float, nargs="+", default=[0.05, 0.2])
    parser.add_argument("--gain", type=float, nargs="+", default=[0.0, 0.005, 0.01])
    parser.add_argument("--generated-seconds", type=float, default=0.0084, help="of one generated item")
    parser.add_argument("--given-seconds", type=float, default=0.0027, help="of one item with given answers")
    parser.add_argument("--file", type=Path, default=RECORDED)
    options = parser.parse_args()
    if options.record is not None:
        record(options.record, options.trials, 0, options.file)
    frame = pd.read_parquet(options.file)
    names = [name for name in frame.columns if name not in ("task", "id")]
    models: list[Table] = [
        {str(task): dict(zip(rows["id"], rows[name], strict=True)) for task, rows in frame.groupby("task", sort=False)}
        for name in names
    ]
    items = SearchItems.load(None, None)
    shares = items.shares(dict.fromkeys(items.objectives, 1.0))
    values = [sum(shares[t] * float(np.mean(list(found.values()))) for t, found in one.items()) for one in models]  # type: ignore[arg-type]
    written = sum(len(found) for task, found in models[0].items() if items.generated(task))
    given = len(frame) - written
    whole = len(models) * (given * options.given_seconds + written * options.generated_seconds)
    report: dict[str, Any] = {
        "models": len(models),
        "items": len(frame),
        "best": max(values),
        "replays": options.replays,
    }
    for alpha, gain in product(options.alpha, options.gain):
        name = f"race={alpha:g}, gain={gain:g}"
        began, rows = time.perf_counter(), []
        for seed in range(options.replays):
            order = np.random.default_rng(seed).permutation(len(models)).tolist()
            rows.append(replay(models, order, shares, items.generated, alpha, gain, seed))
        right = [values[best] >= max(values) - 1e-12 for best, *_ in rows]
        report[name] = {
            "agreement": float(np.mean(right)),
            "lost": float(np.mean([max(values) - values[best] for best, *_ in rows])),
            "items": float(np.mean([(a + b) / len(frame) / len(models) for _, a, b in rows])),
            "seconds": float(
                np.mean([(a * options.given_seconds + b * options.generated_seconds) / whole for _, a, b in rows])
            ),
        }
        print(f"{name}: {report[name]} ({time.perf_counter() - began:.0f} s)")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
