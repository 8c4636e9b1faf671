"""What the schema cannot see: ``jeval bank lint`` names items that break the rules of the bank.

It needs no statutes. Facts of law are checked by :mod:`jeval.finreg.check` and by people.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from jeval.finreg.answer import judge_text
from jeval.finreg.business import of_item
from jeval.finreg.laws import known_documents, known_laws
from jeval.finreg.quantity import canonical, parse, same
from jeval.finreg.schema import AnyItem, Figure, bare
from jeval.finreg.themes import theme_of

LENGTH_GAP = 4  # characters by which twins may differ
LIKENESS = 0.65  # share of their wording that twins have in common, at least


def problems(items: Sequence[AnyItem]) -> list[str]:
    """One line per problem: item id and reason."""
    return [*_single(items), *_suites(items), *_repeats(items)]


def _single(items: Sequence[AnyItem]) -> Iterator[str]:
    laws = {text.law_id: text for text in (*known_laws(), *known_documents())}
    for item in items:
        law = laws.get(item.law_id)
        if law is None:
            table = "laws.tsv" if item.tier == "law" else "documents.tsv"
            yield f"{item.id}: {item.law_id} is not in data/finreg/knowledge/{table}"
        elif item.tier != law.tier:
            yield f"{item.id}: tier {item.tier!r}; {law.short_title} is of the tier {law.tier!r}"
        elif item.law not in (law.short_title, law.title):
            yield f"{item.id}: law is called {item.law!r}; expected {law.short_title!r}"
        elif not theme_of(item.law, item.article):
            yield f"{item.id}: no theme of data/finreg/knowledge/themes.yaml takes in article {item.article} of {item.law}"
        if not of_item(item):
            yield f"{item.id}: no row of data/finreg/knowledge/business.tsv says whom article {item.article} of {item.law} binds"
        if not item.id.startswith(f"{item.kind}-"):
            yield f"{item.id}: ids begin with the kind ({item.kind}-)"
        wrong = {"statement": 1, "choice": 3, "case": 3}.get(item.kind, 0)
        if len(item.why_wrong) < wrong:
            yield f"{item.id}: why_wrong has {len(item.why_wrong)} reasons; expected {wrong}"
        if item.kind == "statement" and abs(len(item.true) - len(item.false)) > LENGTH_GAP:
            yield f"{item.id}: the twins differ by {abs(len(item.true) - len(item.false))} characters"
        if item.kind == "statement" and (alike := SequenceMatcher(None, item.true, item.false).ratio()) < LIKENESS:
            yield f"{item.id}: the twins share only {alike:.0%} of their wording; they differ in one point and nothing else"
        if item.kind == "figure":
            yield from (f"{item.id}: {reason}" for reason in figure_problems(item))


def figure_problems(item: Figure) -> Iterator[str]:
    """The author's own answer must be accepted, and the question must not give it away."""
    expected = canonical(item.quantity.exact, item.quantity.unit, item.quantity.bound)
    verdict = judge_text(expected, item.answer, question=item.question, unit=item.quantity.unit)
    if not verdict.correct:
        yield f"its own answer {item.answer!r} is not accepted ({verdict.reasons[0]})"
    if any(same(found, expected) for found in parse(item.question, unit=item.quantity.unit)):
        yield "the question names the quantity it asks for"


def _suites(items: Sequence[AnyItem]) -> Iterator[str]:
    suites: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        suites[item.cluster][item.suite].append(item.id)
    for found in suites.values():
        if len(found) > 1:
            few = min(found.values(), key=len)
            other = next(ids for ids in found.values() if ids is not few)
            yield f"{', '.join(few)}: the article is in both suites (other: {', '.join(other[:3])})"


def _repeats(items: Sequence[AnyItem]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for item in items:
        key = bare(item.true if item.kind == "statement" else item.question)
        if (first := seen.setdefault(key, item.id)) != item.id:
            yield f"{item.id}: asks the same as {first}"
    spread = Counter(item.answer for item in items if item.kind in ("choice", "case"))
    if (total := sum(spread.values())) >= 100 and max(spread.values()) > 0.35 * total:
        yield f"answers as written stand at {dict(sorted(spread.items()))}; spread them evenly"
