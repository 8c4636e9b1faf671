"""Guessers that know no law: what they score beyond chance is a shortcut in the items, not knowledge.

``python -m jeval.finreg.guessers [--json]`` runs them over the bank and names the items that give a guesser its
advantage, so that they can be rewritten. All are blind to the question except for the option texts:

- ``longest``, ``shortest``: length alone (characters);
- ``specific``, ``unspecific``: digits, numerals, katakana words, quoted terms and article numbers, most or fewest;
- ``ngram``: naive Bayes over character 1- to 4-grams of right and wrong texts, trained on all other items, those that
  rest on the same article left out;
- ``larger``, ``smaller``, ``negated``, ``absolute`` (statements only): the twin with the larger or smaller figure, with a
  negation, with すべて, 必ず, いかなる and the like.

Ties share. Length and specificity are held within 5 points of chance on either side by a test, the n-gram guesser below
chance + 5 points; the others are reported. (Why one-sided: in a bank that uses every word equally often in right and
wrong texts, leaving an item out tips the balance of its words against it, and the guesser falls below chance for a reason
that helps nobody.)
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.finreg.schema import CHANCE

if TYPE_CHECKING:
    from jeval.finreg.bank import AnyItem

HELD = ("longest", "shortest", "specific", "unspecific", "ngram")
TOLERANCE = 0.05
GUESSED = ("statement", "choice", "case")

_NEGATION = re.compile(r"ない|ません|なく|ずに|不要|免除|禁止|できず|非")
_ABSOLUTE = re.compile(r"すべて|全て|必ず|いかなる|一切|常に|例外なく|のみ|に限り|だけ")
_SPECIFIC = re.compile(
    r"[0-9０-９]+|[〇一二三四五六七八九十百千万億]+(?=[年月日円人分割条項号％%])|[ァ-ヴー]{3,}|「[^」]+」"
)


@dataclass(frozen=True)
class Candidate:
    """What a guesser sees of an item: the texts to choose from and, for scoring, which is right."""

    id: str
    cluster: str
    texts: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class Outcome:
    """A guesser on the items of one kind."""

    guesser: str
    n: int
    accuracy: float
    chance: float
    hits: tuple[tuple[str, float], ...]
    """Items it gets right on its own (no tie), the clearest first, each with the guesser's margin."""

    @property
    def advantage(self) -> float:
        return self.accuracy - self.chance

    @property
    def within(self) -> bool:
        """No shortcut: within the tolerance (n-grams: not above it)."""
        low = -1.0 if self.guesser == "ngram" else -TOLERANCE
        return low - 1e-9 <= self.advantage <= TOLERANCE + 1e-9

    @property
    def to_repair(self) -> int:
        """How many of its hits must go for it to be within the tolerance."""
        return max(0, math.ceil((self.advantage - TOLERANCE) * self.n - 1e-9))


def candidates(items: Sequence[AnyItem]) -> list[Candidate]:
    """Candidates of statements, choices and cases; figures have nothing to choose from."""
    return [Candidate(item.id, item.cluster, item.alternatives, item.right) for item in items if item.kind != "figure"]


def length(text: str) -> float:
    return float(len(text))


def specificity(text: str) -> float:
    """How many figures, numerals with a unit, katakana words and quoted terms a text names."""
    return float(len(_SPECIFIC.findall(text)))


def _figure(text: str) -> float:
    from jeval.finreg.quantity import parse

    values = [float(q.value) for q in parse(text)]
    return sum(values) if values else 0.0


def _count(pattern: re.Pattern[str]) -> Callable[[str], float]:
    return lambda text: float(len(pattern.findall(text)))


RULES: dict[str, Callable[[str], float]] = {
    "longest": length,
    "shortest": lambda text: -length(text),
    "specific": specificity,
    "unspecific": lambda text: -specificity(text),
}
STATEMENT_RULES: dict[str, Callable[[str], float]] = {
    "larger": _figure,
    "smaller": lambda text: -_figure(text),
    "negated": _count(_NEGATION),
    "absolute": _count(_ABSOLUTE),
}


def by_rule(name: str, rule: Callable[[str], float], found: Sequence[Candidate]) -> Outcome:
    """Choose the text with the highest value of ``rule``; ties share."""
    return _outcome(name, found, [[rule(text) for text in candidate.texts] for candidate in found])


def by_ngram(found: Sequence[Candidate], orders: Sequence[int] = (1, 2, 3, 4)) -> Outcome:
    """Naive Bayes over the presence of character n-grams, leaving out the items of the same article."""
    return _outcome("ngram", found, _ngram_values(found, orders))


