"""Whether what the frameworks name is there: tasks, facets and their values, and the articles of statutes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from jeval.clauses.coverage import matches
from jeval.clauses.schema import Clause, Evidence, Framework, Place, article_of
from jeval.finreg.check import Report
from jeval.finreg.citation import has_row
from jeval.finreg.locate import Finding, FindingKind
from jeval.finreg.statutes import Statutes
from jeval.finreg.wording import Law, digest
from jeval.pipeline.domains import domains
from jeval.pipeline.taskpack import TaskMeta, declared, known_names, load_tasks
from jeval.suggest import near

Docs = Mapping[str, Sequence[Mapping[str, Any]]]


def audit_docs() -> Docs:
    """The items of the tasks of the audit suite, by task."""
    loaded = load_tasks(["jeval"])
    return {name: list(loaded.docs(name)) for name in loaded.tasks}


def problems(maps: Sequence[Framework], docs: Docs) -> list[str]:
    """Tasks, domains, facets and values that are nowhere, a line each with near matches; and evidence that makes no score: of
    two domains, or of items that must withhold beside items that must serve.

    Args:
        docs: the items of each task; tasks that need a file of the user's have none.
    """
    return [
        f"{framework.id}: {clause.number}: {problem}"
        for framework in maps
        for clause in framework.clauses
        for problem in _problems(clause, docs)
    ]


def _problems(clause: Clause, docs: Docs) -> Iterator[str]:
    metas: list[TaskMeta] = []
    for entry in clause.evidence:
        if entry.domain and entry.domain not in domains():
            yield f"no domain {entry.domain!r}; {near(entry.domain, domains())}"
            continue
        unknown = [name for name in entry.tasks if name not in known_names()]
        yield from (f"no task {name!r}; {near(name, docs)}" for name in unknown)
        if unknown:
            continue
        found = {name: declared(name) for name in entry.tasks or docs}
        found = {name: meta for name, meta in found.items() if not entry.domain or meta.domain == entry.domain}
        metas += found.values()
        yield from (f"task {name!r} is not of the audit suite" for name, meta in found.items() if meta.suite != "audit")
        yield from _where(
            entry, [doc for name in found for doc in docs.get(name, ())], {m.domain for m in found.values()}
        )
    if len({(meta.domain, meta.side) for meta in metas}) > 1:
        yield "its evidence is of several domains or sides; a mean over them says nothing"


def _where(entry: Evidence, items: Sequence[Mapping[str, Any]], names: set[str]) -> Iterator[str]:
    facets = {facet for name in names for facet in domains()[name].facets}
    strangers = [facet for facet in entry.where if facet not in facets]
    yield from (f"no facet {facet!r} of {', '.join(sorted(names))}; {near(facet, facets)}" for facet in strangers)
    for facet, values in entry.where.items():
        held = {str(doc.get(facet, "")) for doc in items}
        if facet not in strangers:
            yield from (f"no item has {facet} {value!r}; {near(value, held)}" for value in values if value not in held)
    if entry.where and not any(matches(doc, entry) for doc in items):
        yield f"no item has all of {entry.where}"


def verify_clauses(statutes: Statutes, maps: Sequence[Framework]) -> Report:
    """Check the clauses of the statutes among the frameworks: the edition is that of the statute given, and article and paragraph
    are in it. A statute that is not given is a note, and one that cannot be read an error.
    """
    failures: list[Finding] = []
    errors: list[Finding] = []
    notes: list[Finding] = []
    checked = laws = 0
    for framework in (framework for framework in maps if framework.law_id):
        law = statutes.laws.get(framework.law_id)
        if reason := statutes.reason_unreadable(framework.law_id):
            errors.append(_finding(framework, "", "unreadable file", reason))
        elif law is None:
            reason = f"its clauses are not checked: {statutes.reason_missing(framework.law_id)}"
            notes.append(_finding(framework, "", "unknown law", reason))
        else:
            laws += 1
            checked += len(framework.clauses)
            failures += _failures(framework, law)
            notes += _coming(framework, law, statutes.day)
    ok = not failures and not errors
    return Report(checked=checked, laws=laws, ok=ok, failures=failures, errors=errors, notes=notes)


def _failures(framework: Framework, law: Law) -> Iterator[Finding]:
    if law.as_of and law.as_of.isoformat() != framework.date:
        reason = f"the clauses are stated from the text of {framework.date}, the statute given is of {law.as_of}; read them again"
        yield _finding(framework, "", "amended", reason, law.as_of.isoformat())
    for clause in framework.clauses:
        place = article_of(clause.number) or Place("", "", "", "")
        article = law.articles.get(place.article)
        if article is None:
            reason = f"missing article: {law.short_title} has no article {place.article}"
            yield _finding(framework, place.article, "missing article", reason)
        elif (part := article.part(place.paragraph)) is None or (
            place.row and not has_row(part, place.row, place.branch)
        ):
            yield _finding(framework, place.article, "no such place", f"the article has no {clause.number}")


def _coming(framework: Framework, law: Law, day: date) -> Iterator[Finding]:
    """Notes on enacted changes of the articles listed."""
    for coming in law.later:
        for clause in framework.clauses:
            number = (article_of(clause.number) or Place("", "", "", "")).article
            now, then = law.articles.get(number), coming.articles.get(number)
            changed = number in coming.gone or (now and then and digest(now.text) != digest(then.text))
            if coming.since and changed:
                begun = "; the statute given is older, check against the one in force" if coming.since <= day else ""
                when = f"article changes {'on' if coming.fixed else 'by'} {coming.since}{begun}"
                yield _finding(framework, number, "coming change", when, coming.since.isoformat())


def _finding(framework: Framework, article: str, kind: FindingKind, reason: str, new: str = "") -> Finding:
    return Finding(
        id=framework.id, law=framework.title.ja, article=article, kind=kind, reason=reason, old=framework.date, new=new
    )
