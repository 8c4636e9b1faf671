"""Seconds from the start of the process to the first forward pass of ``jeval run`` on a tiny model.

    python benchmarks/startup.py [--model FOLDER] [--repeat 3]

Without ``--model`` an untrained model of half a million parameters is written to a temporary folder. ``help`` is the time of
``jeval --help``. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST_FORWARD = """
import sys, time, psutil
began = psutil.Process().create_time()
from jeval import cli
import torch
call = torch.nn.Module.__call__
def first(self, *args, **kwargs):
    if type(self).__name__.endswith(("ForCausalLM", "Model")):
        torch.nn.Module.__call__ = call
        print("first forward", time.time() - began, file=sys.stderr, flush=True)
    return call(self, *args, **kwargs)
torch.nn.Module.__call__ = first
sys.argv = ["jeval", *sys.argv[1:]]
sys.exit(cli.main())
"""


def tiny(folder: Path) -> Path:
    from jeval.demo.model import char_tokenizer, save, tiny_llama

    tokenizer = char_tokenizer(
        [chr(code) for code in [*range(0x20, 0x7F), *range(0x3041, 0x30FF), *range(0x4E00, 0x5E00)]]
    )
    return save(tiny_llama(len(tokenizer)), tokenizer, folder)


def seconds(command: list[str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"TQDM_DISABLE": "1"}, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return time.perf_counter() - began, done.stderr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    first, whole, helps = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        model = args.model or tiny(Path(scratch) / "tiny")
        for number in range(args.repeat):
            run = ["run", "--model", str(model), "--limit", "1", "--out", str(Path(scratch) / f"run{number}")]
            wall, log = seconds([sys.executable, "-c", FIRST_FORWARD, *run])
            whole.append(wall)
            first.append(float(log.split("first forward", 1)[1].split()[0]))
            helps.append(seconds([sys.executable, "-m", "jeval", "--help"])[0])
    print(
        json.dumps(
            {
                "first_forward_seconds": [round(t, 2) for t in first],
                "whole_run_seconds": [round(t, 2) for t in whole],
                "help_seconds": [round(t, 2) for t in helps],
                "median_first_forward": round(statistics.median(first), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
