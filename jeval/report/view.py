"""What the pages of the report are made from: run folders, read, masked and put in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from markupsafe import Markup

from jeval.clauses import Framework, FrameworkCoverage, coverage
from jeval.domain import Domain, Ground, Section, TaskSamples
from jeval.errors import InputError, JevalError
from jeval.output import one_line, quoted
from jeval.pipeline import domains
from jeval.pipeline.extent import Part, part_of, whole_domains
from jeval.pipeline.mask import masked
from jeval.record.compare import Compared, Comparison, compare_runs
from jeval.record.samples import Sample, read_samples
from jeval.record.schema import RunRecord
from jeval.record.store import read_record
from jeval.report.catalogue import strings
from jeval.report.charts import ChartRow, ChartWords, drawn, forest
from jeval.report.findings import Findings, failed
from jeval.report.results import Card, Gap, Row, cards, gaps, rows, title_of

_JST = timezone(timedelta(hours=9), "JST")


@dataclass
class RunView:
    """One run: its record, and of a run shown by itself the sections of its domains, its failed items and its clauses."""

    name: str
    record: RunRecord
    part: Part
    cards: Sequence[Card]
    sections: Mapping[str, Sequence[Section]] = field(default_factory=dict)
    findings: Sequence[Findings] = ()
    clauses: Sequence[FrameworkCoverage] = ()
    gaps: Sequence[Gap] = ()


@dataclass(frozen=True)
class View:
    """Everything that a report shows, in ``lang``. ``chart``: "" where there is nothing to draw, ``None`` where it cannot be drawn."""

    lang: str
    runs: Sequence[RunView]
    rows: Sequence[Row]
    compared: Compared | None
    sums: Sequence[Sequence[Comparison]]
    chart: Markup | None

    @property
    def single(self) -> bool:
        """Whether it shows one run."""
        return len(self.runs) == 1

    @property
    def revealed_by(self) -> str:
        """Who asked that personal data be left readable."""
        return ", ".join(dict.fromkeys(run.record.revealed_by for run in self.runs if run.record.revealed_by))


def view(folders: Sequence[Path], lang: str) -> View:
    """Read one run, or several of which the first is the reference.

    Raises:
        InputError: a folder holds no run, or one whose parts do not fit together.
    """
    if not folders:
        raise InputError("no run folder given; pass at least one")
    runs = [_run(folder, read_record(folder), lang, single=len(folders) == 1) for folder in folders]
    _unique_names(runs)
    compared = compare_runs(folders) if len(runs) > 1 else None
    found = compared.comparisons if compared else []
    by_run = [[row for row in found if row.run == str(folder)] for folder in folders[1:]]
    table = rows([run.record for run in runs], by_run, lang)
    sums = [_sums(part, runs[0], other) for part, other in zip(by_run, runs[1:], strict=True)]
    return View(lang, runs, table, compared, sums, _chart(table, [run.name for run in runs], lang))


def _run(folder: Path, record: RunRecord, lang: str, *, single: bool) -> RunView:
    run = RunView(record.model.name, record, part_of(record), cards(record, lang), gaps=gaps(record))
    if not single:
        return run
    samples = _samples(folder, record)
    run.sections = _sections(folder, record, samples, lang)
    found = []
    for name, items in samples.items():
        with _fitting(folder, f"samples of {name}"):
            shown = failed(items, _ground(record, name, lang))
        scored = sum(item.score is not None for item in items)
        if shown:
            found.append(Findings(name, title_of(record.tasks[name], lang), scored, shown))
    run.findings = found
    with _fitting(folder, "samples"):
        run.clauses = coverage(record, samples)
    return run


def _sums(found: Sequence[Comparison], reference: RunView, other: RunView) -> list[Comparison]:
    """Differences of the domains that both runs have whole, in the order of the report, and of the total where they have all."""
    complete = [whole_domains(run.record) for run in (reference, other)]
    rows = [row for row in found if row.level == "domain" and all(row.task in names for names in complete)]
    whole = all(card.complete for run in (reference, other) for card in run.cards)
    total = [row for row in found if row.level == "total" and whole]
    return [*sorted(rows, key=lambda row: domains.place(row.task)), *total]


def _samples(folder: Path, record: RunRecord) -> dict[str, list[Sample]]:
    """The samples of every scored task by domain in the order of the report, masked whatever they are, unless the record says who
    asked that they be not: a page that calls itself masked is.
    """
    of_files = domains.tasks_of_files()
    scored = [name for name, task in record.tasks.items() if task.score is not None]
    found = {}
    for name in sorted(scored, key=lambda name: (record.tasks[name].suite, domains.place(record.tasks[name].domain))):
        samples = read_samples(folder, name)
        if not record.revealed_by:
            samples = [masked(sample, whole=name in of_files) for sample in samples]
        found[name] = samples
    return found


def _domain(name: str) -> Domain | None:
    return domains.domains().get(name)


def _ground(record: RunRecord, name: str, lang: str) -> Callable[[Sample], Ground] | None:
    task = record.tasks[name]
    domain = _domain(task.domain)
    if domain is None or domain.ground is None:
        return None
    ground, kind = domain.ground, _kind(record, name)
    return lambda sample: ground(kind, sample, lang)


def _kind(record: RunRecord, name: str) -> str:
    return record.tasks[name].kind or name.rpartition("_")[2]  # records of earlier versions do not say it


def _sections(
    folder: Path, record: RunRecord, samples: Mapping[str, list[Sample]], lang: str
) -> dict[str, Sequence[Section]]:
    by_domain: dict[str, list[TaskSamples]] = {}
    for name, items in samples.items():
        task = record.tasks[name]
        one = TaskSamples(name, _kind(record, name), task.suite, task.side, items, title_of(task, lang))
        by_domain.setdefault(task.domain, []).append(one)
    found: dict[str, Sequence[Section]] = {}
    for name in sorted(by_domain, key=domains.place):
        if (domain := _domain(name)) is not None:
            with _fitting(folder, f"samples of {', '.join(task.name for task in by_domain[name])}"):
                found[name] = domain.sections(by_domain[name], lang)
    return found


@dataclass(frozen=True)
class Pointer:
    """Clauses of a framework (the ``place``-th of the clause map) on which a domain bears, by number."""

    place: int
    framework: Framework
    numbers: Sequence[str]


def pointers(run: RunView, domain: str) -> list[Pointer]:
    """The clauses that the section of a domain names: of frameworks that ask for it, those of which items of the domain are evidence."""
    found = []
    for place, one in enumerate(run.clauses, start=1):
        numbers = [
            row.clause.number
            for row in one.clauses
            for evidence in row.clause.evidence
            if evidence.domain == domain or any(_of(run.record, name) == domain for name in evidence.tasks)
        ]
        if numbers and one.framework.in_sections:
            found.append(Pointer(place, one.framework, list(dict.fromkeys(numbers))))
    return found


def _of(record: RunRecord, task: str) -> str:
    return record.tasks[task].domain if task in record.tasks else ""


@contextmanager
def _fitting(folder: Path, what: str) -> Iterator[None]:
    """Samples of another form than their task's, which only who reads them can tell, become one line."""
    try:
        yield
    except JevalError:
        raise
    except Exception as err:
        detail = one_line(f"{type(err).__name__}: {err}", 160)
        raise InputError(
            f"{folder}: the {what} are not of the form of that task ({detail}); see what else is wrong with: "
            f"jeval verify {quoted(folder)}"
        ) from err


