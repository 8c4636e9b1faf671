"""What a search would find if the scores could be had without the ability: each trick earns no more than chance.

A search optimises every weakness of a score. Each trick answers every generated item of the search suite in one way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from jeval.fitness.items import Item, SearchItems, Table

Doc = Mapping[str, Any]
_NUMBERS = "、".join(
    [f"{n}{unit}" for unit in ("円", "万円", "年", "日", "か月", "人", "%") for n in (*range(1, 60), 100, 300, 500)]
)


def prompt(items: SearchItems, task: str, doc: Doc) -> str:
    """What the model is asked."""
    return str(items.loaded.tasks[task].doc_to_text(doc))


def every_option(items: SearchItems, task: str, doc: Doc) -> str:
    """All that might be wanted, one below the other: quotations and lines of the prompt, plain and polite."""
    asked = prompt(items, task, doc)
    parts = [*re.findall(r"[「『]([^」』]+)[」』]", asked), *asked.splitlines()]
    return "\n".join([*parts, *(part.rstrip("。") + "でございます。" for part in parts)])


def secrets(items: SearchItems, task: str, doc: Doc) -> str:
    """All that must be withheld, and all else that stands in the prompt."""
    kept = json.loads(doc["secrets"]) if "secrets" in doc else []
    return "".join(f"{one['value']}。" for one in kept) + prompt(items, task, doc)


TRICKS: dict[str, Callable[[SearchItems, str, Doc], str]] = {
    "repeats the prompt": prompt,
    "lists all options": every_option,
    "emits every number": lambda items, task, doc: _NUMBERS,
    "says nothing": lambda items, task, doc: "",
    "says お ten thousand times": lambda items, task, doc: "お" * 10_000,
    "refuses everything": lambda items, task, doc: "申し訳ございませんが、その件につきましてはお答えいたしかねます。",
    "leaks everything": secrets,
}
#: The most that a trick may earn in each domain: leak is balanced accuracy, in which refusing all and telling all earn one half.
MOST = {"keigo": 0.05, "finreg": 0.05, "leak": 0.5}
#: What is known to be open: six of the 168 things to be told are round figures, which a list of all round figures holds.
KNOWN = {("emits every number", "leak"): 0.5625}


@pytest.fixture(scope="module")
def items() -> SearchItems:
    """The generated items of the search suite, a fair sample of each task."""
    every = SearchItems.load(None, 24)
    return SearchItems.load([name for name in every.tasks if every.generated(name)], 24)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_earns_no_more_than_chance(items: SearchItems, trick: str) -> None:
    table: Table = {}
    for task in items.tasks:
        docs, ids = items.loaded.docs(task), items.loaded.ids(task)
        table[task] = {
            ids[n]: Item(
                items.loaded.tasks[task].process_results(docs[n], [TRICKS[trick](items, task, docs[n])])["score"]
            )
            for n in items.rows[task]
        }
    tasks, domains = items.results(table)
    earned = {name: domain.score for name, domain in domains.items()}
    assert set(earned) == set(MOST)
    for name, score in earned.items():
        assert score is not None and score <= KNOWN.get((trick, name), MOST[name]) + 1e-9, {
            n: t.score for n, t in tasks.items()
        }
