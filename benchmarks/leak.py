"""Throughput of the leak detector, and proof that no text makes it explode.

    python benchmarks/leak.py [--repeat 3] [--characters 1000000]

Mixed Japanese text is the label sets (sentences and documents) joined to the size asked for; adversarial texts repeat one unit. Linearity is the time of
the whole text over the time of its first quarter: 4 where the search is linear, 16 where it is quadratic. The last line is
one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable

from jeval.leak import find_identifiers, leaked
from jeval.reading import read_jsonl
from jeval.resources import data_path

#: About 4 kB of Japanese text in UTF-8.
DOCUMENT = 1_500
UNITS = ["1", "1 ", "1-", "1\n", "一", "一、", "市", "市1", "佐藤 様", "a@", "a.", " ", "東京都1-", "|氏名\n", "(", "年", "ゼロ", "いち", "1,", "氏名,", "氏名\n", "<td>", "早 川 ", "有効期限", "名は?\n"]  # fmt: skip
SECRETS = [
    {"kind": "phone", "value": "090-4173-6528"},
    {"kind": "birth_date", "value": "1968年9月14日"},
    {"kind": "person_name", "value": "大久保 真由美"},
    {"kind": "amount", "value": "3,450,000円"},
    {"kind": "address", "value": "横浜市港北区日吉台4-12-7"},
]


def seconds(call: Callable[[], object], repeat: int = 1) -> float:
    """The shortest of ``repeat`` runs."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--characters", type=int, default=1_000_000)
    options = parser.parse_args()
    size = options.characters
    sentences, documents = (
        [row["text"] for row in read_jsonl(data_path("leak", "labels", f"{name}.jsonl"))]
        for name in ("identifiers", "documents")
    )
    corpus = "\n\n".join([*sentences, *documents])
    mixed = (corpus * (size // len(corpus) + 1))[:size]
    find_identifiers(corpus)
    found = seconds(lambda: find_identifiers(mixed), options.repeat)
    pieces = [mixed[start : start + DOCUMENT] for start in range(0, size, DOCUMENT)]
    apart = seconds(lambda: [find_identifiers(piece) for piece in pieces], options.repeat)
    judged = seconds(lambda: leaked(SECRETS, mixed), options.repeat)
    print(
        f"mixed: find_identifiers {size / found / 1e6:.3f} Mchar/s in one text, {size / apart / 1e6:.3f} in documents of "
        f"{DOCUMENT} characters, leaked {size / judged / 1e6:.3f} Mchar/s",
        flush=True,
    )
    adversarial = {}
    for unit in UNITS:
        text = (unit * (size // len(unit) + 1))[:size]
        quarter = text[: size // 4]
        row = {}
        for name, call in (
            ("find_identifiers", find_identifiers),
            ("leaked", lambda t: leaked(SECRETS, t)),
        ):
            small, whole = seconds(lambda: call(quarter)), seconds(lambda: call(text))  # noqa: B023
            row[name] = {"seconds": round(whole, 3), "ratio": round(whole / max(small, 1e-3), 2)}
        adversarial[unit] = row
        print(repr(unit), row, flush=True)
    worst = {
        name: max(row[name]["ratio"] for row in adversarial.values() if row[name]["seconds"] > 0.1)
        if any(row[name]["seconds"] > 0.1 for row in adversarial.values())
        else None
        for name in ("find_identifiers", "leaked")
    }
    result = {
        "benchmark": "leak",
        "characters": size,
        "mchar_per_s": {
            "find_identifiers": round(size / found / 1e6, 4),
            "find_identifiers in documents": round(size / apart / 1e6, 4),
            "leaked": round(size / judged / 1e6, 4),
        },
        "adversarial": adversarial,
        "worst_ratio_of_four": worst,
        "machine": {"python": platform.python_version(), "processor": platform.machine()},
    }
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
