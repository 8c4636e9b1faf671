"""Guessers that know no law: what they score beyond chance is a shortcut in the items, not knowledge.

``jeval bank guessers`` runs them over the bank and names the items that give a guesser its advantage, so that they can be
rewritten. All are blind to the question except for the option texts:

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

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from jeval.evidence.guesser import Candidate, Outcome, by_ngram, by_rule, drivers, telling_ngrams
from jeval.finreg.bank import AnyItem, select
from jeval.finreg.quantity import canonical, parse
from jeval.finreg.schema import CHANCE

HELD = ("longest", "shortest", "specific", "unspecific", "ngram")
GUESSED = ("statement", "choice", "case")

_NEGATION = re.compile(r"ない|ません|なく|ずに|不要|免除|禁止|できず|非")
_ABSOLUTE = re.compile(r"すべて|全て|必ず|いかなる|一切|常に|例外なく|のみ|に限り|だけ")
_SPECIFIC = re.compile(
    r"[0-9０-９]+|[〇一二三四五六七八九十百千万億]+(?=[年月日円人分割条項号％%])|[ァ-ヴー]{3,}|「[^」]+」"
)


def candidates(items: Sequence[AnyItem]) -> list[Candidate]:
    """Candidates of statements, choices and cases; figures have nothing to choose from."""
    return [Candidate(item.id, item.cluster, item.alternatives, item.right) for item in items if item.kind != "figure"]


def length(text: str) -> float:
    return float(len(text))


def specificity(text: str) -> float:
    """How many figures, numerals with a unit, katakana words and quoted terms a text names."""
    return float(len(_SPECIFIC.findall(text)))


def _figure(text: str) -> float:
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


def lines(result: dict[str, Any]) -> Iterator[str]:
    """A report of :func:`report` in words, line by line."""
    for kind, data in result["kinds"].items():
        yield f"{kind} (chance {data['chance']:.2f}; answers as written at {data['positions'] or '-'})"
        for group in ("both", "audit", "search"):
            for name, row in data[group].items():
                held = name in HELD
                mark = "" if row["within"] else "  <-- beyond 5 points" if held else "  (reported only)"
                yield f"  {group:6} {name:10} n={row['n']:4} {row['accuracy']:.3f} ({row['advantage']:+.3f}){mark}"
                if held and row["to_repair"]:
                    clearest = ", ".join(row["hits"][: row["to_repair"] + 4])
                    yield f"         rewrite at least {row['to_repair']} of: {clearest}"
        told = ", ".join(f"{gram}({right}/{wrong})" for gram, right, wrong in data["telling"][:12])
        yield f"  telling n-grams (right/wrong): {told}"
        for name, grams in data["drivers"].items():
            yield f"    {name}: " + ", ".join(f"{gram}({right}/{wrong})" for gram, right, wrong in grams)
    figure = result["figure"]
    yield f"figure: commonest value of the unit is right for {figure['commonest_value']:.3f} of {figure['n']}"
