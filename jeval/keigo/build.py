"""Item files from their sources: ``jeval bank build`` writes ``data/keigo/built/*.jsonl``.

The sources are the YAML files in ``data/keigo/items``; the draw is seeded, so the files come out the same each time (a
test checks).
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from jeval.evidence.instrument import Counts, Instrument
from jeval.keigo.analysis import analyze
from jeval.keigo.generate import SUITES, candidates, cite, generate, source, written
from jeval.keigo.quality import analyser
from jeval.keigo.types import ERROR_TYPES
from jeval.reading import read_jsonl, read_yaml
from jeval.resources import data_path

SEED = 20261124
SIZES = {"pairs": (616, 616), "choice": (208, 112), "correct": (165, 88)}
_SLOT = re.compile(r"\{(\w+)\}")

Row = dict[str, Any]


def _source(name: str) -> Row:
    return dict(read_yaml(data_path("keigo", "items", name)))


def pairs() -> list[Row]:
    """The minimal pairs of both suites: all that were written, filled up from the frames."""
    rows: list[Row] = []
    for suite, n in zip(SUITES, SIZES["pairs"], strict=True):
        own = written(suite)
        rows += [*own, *generate(SEED, n - len(own), suite, own)]
    return rows


# ---------------------------------------------------------------------- choice
def choice() -> list[Row]:
    """Scenes with four utterances: right answers even over positions, and over lengths as far as the stock allows."""
    data = _source("choice.yaml")
    rows: list[Row] = []
    for suite, n in zip(SUITES, SIZES["choice"], strict=True):
        rng = random.Random(f"{SEED}-choice-{suite}")
        chosen = _draw(_choice_stock(data, suite), n, rng)
        order = [one["id"] for one in data["sets"]]
        chosen.sort(key=lambda one: order.index(one["cluster"]))
        chosen += _written_choices(suite)
        places = [number % 4 for number in range(len(chosen))]
        rng.shuffle(places)
        rows += [
            _choice(one, place, f"{suite}-{number:03d}", suite, rng)
            for number, (one, place) in enumerate(zip(chosen, places, strict=True), 1)
        ]
    return rows


def _written_choices(suite: str) -> list[Row]:
    """Situations of their own: four utterances in four scenes, in each of which another fits."""
    return [
        {
            **scene,
            "cluster": one["id"],
            "section": one["section"],
            "row": "",
            "options": one["options"],
            "set": "written",
        }
        for one in _source(f"choice/{suite}.yaml")["sets"]
        for scene in one["scenes"]
    ]


def _choice_stock(data: Row, suite: str) -> list[Row]:
    """Every scene with every row of lexemes and every name, title and time of the suite."""
    words = data["words"][suite]
    stock = []
    for one in data["sets"]:
        table = data["tables"][one["table"]]
        for scene, row in itertools.product(one["scenes"], table[suite]):
            values = dict(zip(table["columns"], row.split("|"), strict=True))
            used = set(_SLOT.findall(scene["text"] + "".join(one["options"])))
            free = [slot for slot in words if slot in used]
            for chosen in itertools.product(*(words[slot] for slot in free)):
                slots = {**values, **dict(zip(free, chosen, strict=True))}
                options = [option.format(**slots) for option in one["options"]]
                text = scene["text"].format(**slots)
                item = {"cluster": one["id"], "section": one["section"], "row": row, "text": text, "options": options}
                stock.append({**scene, **item})
    return stock


def _draw(stock: list[Row], n: int, rng: random.Random) -> list[Row]:
    """``n`` of the stock, the cheapest first, each making others like it dearer."""
    rng.shuffle(stock)
    seen: Counter[Any] = Counter()
    lengths = {"shortest": 0.0, "longest": 0.0}
    chosen = []
    for _ in range(n):
        best = min(stock, key=lambda one: _cost(one, seen, lengths))
        stock.remove(best)
        seen.update(_keys(best))
        for end, share in _ends(best).items():
            lengths[end] += share
        chosen.append(best)
    return chosen


def _keys(one: Row) -> tuple[Any, ...]:
    options = tuple(one["options"])
    return (
        (one["cluster"], one["text"]),
        one["cluster"],
        (one["cluster"], one["row"]),
        options,
        ("again", one["fits"], options),
    )


def _cost(one: Row, seen: Counter[Any], lengths: dict[str, float]) -> float:
    """Lower is taken first: rare scenes, sets and rows, the same utterances with another right answer, even lengths."""
    text, cluster, row, options, again = (seen[key] for key in _keys(one))
    shift = sum(abs(lengths[end] + gain) - abs(lengths[end]) for end, gain in _ends(one).items())
    return 24 * shift + 2 * text + cluster + 2 * row + 6 * again - 4 * min(1, options)


def _ends(one: Row) -> dict[str, float]:
    """Gain of the guessers "shortest" and "longest" over chance on one item, ties shared."""
    sizes = [len(text) for text in one["options"]]
    right = sizes[one["fits"]]
    return {
        name: (1 / sizes.count(end) if right == end else 0.0) - 0.25
        for name, end in (("shortest", min(sizes)), ("longest", max(sizes)))
    }


def _choice(one: Row, place: int, number: str, suite: str, rng: random.Random) -> Row:
    """The item with its right answer at ``place``."""
    choices = [text for i, text in enumerate(one["options"]) if i != one["fits"]]
    rng.shuffle(choices)
    choices.insert(place, one["options"][one["fits"]])
    return {
        "id": f"keigo-choice-{number}", "suite": suite, "cluster": f"{suite}-{one['cluster']}-{one['row']}".rstrip("-"), "chance": 0.25,
        "set": one.get("set", one["cluster"]), "scene": one["text"], "speaker": one["speaker"], "addressee": one["addressee"],
        "referent": one["referent"], "channel": one["channel"], "choices": choices, "answer": place,
        "source": cite(one["section"]),
    }  # fmt: skip


# ---------------------------------------------------------------------- convert
def convert() -> list[Row]:
    """Sentences to convert, each with the honorific type asked for and one answer that shows it can be done."""
    data = _source("convert.yaml")
    return [
        row
        for suite in SUITES
        for target, table in data["tables"].items()
        for number, lexemes in enumerate(table[suite])
        for row in _conversions(data, suite, target, number, lexemes)
    ]


def _conversions(data: Row, suite: str, target: str, number: int, lexemes: str) -> Iterator[Row]:
    """The items that the frames of a target make of one row of lexemes."""
    words = data["words"][suite]
    values = dict(zip(data["tables"][target]["columns"], lexemes.split("|"), strict=True))
    for step, frame in enumerate(data["frames"][target]):
        pick = {slot: words[slot][(number + step) % len(words[slot])] for slot in words}
        slots = {**values, **pick}
        yield {
            "id": f"keigo-convert-{suite}-{target}-{number:02d}-{frame['id']}", "suite": suite,
            "cluster": f"{suite}-{target}-{values['present']}", "chance": 0.0, "target": target, "frame": frame["id"],
            "speaker": "", "addressee": "", "referent": "", "text": frame["source"].format(**slots),
            "example": frame["example"].format(**slots), "source": cite(data["section"]),
        }  # fmt: skip


# ---------------------------------------------------------------------- correct
def correct() -> list[Row]:
    """Sentences with one misuse that the analyser finds, and not in the right member; none stands among the pairs."""
    taken = {row["wrong"] for row in pairs()}
    rows = []
    for suite, n in zip(SUITES, SIZES["correct"], strict=True):
        by_type: dict[str, list[Row]] = {}
        for one in candidates(suite, f"{suite}_correct"):
            if one["wrong"] not in taken:
                by_type.setdefault(one["error_type"], []).append(one)
        rng = random.Random(f"{SEED}-correct-{suite}")
        for kind in sorted(by_type):
            rng.shuffle(by_type[kind])
            chosen = itertools.islice(_correctable(by_type[kind], suite), n // len(ERROR_TYPES))
            rows += [_correction(one, suite, number) for number, one in enumerate(chosen, 1)]
    return rows


def _scene(one: Row, suite: str) -> Row:
    return dict(source()["scenes"][suite][one["scene"]]) if one["scene"] else {}


def _context(one: Row, suite: str) -> dict[str, str]:
    scene = _scene(one, suite)
    return {key: scene[key] for key in ("speaker", "addressee", "referent") if scene.get(key)}


def _correctable(stock: list[Row], suite: str) -> Iterator[Row]:
    """Of a stock of one misuse those on which the analyser agrees with the frame, rare frames and lexemes first."""
    seen: Counter[Any] = Counter()
    while True:
        stock.sort(key=lambda one: 2 * seen[one["cluster"]] + seen[one["row"]] + 3 * seen[one["wrong"]])
        best = next((one for one in stock if _agrees(one, _context(one, suite))), None)
        if best is None:
            return
        stock.remove(best)
        seen.update((best["cluster"], best["row"], best["wrong"]))
        yield best


def _agrees(one: Row, context: dict[str, str]) -> bool:
    found = {error.type for error in analyze(one["wrong"], context).errors}
    return found == {one["error_type"]} and not analyze(one["right"], context).errors


def _correction(one: Row, suite: str, number: int) -> Row:
    context = _context(one, suite)
    return {
        "id": f"keigo-correct-{suite}-{one['error_type']}-{number:02d}", "suite": suite, "cluster": f"{suite}-{one['cluster']}",
        "chance": 0.0, "error_type": one["error_type"], "scene": _scene(one, suite).get("text", ""),
        "speaker": context.get("speaker", ""), "addressee": context.get("addressee", ""),
        "referent": context.get("referent", ""), "text": one["wrong"], "example": one["right"], "source": cite(one["section"]),
    }  # fmt: skip


# ---------------------------------------------------------------------- reply
def reply() -> list[Row]:
    """What customers say, to be answered."""
    data = _source("reply.yaml")
    persons = data["persons"]
    rows = []
    for suite in SUITES:
        for one in data[suite]:
            for number, value in enumerate(one["values"], 1):
                rows.append(
                    {
                        "id": f"keigo-reply-{suite}-{one['id']}-{number}", "suite": suite, "cluster": f"{suite}-{one['id']}",
                        "chance": 0.0, "side": one["side"], "scene": one["scene"], "speaker": persons["speaker"],
                        "addressee": persons["addressee"], "referent": persons["referent"][one["side"]],
                        "text": one["text"].format(v=value), "about": one["about"], "source": cite(data["section"]),
                    }
                )  # fmt: skip
    return rows


def instruments() -> dict[str, Instrument]:
    """Error rates of what scores the generative tasks: the judge on its label set, and the analyser on its own.

    ``convert``: how often an acceptable answer is accepted (sensitivity) and an unacceptable one refused (specificity).
    ``generation``: the analyser's rates turned round, since these tasks reward text in which it finds no misuse.
    """
    groups: dict[bool, list[bool]] = {True: [], False: []}
    for row in read_jsonl(data_path("keigo", "labels", "conversion.jsonl")):
        groups[row["accepted"]].append(row["agreed_at_first"])
    counts = Counts(
        true_positives=sum(groups[True]), n_positive=len(groups[True]),
        true_negatives=sum(groups[False]), n_negative=len(groups[False]),
    )  # fmt: skip
    first_sight = (
        "data/keigo/labels/conversion.jsonl: verdicts on first sight, before the judge was mended on its misses"
    )
    return {"convert": Instrument.of(counts, first_sight), "generation": analyser().reversed()}


BUILDERS = {"pairs": pairs, "choice": choice, "convert": convert, "correct": correct, "reply": reply}
