"""What it costs to hold a run: the closed network, the watch over native code, the tokenizer tried in another process.

    python benchmarks/sandbox.py [--model FOLDER] [--tasks NAMES] [--limit 100] [--repeat 5]

The same ``jeval run`` by turns with all of it and with none, each in a process of its own; without ``--model`` an untrained model of half
a million parameters. ``score`` is the time of scoring, ``rest`` that of all else of the run, from the start of the process to its
end, in seconds of the wall and of the processor (children included). The last line is one JSON object: medians, the ratio of
scoring, the difference of the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from startup import tiny

HELD = """
import sys
from jeval.cli import main
from jeval import cli, offline
from jeval.models import trial
if sys.argv.pop(1) == "off":
    cli._seal = lambda *given: None
    trial.FILE = "none"
main()
"""


def measured(model: Path, out: Path, held: str, tasks: str, limit: int) -> dict[str, float]:
    """Seconds of one run."""
    run = ["run", "--model", str(model), "--tasks", tasks, "--limit", str(limit), "--out", str(out), "--threads", "1"]
    environment = os.environ | {"JEVAL_CACHE": str(out.with_suffix(".sqlite"))}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", HELD, held, *run], capture_output=True, text=True, env=environment, check=False
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    if record["outbound"]["kernel"] != (held == "on"):
        raise SystemExit(f"the network is not as asked for ({record['outbound']['why']})")
    score = record["timing"]["seconds"]["score"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"score": score, "rest": wall - score, "cpu": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--tasks", default="jeval_keigo_pairs,jeval_keigo_convert")
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {"on": [], "off": []}
    with tempfile.TemporaryDirectory() as scratch:
        model = args.model or tiny(Path(scratch) / "tiny")
        for number in range(args.repeat):
            for held in ("on", "off") if number % 2 else ("off", "on"):
                out = Path(scratch) / f"{held}{number}"
                found[held].append(measured(model, out, held, args.tasks, args.limit))
                print(held, {name: round(value, 2) for name, value in found[held][-1].items()}, flush=True)
    middle = {
        held: {name: round(statistics.median(one[name] for one in runs), 3) for name in runs[0]}
        for held, runs in found.items()
    }
    on, off = middle["on"], middle["off"]
    print(
        json.dumps(
            {
                **middle,
                "repeat": args.repeat,
                "score_ratio": round(on["score"] / off["score"], 3),
                "rest_difference_seconds": round(on["rest"] - off["rest"], 2),
                "cpu_ratio": round(on["cpu"] / off["cpu"], 3),
                "cpu_difference_seconds": round(on["cpu"] - off["cpu"], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
