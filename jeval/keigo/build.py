"""Item files from their sources: ``jeval bank build`` writes ``data/keigo/built/*.jsonl``.

The sources are the YAML files beside them; the draw is seeded, so the files come out the same each time (a test checks).
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from typing import Any

import yaml

from jeval.evidence.instrument import Counts, Instrument
from jeval.keigo.analysis import analyze
from jeval.keigo.generate import SUITES, candidates, generate, source
from jeval.keigo.quality import analyser
from jeval.reading import read_jsonl
from jeval.resources import data_path

SEED = 20261124
SIZES = {"pairs": (616, 330), "choice": (208, 112), "correct": (165, 88)}
_SLOT = re.compile(r"\{(\w+)\}")


def _yaml(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load(data_path("keigo", "items", name).read_text(encoding="utf-8")))


def pairs() -> list[dict[str, Any]]:
    """The minimal pairs of both suites."""
    return [row for suite, n in zip(SUITES, SIZES["pairs"], strict=True) for row in generate(SEED, n, suite)]


# ---------------------------------------------------------------------- choice
def choice() -> list[dict[str, Any]]:
    """Scenes with four utterances: right answers even over positions, and over lengths as far as the stock allows."""
    data = _yaml("choice.yaml")
    rows: list[dict[str, Any]] = []
    for suite, n in zip(SUITES, SIZES["choice"], strict=True):
        rows += _draw_choices(data, suite, n)
    return rows


def _draw_choices(data: dict[str, Any], suite: str, n: int) -> list[dict[str, Any]]:
    rng = random.Random(f"{SEED}-choice-{suite}")
    stock = _choice_stock(data, suite)
    rng.shuffle(stock)
    seen: Counter[Any] = Counter()
    lengths: dict[str, float] = {"shortest": 0.0, "longest": 0.0}
    chosen = []
    for number in range(n):
        best = min(
            stock,
            key=lambda one: 24 * _shift(lengths, one, number) + 2 * seen[one["cluster"], one["text"]]
            + seen[one["cluster"]] + 2 * seen[one["cluster"], one["row"]]
            + 6 * seen["again", one["fits"], tuple(one["options"])] - 4 * min(1, seen[tuple(one["options"])]),
        )  # fmt: skip
        stock.remove(best)
        for key in ((best["cluster"], best["text"]), best["cluster"], (best["cluster"], best["row"]), tuple(best["options"]),
                    ("again", best["fits"], tuple(best["options"]))):  # fmt: skip
            seen[key] += 1
        for end, share in _ends(best).items():
            lengths[end] += share
        chosen.append(best)
    order = [s["id"] for s in data["sets"]]
    chosen.sort(key=lambda one: order.index(one["cluster"]))
    places = [number % 4 for number in range(n)]
    rng.shuffle(places)
    result = []
    for number, (one, place) in enumerate(zip(chosen, places, strict=True), 1):
        wrong = [text for i, text in enumerate(one["options"]) if i != one["fits"]]
        rng.shuffle(wrong)
        wrong.insert(place, one["options"][one["fits"]])
        result.append(
            {
                "id": f"keigo-choice-{suite}-{number:03d}", "suite": suite, "cluster": f"{suite}-{one['cluster']}-{one['row']}",
                "chance": 0.25, "set": one["cluster"], "scene": one["text"], "speaker": one["speaker"],
                "addressee": one["addressee"], "referent": one["referent"], "channel": one["channel"], "choices": wrong,
                "answer": place, "source": f"文化審議会答申「敬語の指針」(2007) {one['section']}",
            }
        )  # fmt: skip
    return result


def _choice_stock(data: dict[str, Any], suite: str) -> list[dict[str, Any]]:
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
                stock.append(
                    {**scene, "cluster": one["id"], "section": one["section"], "row": row,
                     "text": scene["text"].format(**slots), "options": [o.format(**slots) for o in one["options"]]}
                )  # fmt: skip
    return stock


def _ends(one: dict[str, Any]) -> dict[str, float]:
    """Gain of the guessers "shortest" and "longest" over chance on one item, ties shared."""
    sizes = [len(text) for text in one["options"]]
    right = sizes[one["fits"]]
    return {
        name: (1 / sizes.count(end) if right == end else 0.0) - 0.25
        for name, end in (("shortest", min(sizes)), ("longest", max(sizes)))
    }


def _shift(lengths: dict[str, float], one: dict[str, Any], number: int) -> float:
    return sum(abs(lengths[end] + gain) - abs(lengths[end]) for end, gain in _ends(one).items())


# ---------------------------------------------------------------------- convert
def convert() -> list[dict[str, Any]]:
    """Sentences to convert, each with the honorific type asked for and one answer that shows it can be done."""
    data = _yaml("convert.yaml")
    rows = []
    for suite in SUITES:
        words = data["words"][suite]
        for target, table in data["tables"].items():
            for number, row in enumerate(table[suite]):
                values = dict(zip(table["columns"], row.split("|"), strict=True))
                for step, frame in enumerate(data["frames"][target]):
                    pick = {slot: words[slot][(number + step) % len(words[slot])] for slot in words}
                    slots = {**values, **pick}
                    rows.append(
                        {
                            "id": f"keigo-convert-{suite}-{target}-{number:02d}-{frame['id']}", "suite": suite,
                            "cluster": f"{suite}-{target}-{values['present']}", "chance": 0.0, "target": target,
                            "frame": frame["id"], "speaker": "", "addressee": "", "referent": "",
                            "text": frame["source"].format(**slots), "example": frame["example"].format(**slots),
                            "source": "文化審議会答申「敬語の指針」(2007) 第2章第1, 第2章第2",
                        }
                    )  # fmt: skip
    return rows


# ---------------------------------------------------------------------- correct
def correct() -> list[dict[str, Any]]:
    """Sentences with one misuse that the analyser finds (and does not find in the right member); texts not among the pairs."""
    taken = {row["wrong"] for row in pairs()}
    rows = []
    for suite, n in zip(SUITES, SIZES["correct"], strict=True):
        by_type: dict[str, list[dict[str, Any]]] = {}
        for one in candidates(suite, f"{suite}_correct"):
            if one["wrong"] not in taken:
                by_type.setdefault(one["error_type"], []).append(one)
        rng = random.Random(f"{SEED}-correct-{suite}")
        for kind in sorted(by_type):
            stock = by_type[kind]
            rng.shuffle(stock)
            seen: Counter[Any] = Counter()
            for number in range(1, n // 11 + 1):
                stock.sort(key=lambda one: 2 * seen[one["cluster"]] + seen[one["row"]] + 3 * seen[one["wrong"]])
                for one in stock:
                    scene = source()["scenes"][suite][one["scene"]] if one["scene"] else {}
                    context = {k: scene[k] for k in ("speaker", "addressee", "referent") if scene.get(k)}
                    if {e.type for e in analyze(one["wrong"], context).errors} == {kind} and not analyze(
                        one["right"], context
                    ).errors:
                        break
                else:
                    break
                stock.remove(one)
                for key in (one["cluster"], one["row"], one["wrong"]):
                    seen[key] += 1
                rows.append(
                    {
                        "id": f"keigo-correct-{suite}-{kind}-{number:02d}", "suite": suite,
                        "cluster": f"{suite}-{one['cluster']}", "chance": 0.0, "error_type": kind, "scene": scene.get("text", ""),
                        "speaker": context.get("speaker", ""), "addressee": context.get("addressee", ""),
                        "referent": context.get("referent", ""), "text": one["wrong"], "example": one["right"],
                        "source": f"文化審議会答申「敬語の指針」(2007) {one['section']}",
                    }
                )  # fmt: skip
    return rows


# ---------------------------------------------------------------------- reply
def reply() -> list[dict[str, Any]]:
    """What customers say, to be answered."""
    data = _yaml("reply.yaml")
    rows = []
    for suite in SUITES:
        for one in data[suite]:
            for number, value in enumerate(one["values"], 1):
                inside = one["side"] == "in"
                rows.append(
                    {
                        "id": f"keigo-reply-{suite}-{one['id']}-{number}", "suite": suite, "cluster": f"{suite}-{one['id']}",
                        "chance": 0.0, "side": one["side"], "scene": one["scene"], "speaker": "自社社員", "addressee": "顧客",
                        "referent": "自社の上司" if inside else "", "text": one["text"].format(v=value), "about": one["about"],
                        "source": "文化審議会答申「敬語の指針」(2007) 第3章第1, 第3章第2の3",
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