def drivers(found: Sequence[Candidate], name: str, top: int = 3) -> list[tuple[str, int, int]]:
    """The n-grams that lead the guesser to one item's right text: (n-gram, in right texts, in wrong texts) elsewhere."""
    right, wrong, sets = _grams(found, (2, 3, 4))
    index = next(i for i, candidate in enumerate(found) if candidate.id == name)
    for other, candidate in enumerate(found):
        if candidate.cluster == found[index].cluster:
            for place, grams in enumerate(sets[other]):
                (right if place == candidate.right else wrong).subtract(grams)
    odds = len(found[index].texts) - 1
    weights: dict[str, float] = {}
    for place, grams in enumerate(sets[index]):
        sign = 1 if place == found[index].right else -1
        for gram in grams:
            if right[gram] + wrong[gram]:
                weights[gram] = sign * math.log((odds * right[gram] + 1) / (wrong[gram] + 1))
    ranked = sorted((g for g in weights if weights[g] > 0), key=lambda gram: (-weights[gram], len(gram), gram))
    return [(gram, right[gram], wrong[gram]) for gram in ranked[:top]]


def telling_ngrams(found: Sequence[Candidate], top: int = 20) -> list[tuple[str, int, int]]:
    """The n-grams that divide right from wrong texts most: (n-gram, in right texts, in wrong texts)."""
    right, wrong, _ = _grams(found, (2, 3, 4, 5, 6))
    share = sum(len(c.texts) - 1 for c in found) / max(1, len(found))

    def weight(gram: str) -> float:
        expected = wrong[gram] / share
        return (right[gram] - expected) ** 2 / (right[gram] + expected)

    ranked = sorted({*right, *wrong}, key=lambda gram: (-weight(gram), len(gram), gram))
    return [(gram, right[gram], wrong[gram]) for gram in ranked[:top]]


def _grams(
    found: Sequence[Candidate], orders: Sequence[int]
) -> tuple[Counter[str], Counter[str], list[list[frozenset[str]]]]:
    """Presence counts in right and wrong texts. Only what not every text of an item contains can tell them apart."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    sets: list[list[frozenset[str]]] = []
    for candidate in found:
        grams = [
            frozenset(text[i : i + n] for n in orders for i in range(len(text) - n + 1)) for text in candidate.texts
        ]
        shared = frozenset.intersection(*grams)
        own = [gram - shared for gram in grams]
        sets.append(own)
        for index, gram in enumerate(own):
            (right if index == candidate.right else wrong).update(gram)
    return right, wrong, sets


def _ngram_values(found: Sequence[Candidate], orders: Sequence[int]) -> list[list[float]]:
    right, wrong, sets = _grams(found, orders)
    members: dict[str, list[int]] = defaultdict(list)
    for index, candidate in enumerate(found):
        members[candidate.cluster].append(index)
    values: list[list[float]] = [[] for _ in found]
    for indices in members.values():
        held_right: Counter[str] = Counter()
        held_wrong: Counter[str] = Counter()
        for index in indices:
            for place, grams in enumerate(sets[index]):
                (held_right if place == found[index].right else held_wrong).update(grams)
        texts_right = len(found) - len(indices)
        texts_wrong = sum(len(c.texts) - 1 for c in found) - sum(len(found[i].texts) - 1 for i in indices)
        base = math.log((texts_wrong + 2) / (texts_right + 2))
        for index in indices:
            values[index] = [
                sum(
                    math.log((right[g] - held_right[g] + 1) / (wrong[g] - held_wrong[g] + 1)) + base
                    for g in sorted(grams)
                    if right[g] - held_right[g] + wrong[g] - held_wrong[g]
                )
                for grams in sets[index]
            ]
    return values


def _outcome(name: str, found: Sequence[Candidate], values: Sequence[Sequence[float]]) -> Outcome:
    total = chance = 0.0
    hits: list[tuple[str, float]] = []
    for candidate, scores in zip(found, values, strict=True):
        best = max(scores)
        winners = [index for index, score in enumerate(scores) if score == best]
        total += 1 / len(winners) if candidate.right in winners else 0.0
        chance += 1 / len(scores)
        if winners == [candidate.right]:
            hits.append((candidate.id, best - sorted(scores)[-2]))
    hits.sort(key=lambda hit: (-hit[1], hit[0]))
    n = len(found)
    return Outcome(name, n, total / n if n else 0.0, chance / n if n else 0.0, tuple(hits))


def run(items: Sequence[AnyItem]) -> list[Outcome]:
    """Every guesser on items of one kind."""
    found = candidates(items)
    if not found:
        return []
    rules = dict(RULES)
    if items[0].kind == "statement":
        rules |= STATEMENT_RULES
    return [*(by_rule(name, rule, found) for name, rule in rules.items()), by_ngram(found)]


def modal_figure(items: Sequence[AnyItem]) -> tuple[int, float]:
    """Figures: share right when always naming the commonest value of the same unit among the other articles' items."""
    from jeval.finreg.quantity import canonical

    asked = [
        (item.cluster, canonical(item.quantity.exact, item.quantity.unit)) for item in items if item.kind == "figure"
    ]
    right = 0
    for cluster, wanted in asked:
        others = Counter(q.value for other, q in asked if other != cluster and q.unit == wanted.unit)
        right += bool(others) and min(others, key=lambda v: (-others[v], v)) == wanted.value
    return len(asked), right / len(asked) if asked else 0.0


