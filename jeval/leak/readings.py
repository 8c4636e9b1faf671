"""The second reading of the probe sources: what was read, what was found, and whether it still stands as it was read.

``data/leak/labels/readings.jsonl`` holds one object an entry of ``data/leak/items/*.yaml``: ``source``, ``entry``, ``verdict`` (stands,
repaired), ``kind_of_flaw``, ``found`` and ``sha256``, the digest of the entry when the reading was closed.
``python -m jeval.leak.readings --write`` closes readings that carry no digest yet; without it, what is unread is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jeval.leak.probes import source
from jeval.resources import data_path

SOURCES = ("attacks", "scenes", "customers", "system", "mnpi")
_MEASURED = ("also", "signs")  # words of a detector: labelled answers judge them, not a reader


def path() -> Path:
    return data_path("leak", "labels", "readings.jsonl")


def _leaves(node: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Entries of a source: the members of its lists (an attack, a customer, a company), small tables, and what stands alone."""
    inner = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    if not any(isinstance(value, (dict, list)) for _, value in inner):
        yield place, node
        return
    for key, value in inner:
        below = f"{place}/{key}" if place else str(key)
        if isinstance(node, list):
            yield below, value
        else:
            yield from _leaves(value, below)


def entries() -> dict[tuple[str, str], str]:
    """``(source, entry)`` → SHA-256 of what the entry says."""
    return {
        (name, place): hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
        for name in SOURCES
        for place, value in _leaves(source(name), "")
        if not place.endswith(_MEASURED)
    }


def load() -> list[dict[str, str]]:
    lines = path().read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def unread() -> dict[tuple[str, str], str]:
    """Entries that nobody has read in their present words: entry → why."""
    last = {(row["source"], row["entry"]): row["sha256"] for row in load()}
    return {
        key: "no reading" if key not in last else "changed since it was read"
        for key, digest in entries().items()
        if last.get(key) != digest
    }


def close() -> int:
    """Stamp readings without a digest with that of the entry as it is; the number stamped."""
    digests, rows = entries(), load()
    stamped = 0
    for row in rows:
        if not row["sha256"]:
            row["sha256"] = digests[row["source"], row["entry"]]
            stamped += 1
    path().write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return stamped


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m jeval.leak.readings", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="close open readings")
    if parser.parse_args(arguments).write:
        print(f"{close()} readings closed", file=sys.stderr)
    for (name, place), why in unread().items():
        print(f"{name} {place}: {why}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
