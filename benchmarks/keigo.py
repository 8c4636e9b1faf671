"""Speed of the keigo analyser against raw MeCab on the same text in the same run, and its memory over many sentences.

``python benchmarks/keigo.py [--sentences N] [--repeats R]`` prints one JSON object as its last line: sentences per second of the
fugashi node list and of ``analyze``, their ratio (the goal is at least 1/6), and the growth of resident memory while ``N`` sentences,
all different, pass through.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import fugashi

from jeval.keigo import analyze
from jeval.resources import data_path


def sample(count: int, seed: int = 0) -> Iterator[str]:
    """Utterances of the label set, each made different by a number, so that no cache of whole sentences could help."""
    rows = [
        json.loads(line)
        for line in data_path("keigo", "labels", "analysis.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    texts = [row["text"] for row in rows]
    draw = random.Random(seed)
    return (f"{draw.choice(texts)[:-1]}、{index}番。" for index in range(count))


def resident() -> int:
    """Resident memory in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--stream", type=int, default=50_000, help="sentences of the memory test")
    options = parser.parse_args()
    texts = list(sample(options.sentences))
    tagger = fugashi.Tagger()
    for text in texts:
        analyze(text)
    raw, own = [], []
    for _ in range(options.repeats):
        start = time.perf_counter()
        for text in texts:
            tagger.parseToNodeList(text)
        middle = time.perf_counter()
        for text in texts:
            analyze(text)
        raw.append(middle - start)
        own.append(time.perf_counter() - middle)
    ratios = [a / b for a, b in zip(raw, own, strict=True)]
    for text in sample(2000, seed=1):
        analyze(text)
    memory = [resident()]
    for number, text in enumerate(sample(options.stream, seed=2), 1):
        analyze(text)
        if number % max(1, options.stream // 4) == 0:
            memory.append(resident())
    result = {
        "benchmark": "keigo",
        "sentences": len(texts),
        "characters": sum(map(len, texts)),
        "mecab_sentences_per_second": round(len(texts) / statistics.median(raw)),
        "analyze_sentences_per_second": round(len(texts) / statistics.median(own)),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "goal": round(1 / 6, 3),
        "stream_sentences": options.stream,
        "memory_kib": memory,
        "memory_growth_kib": memory[-1] - memory[0],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