def report(items: Sequence[AnyItem]) -> dict[str, Any]:
    """All guessers by kind, over both suites and each alone, with the items to repair."""
    from jeval.finreg.bank import select

    out: dict[str, Any] = {"ok": True, "kinds": {}}
    for kind in GUESSED:
        groups = {suite: select(items, kind, suite) for suite in ("audit", "search")}
        groups["both"] = [*groups["audit"], *groups["search"]]
        out["kinds"][kind] = {
            "chance": CHANCE[kind],
            "positions": _positions(groups["both"]),
            **{name: {o.guesser: _as_dict(o) for o in run(group)} for name, group in groups.items()},
            "telling": telling_ngrams(candidates(groups["both"])),
            "drivers": _ngram_drivers(groups["both"]),
        }
        held = [o for group in groups.values() for o in run(group) if o.guesser in HELD]
        out["ok"] = out["ok"] and all(o.within for o in held)
    n, accuracy = modal_figure(items)
    out["figure"] = {"n": n, "commonest_value": round(accuracy, 4)}
    return out


def _ngram_drivers(items: Sequence[AnyItem]) -> dict[str, list[tuple[str, int, int]]]:
    """For a kind whose n-gram guesser is beyond the tolerance: what leads it to each item it gets right."""
    found = candidates(items)
    if not found or (outcome := by_ngram(found)).within:
        return {}
    return {name: drivers(found, name) for name, _ in outcome.hits[: outcome.to_repair + 10]}


def _positions(items: Sequence[AnyItem]) -> list[int]:
    counts = Counter(item.answer for item in items if item.kind in ("choice", "case"))
    return [counts[index] for index in range(4)] if counts else []


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    return {
        "n": outcome.n,
        "accuracy": round(outcome.accuracy, 4),
        "advantage": round(outcome.advantage, 4),
        "within": outcome.within,
        "to_repair": outcome.to_repair,
        "hits": [name for name, _ in outcome.hits],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    from jeval.errors import InputError
    from jeval.finreg.bank import load

    parser = argparse.ArgumentParser(prog="python -m jeval.finreg.guessers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--items", type=Path, default=None, help="item folder or one item file; default: the bank")
    parser.add_argument("--json", action="store_true", help="print one object, with every item a guesser gets right")
    options = parser.parse_args(arguments)
    try:
        result = report(load(options.items))
    except InputError as err:
        print(f"jeval: {err}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _print(result)
    return 0 if result["ok"] else 1


def _print(result: dict[str, Any]) -> None:
    for kind, data in result["kinds"].items():
        print(f"{kind} (chance {data['chance']:.2f}; answers as written at {data['positions'] or '-'})")
        for group in ("both", "audit", "search"):
            for name, row in data[group].items():
                held = name in HELD
                mark = "" if row["within"] else "  <-- beyond 5 points" if held else "  (reported only)"
                print(f"  {group:6} {name:10} n={row['n']:4} {row['accuracy']:.3f} ({row['advantage']:+.3f}){mark}")
                if held and row["to_repair"]:
                    clearest = ", ".join(row["hits"][: row["to_repair"] + 4])
                    print(f"         rewrite at least {row['to_repair']} of: {clearest}")
        told = ", ".join(f"{gram}({right}/{wrong})" for gram, right, wrong in data["telling"][:12])
        print(f"  telling n-grams (right/wrong): {told}")
        for name, grams in data["drivers"].items():
            print(f"    {name}: " + ", ".join(f"{gram}({right}/{wrong})" for gram, right, wrong in grams))
    print(f"figure: commonest value of the unit is right for {result['figure']['commonest_value']:.3f} "
          f"of {result['figure']['n']}")  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
