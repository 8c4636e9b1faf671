"""Minimal pairs: written by hand (``data/keigo/items/sentences``), and from frames × lexemes (``pairs.yaml``); correct sentences
of other lexemes.

A suite is drawn so that two guessers who know no keigo stay at chance: "the shorter member" and "the member with fewer
or more honorific morphemes". Misuses come longer and shorter than the right form, and over- as well as under-honorific;
the draw takes, within each error type, the candidate that keeps both running tallies nearest to zero.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from jeval.errors import InputError
from jeval.keigo.knowledge import knowledge
from jeval.reading import read_tsv, read_yaml
from jeval.resources import data_path

SUITES = ("audit", "search")
#: Pairs of a draw by another seed: half of what the frames of a suite hold, so that two draws differ.
FRESH = 330
_SLOT = re.compile(r"\{(\w+)\}")
#: The columns of a table of pairs written by hand.
COLUMNS = ("id", "suite", "section", "scene", "right", "wrong")
_FREE = ("n", "t", "past", "fut")


@lru_cache(maxsize=1)
def source() -> dict[str, Any]:
    """The parsed frames file: ``frames``, ``scenes``, ``words``, ``tables``."""
    return dict(read_yaml(data_path("keigo", "items", "pairs.yaml")))


def cite(section: str) -> str:
    """The ``source`` of an item: the norm and the section of it."""
    return f"{knowledge().citation} {section}"


@lru_cache(maxsize=65536)
def honorific_morphemes(text: str) -> int:
    """How many morphemes of ``text`` mark politeness or respect, right or wrong; おる counts, いる does not."""
    data = knowledge()
    markers, bits = data.words["honorific_marker"], data.bits
    count = 0
    for token in data.tagger(text):
        frame = token.mask & bits.naru_verb and data.expressions["ends_in_ni"].search(text[: text.find(token.surface)])
        count += token.lemma in markers or bool(token.mask & bits.oru) or bool(frame)
    return count


@lru_cache(maxsize=2)
def written(suite: str) -> tuple[dict[str, Any], ...]:
    """The pairs of a suite that were written one by one, by error type, as items; each is a cluster of its own."""
    rows: list[dict[str, Any]] = []
    for path in sorted(data_path("keigo", "items", "sentences").glob("*.tsv")):
        for name, of, section, scene, right, wrong in read_tsv(path, COLUMNS):
            if of == suite:
                one = {"cluster": name, "error_type": path.stem, "section": section, "scene": scene.strip("-")}
                rows.append(_item({**one, "right": right, "wrong": wrong}, suite))
    return tuple(rows)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def candidates(suite: str, words_of: str | None = None) -> list[dict[str, Any]]:
    """Every pair that the frames and the suite's lexemes allow, in file order, without ids.

    ``words_of`` names another set of surnames, titles and times.
    """
    data = source()
    words = data["words"][words_of or suite]
    rows: list[dict[str, Any]] = []
    for frame in data["frames"]:
        table = data["tables"][frame["table"]]
        used = set(_SLOT.findall(frame["right"] + frame["wrong"]))
        free = [slot for slot in _FREE if slot in used]
        for row in table[suite]:
            values = dict(zip(table["columns"], row.split("|"), strict=True))
            for chosen in itertools.product(*(words[slot] for slot in free)):
                slots = {**values, **dict(zip(free, chosen, strict=True))}
                right, wrong = frame["right"].format(**slots), frame["wrong"].format(**slots)
                for scene in frame["scenes"]:
                    rows.append(
                        {
                            "cluster": frame["id"],
                            "error_type": frame["error"],
                            "section": frame["section"],
                            "row": row,
                            "scene": "" if scene == "-" else scene,
                            "right": right,
                            "wrong": wrong,
                        }
                    )
    return rows


def generate(seed: int, n: int, suite: str, beside: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """``n`` minimal pairs of ``suite`` (``audit`` or ``search``) from the frames: the same seed gives the same items.

    Error types and, within a type, frames and lexeme rows are as even as the stock allows; half of the items stand in
    a scene where their frame allows both. Keys are those of ``data/keigo/built/pairs.jsonl``. What the items in ``beside`` give the
    two guessers is made up for.

    Raises:
        InputError: an unknown suite, or more items than the frames and lexemes yield.
    """
    if suite not in SUITES:
        raise InputError(f"keigo items: unknown suite {suite!r}; expected one of {', '.join(SUITES)}")
    rng = random.Random(f"{seed}-{suite}")
    stock: dict[str, list[dict[str, Any]]] = {}
    for one in candidates(suite):
        one["length"] = _length(one)
        stock.setdefault(one["error_type"], []).append(one)
    for rows in stock.values():
        rng.shuffle(rows)
    _check(n, stock, suite)
    balance = Counter[str]()
    for one in beside:
        balance["length"] += _length(one)
        balance["honorific"] += _honor(one)
    seen: Counter[Any] = Counter()
    chosen: list[dict[str, Any]] = []
    types = sorted(stock, key=lambda t: (len({(r["cluster"], r["length"]) for r in stock[t]}), t))
    for number in range(n):
        error = types[number % len(types)]
        rows = stock[error]
        best = min(rows, key=lambda one: _cost(one, balance, seen))
        rows.remove(best)
        balance["length"] += best["length"]
        balance["honorific"] += _honor(best)
        for key in _keys(best):
            seen[key] += 1
        chosen.append(best)
    order = [one["cluster"] for one in candidates(suite)]
    first = {cluster: order.index(cluster) for cluster in dict.fromkeys(order)}
    chosen.sort(key=lambda one: first[one["cluster"]])
    numbers: Counter[str] = Counter()
    result = []
    for one in chosen:
        numbers[one["cluster"]] += 1
        result.append(_item(one, suite, f"-{numbers[one['cluster']]:03d}"))
    return result


def _check(n: int, stock: dict[str, list[dict[str, Any]]], suite: str) -> None:
    most = min(len(rows) for rows in stock.values()) * len(stock)
    if not 1 <= n <= most:
        raise InputError(f"keigo items: {n} pairs asked for; the {suite} frames and lexemes yield 1 to {most}")


def _length(one: dict[str, Any]) -> int:
    return _sign(len(one["right"]) - len(one["wrong"]))


def _honor(one: dict[str, Any]) -> int:
    return _sign(honorific_morphemes(one["right"]) - honorific_morphemes(one["wrong"]))


def _keys(one: dict[str, Any]) -> tuple[Any, ...]:
    with_scene = bool(one["scene"])
    return (
        (one["cluster"],), (one["cluster"], one["row"]), (one["cluster"], with_scene),
        (one["right"], one["wrong"]), ("scene", with_scene),
    )  # fmt: skip


def _cost(one: dict[str, Any], balance: Counter[str], seen: Counter[Any]) -> float:
    """Lower is taken first: rare frames, rows and scenes, and what brings the two tallies back to zero."""
    frame, row, scene, text, side = (seen[key] for key in _keys(one))
    step: int = abs(balance["length"] + one["length"]) - abs(balance["length"])
    step += abs(balance["honorific"] + _honor(one)) - abs(balance["honorific"])
    other = seen[("scene", not one["scene"])]
    return 20.0 * step + 3.0 * frame + 1.5 * row + 0.5 * scene + 6.0 * text + 0.3 * (side - other)


def _item(one: dict[str, Any], suite: str, number: str = "") -> dict[str, Any]:
    scene = source()["scenes"][suite][one["scene"]] if one["scene"] else {}
    return {
        "id": f"keigo-pairs-{suite}-{one['cluster']}{number}",
        "suite": suite,
        "cluster": f"{suite}-{one['cluster']}",
        "chance": 0.5,
        "error_type": one["error_type"],
        "with_scene": "yes" if one["scene"] else "no",
        "scene": scene.get("text", ""),
        "speaker": scene.get("speaker", ""),
        "addressee": scene.get("addressee", ""),
        "referent": scene.get("referent", ""),
        "channel": scene.get("channel", ""),
        "right": one["right"],
        "wrong": one["wrong"],
        "longer": {1: "right", -1: "wrong", 0: "equal"}[_length(one)],
        "more_honorific": {1: "right", -1: "wrong", 0: "equal"}[_honor(one)],
        "source": cite(one["section"]),
    }


def training_sentences(seed: int, n: int) -> list[str]:
    """Correct sentences of the ``demo`` lexemes, which neither suite uses, over all eleven error types, evenly."""
    by_type: dict[str, list[str]] = {}
    for one in candidates("demo"):
        by_type.setdefault(one["error_type"], []).append(one["right"])
    rng = random.Random(seed)
    types = sorted(by_type)
    rows = [rng.choice(by_type[types[number % len(types)]]) for number in range(n)]
    rng.shuffle(rows)
    return rows
