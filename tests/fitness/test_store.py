"""Results kept by the digest of the weights."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from jeval import Fitness
from jeval.errors import InputError
from jeval.fitness.items import Item
from jeval.fitness.store import ResultStore

TASKS = ["jeval_search_keigo_pairs"]
_WRITER = """
import sys
from pathlib import Path
from jeval.fitness.items import Item
from jeval.fitness.store import ResultStore
store = ResultStore(Path(sys.argv[1]))
for n in range(60):
    store.put(f"c{n}", {"t": {str(i): Item(i / 40) for i in range(40)}})
print(len(store.get("c59", "t")))
"""


def test_a_file_serves_several_processes_at_once(tmp_path: Path, warm: list[str]) -> None:
    path = tmp_path / "results.sqlite"
    command = [*warm, "-c", _WRITER, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for one in running:
        out, err = one.communicate(timeout=300)
        assert (one.returncode, out.strip(), err) == (0, "40", "")
    store = ResultStore(path)
    assert all(store.get(f"c{n}", "t")["7"] == Item(7 / 40) for n in range(60))
    assert path.stat().st_mode & 0o077 == 0


def test_a_later_search_recalls_what_an_earlier_one_computed(
    live: tuple[Any, Any], states: list[dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    path = tmp_path / "results.sqlite"
    first = Fitness(tasks=TASKS, limit=8, resident=live[0], tokenizer=live[1], results=path)(states[0])
    again = Fitness(tasks=TASKS, limit=12, resident=live[0], tokenizer=live[1], results=path)
    assert again(states[1]).recalled == 0
    found = again(states[0])
    assert (first.recalled, found.recalled, found.n_items) == (0, 8, 12)
    assert found.digest == first.digest
    assert found.per_item[TASKS[0]].items() >= first.per_item[TASKS[0]].items()


def test_a_damaged_row_is_computed_again(
    live: tuple[Any, Any], states: list[dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    path = tmp_path / "results.sqlite"
    whole = Fitness(tasks=TASKS, limit=8, resident=live[0], tokenizer=live[1], results=path)(states[0])
    with sqlite3.connect(path) as db:
        ids = [row[0] for row in db.execute("SELECT id FROM items ORDER BY id")]
        for name, value in zip(ids, ("[7, false, null]", "no JSON", '["1"]'), strict=False):
            db.execute("UPDATE items SET value = ? WHERE id = ?", (value, name))
    again = Fitness(tasks=TASKS, limit=8, resident=live[0], tokenizer=live[1], results=path)(states[0])
    assert again == whole and again.recalled == 5


def test_memory_holds_the_latest_candidates_only() -> None:
    store = ResultStore()
    for n in range(300):
        store.put(f"c{n}", {"t": {"a": Item(1.0)}})
        store.put("c0", {"t": {str(n): Item(0.5)}})  # asked again and again
    held = [n for n in range(300) if store.get(f"c{n}", "t")]
    assert held == [0, *range(45, 300)]


def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to be taken for one" * 40)
    for path in (tmp_path, tmp_path / "text", tmp_path / "no" / "folder"):
        with pytest.raises(InputError, match="cannot be used") as raised:
            ResultStore(path)
        assert "\n" not in str(raised.value)