def _unique_names(runs: Sequence[RunView]) -> None:
    seen: dict[str, int] = {}
    for run in runs:
        seen[run.name] = seen.get(run.name, 0) + 1
        if seen[run.name] > 1:
            run.name += f" ({seen[run.name]})"


def _chart(table: Sequence[Row], names: Sequence[str], lang: str) -> Markup | None:
    """The picture, "" where there is nothing to show, ``None`` where it cannot be drawn."""
    words = strings(lang)
    marks = [
        ChartRow(row.domain, row.title, name, task.score, task.interval[0], task.interval[1], task.chance)
        for row in table
        for name, task in zip(names, row.results, strict=True)
        if task is not None and task.score is not None and task.interval is not None
    ]
    return drawn(lambda: forest(marks, ChartWords(words["score"], words["chance"]))) if marks else Markup("")


def moment(text: str, lang: str) -> str:
    """A time of the record (ISO 8601, UTC) as a reader in Japan has it; in English as it stands."""
    if lang != "ja":
        return text
    try:
        there = datetime.fromisoformat(text).astimezone(_JST)
    except (ValueError, OverflowError):
        return text
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}（日本時間）"


def words_of(value: Any, words: Mapping[str, str]) -> str:
    """A setting of the record in words."""
    if value is None or value == [] or value == {}:
        return words["none"]
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {entry}" for key, entry in value.items())
    return str(value)
