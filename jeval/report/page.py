"""The HTML report of a run, or of several runs side by side: one page, and of a run with many failures one more page a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from jeval.digests import file_digest, value_digest
from jeval.pipeline import domains
from jeval.record.manifest import PAGES, RENDERED, REPORT, Rendered
from jeval.record.schema import RunRecord
from jeval.record.store import outside_runs
from jeval.report.catalogue import say, sentence, strings
from jeval.report.findings import Findings, readable
from jeval.report.reproduce import own_command, reproduction
from jeval.report.results import title_of, titles_of
from jeval.report.rules import FEW, gravest, shown_rules
from jeval.report.view import View, moment, pointers, view, words_of
from jeval.version import __version__
from jeval.writing import write_json, write_text

#: Bytes of failed items that the report itself holds; all others stand on pages of their own.
_ROOM = 1_200_000
_FEW = 6  # failed items of a task that the report shows before it links to them


@dataclass(frozen=True)
class Pages:
    """``report``: the page itself; ``more``: file name → page, of the tasks whose failed items do not all stand in it."""

    report: str
    more: dict[str, str]


def write_report(runs: Sequence[Path], out: Path | None, lang: str, *, preface: Sequence[str] = ()) -> Path:
    """Render the report of the given run folders into ``out`` (default: ``report.html`` of the first).

    Pages of single tasks lie in a folder beside it (``report-items``). The digests of a run folder's own report are written there too.

    Raises:
        InputError: a folder holds no run, or ``out`` lies in a run folder that is none of these.
    """
    target = out or runs[0] / REPORT
    own = [run for run in runs if target.absolute() == (run / REPORT).absolute()]
    if not own:
        outside_runs(target)
    pages = render_pages(runs, lang=lang, preface=preface, beside=pages_folder(target).name)
    for run in own:
        (run / RENDERED).unlink(missing_ok=True)
    folder = pages_folder(target)
    if folder.is_dir() and not folder.is_symlink():
        for old in folder.glob("*.html"):
            old.unlink()
    if pages.more:
        folder.mkdir(mode=0o700, exist_ok=True)
    for name, page in pages.more.items():
        write_text(folder / name, page)
    write_text(target, pages.report)
    for run in own:
        more = {name: file_digest(folder / name) for name in pages.more}
        made = Rendered(report=file_digest(target), pages=more, jeval_version=__version__, lang=lang)
        write_json(run / RENDERED, made.model_dump(mode="json"))
    return target


def pages_folder(report: Path) -> Path:
    """Where the pages of single tasks of a report lie."""
    return report.parent / (PAGES if report.name == REPORT else f"{report.stem}-items")


def render(folders: Sequence[Path], *, lang: str, preface: Sequence[str] = ()) -> str:
    """The report as one HTML page. What the models wrote is masked here too, unless the record says who asked that it be not.

    Args:
        folders: one run folder, or several for a comparison; the first is the reference.
        preface: plain sentences shown first (what demonstration models are, for instance).

    Raises:
        InputError: a folder holds no run, or one whose parts do not fit together.
    """
    return render_pages(folders, lang=lang, preface=preface).report


def render_pages(folders: Sequence[Path], *, lang: str, preface: Sequence[str] = (), beside: str = PAGES) -> Pages:
    """As :func:`render`, with the pages of single tasks, which the report finds in the folder ``beside`` it."""
    found = view(folders, lang)
    shown = _shared_out(found.runs[0].findings if found.single else (), beside)
    context = _context(found)
    page = template("report.html.j2").render(**context, preface=preface, findings=shown)
    items = template("items.html.j2")
    return Pages(page, {Path(one.href).name: items.render(**context, task=one) for one in shown if one.href})


@dataclass(frozen=True)
class Shown:
    """Failed items of a task as the report shows them: the first ``few``; ``href``: where all stand, "" where these are all."""

    anchor: str
    all: Findings
    few: Findings
    href: str


def _shared_out(found: Sequence[Findings], beside: str) -> list[Shown]:
    """Which failed items the report holds: of each task as many as there is room for, and where there are more, a page."""
    room = _ROOM // max(1, len(found))
    shown = []
    for number, one in enumerate(found, start=1):
        taken, size = 0, 0
        while taken < min(_FEW, len(one.failed)) and size < room:
            size += len(str(one.failed[taken]).encode("utf-8", "replace"))
            taken += 1
        few = Findings(one.task, one.title, one.n, one.failed[:taken])
        href = f"{beside}/{number:02}.html" if taken < len(one.failed) else ""
        shown.append(Shown(f"items-{number}", one, few, href))
    return shown


@lru_cache(maxsize=2)
def template(name: str) -> Any:
    """A template of the report, which escapes all that it is given."""
    environment = Environment(
        loader=PackageLoader("jeval.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        score="{:.3f}".format, signed="{:+.3f}".format, readable=lambda text: readable(str(text))
    )
    return environment.get_template(name)


def _context(found: View) -> dict[str, Any]:
    lang, words = found.lang, strings(found.lang)
    anchors = {row.task: f"task-{number}" for number, row in enumerate(found.rows, start=1)}
    titles = titles_of([run.record for run in found.runs], lang)
    return {
        "lang": lang,
        "t": words,
        "title": words["title"] if found.single else words["title_compare"],
        "view": found,
        "runs": found.runs,
        "edition": edition([run.record for run in found.runs]),
        "partial": _partial(found, words),
        "notices": list(
            dict.fromkeys(sentence(note, lang, titles) for run in found.runs for note in run.record.preface)
        ),
        "anchor": anchors.get,
        "rules": shown_rules(found.runs[0].record) if found.single else [],
        "gravest": gravest,
        "rules_of": lambda run: shown_rules(run.record),
        "pointers": lambda domain: pointers(found.runs[0], domain),
        "few_rules": FEW,
        "domain_anchor": {name: f"domain-{n}" for n, name in enumerate(found.runs[0].sections, start=1)}.get,
        "in_part": (part := {card.name for card in found.runs[0].cards if not card.complete}),
        "part_tasks": {name for name, task in found.runs[0].record.tasks.items() if task.domain in part},
        "clause_count": lambda status: sum(one.count(status) for one in found.runs[0].clauses),
        "sum_names": list(dict.fromkeys(row.task for part in found.sums for row in part)),
        "called": lambda facet, value: domains.called(facet, value, lang),
        "span_name": lambda kind: domains.span_name(kind, lang),
        "label": lambda name: domains.title(name, lang),
        "task_title": lambda task: title_of(task, lang),
        "say": lambda text: say(text, lang),
        "sentence": lambda note: sentence(note, lang, titles),
        "known": lambda task: titles.get(task, task),
        "lacking": lambda detail: _lacking(detail, titles, lang),
        "known_all": lambda tasks: [titles.get(task, task) for task in tasks],
        "moment": lambda text: moment(text, lang),
        "words_of": lambda value: words_of(value, words),
        "reproduction": reproduction,
        "own_command": own_command,
        "version": __version__,
    }


def _lacking(detail: str, titles: Mapping[str, str], lang: str) -> str:
    """``task (why); task (why)`` of a rule, the tasks by their titles and the reasons in ``lang``."""
    found = []
    for one in detail.split("; "):
        name, _, why = one.partition(" (")
        reason = say(why.removesuffix(")"), lang) if name in titles and why != "not run)" else ""
        found.append((titles.get(name, one) if name in titles else one) + (f" ({reason})" if reason else ""))
    return ", ".join(found)


def _partial(found: View, words: Mapping[str, str]) -> dict[str, list[str]]:
    """What runs that took a part of their suite have left out, in words, and which runs these are."""
    said: dict[str, list[str]] = {}
    for run in found.runs:
        part = run.part
        if part.whole:
            continue
        numbers = {name: f"{getattr(part, name):,}" for name in ("tasks", "of_tasks", "items", "of_items")}
        said.setdefault(words["partial_of"].format(**numbers) if part.known else words["partial_unknown"], []).append(
            run.name
        )
    return said


def edition(records: Sequence[RunRecord]) -> str:
    """The edition (版) of a report: twelve hex digits over what the records say, the same for every rendering of the same runs."""
    return value_digest([record.model_dump(mode="json") for record in records])[:12]
