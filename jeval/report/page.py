"""The HTML report of a run, or of several runs side by side."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jeval.digests import file_digest
from jeval.domain import Section, TaskSamples
from jeval.errors import InputError, JevalError
from jeval.output import one_line, quoted
from jeval.pipeline import domains
from jeval.pipeline.mask import masked
from jeval.reading import read_yaml
from jeval.record.compare import compare_runs
from jeval.record.manifest import RENDERED, REPORT, Rendered
from jeval.record.samples import Sample, read_samples
from jeval.record.schema import Note, RunRecord
from jeval.record.store import RECORD, read_record
from jeval.report.charts import ChartRow, interval_chart
from jeval.report.reproduce import reproduction
from jeval.resources import data_path
from jeval.version import __version__
from jeval.writing import write_json, write_text

_log = logging.getLogger(__name__)
_EXAMPLES, _EXCERPT = 3, 700


@dataclass(frozen=True)
class Example:
    """A failed item as it is shown; ``choice``: the output is what the model preferred, not what it wrote."""

    id: str
    score: float
    prompt: str
    output: str
    choice: bool
    reasons: list[str]


@dataclass
class _Run:
    name: str
    record: RunRecord
    sections: dict[str, list[Section]] = field(default_factory=dict)
    examples: dict[str, list[Example]] = field(default_factory=dict)


@lru_cache(maxsize=2)
def strings(lang: str) -> dict[str, str]:
    """The report's words in ``lang`` (``ja`` or ``en``)."""
    return {key: value[lang] for key, value in read_yaml(data_path("report", "strings.yaml")).items()}


def write_report(runs: Sequence[Path], out: Path | None, lang: str) -> Path:
    """Render the report of the given run folders into ``out`` (default: ``report.html`` of the first).

    The digest of a run folder's own report is written beside it.
    """
    target = out or runs[0] / REPORT
    own = [run / RENDERED for run in runs if target.absolute() == (run / REPORT).absolute()]
    page = render(runs, lang=lang)
    for path in own:
        path.unlink(missing_ok=True)
    write_text(target, page)
    for path in own:
        made = Rendered(report=file_digest(target), jeval_version=__version__, lang=lang)
        write_json(path, made.model_dump(mode="json"))
    return target


def render(folders: Sequence[Path], *, lang: str, preface: Sequence[str] = ()) -> str:
    """The report as one HTML page. What the models wrote is masked here too, unless the record says who asked that it be not.

    Args:
        folders: one run folder, or several for a comparison; the first is the reference.
        preface: plain sentences shown first (what demonstration models are, for instance).

    Raises:
        InputError: a folder holds no run, or one whose parts do not fit together.
    """
    if not folders:
        raise InputError("no run folder given; pass at least one")
    runs = [_load(folder, read_record(folder), lang, single=len(folders) == 1) for folder in folders]
    _unique_names(runs)
    words = strings(lang)
    comparison: list[dict[str, Any]] = []
    if len(runs) > 1:
        titles = {name: t.title_ja if lang == "ja" else t.title_en for r in runs for name, t in r.record.tasks.items()}
        names = {str(folder): run.name for folder, run in zip(folders, runs, strict=True)}
        for row in compare_runs(folders):
            shown = {"run": names[row.run], "reference": names[row.reference]}
            comparison.append({**row.model_dump(), "title": titles[row.task], **shown})
    environment = Environment(
        loader=PackageLoader("jeval.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        lang=lang,
        t=words,
        title=words["title"] if len(runs) == 1 else words["title_compare"],
        names=[run.name for run in runs],
        runs=runs,
        chart=_chart(runs, lang),
        comparison=comparison,
        reveal=", ".join(dict.fromkeys(run.record.revealed_by for run in runs if run.record.revealed_by)),
        preface=preface,
        label=lambda name: domains.title(name, lang),
        say=lambda text: _say(text, lang),
        sentence=lambda note: sentence(note, lang),
        reproduction=reproduction,
    )


def sentence(note: Note, lang: str) -> str:
    """What a note of the record says, in ``lang``.

    Raises:
        InputError: the catalogue has no such sentence, or one with other gaps.
    """
    try:
        return strings(lang)[note.key].format(**note.model_dump())
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as err:
        given = note.model_dump_json()[:200]
        raise InputError(
            f"{RECORD}: no note of this version of jeval: {given}; use the version that the record names"
        ) from err


def _say(text: str | None, lang: str) -> str:
    """A fixed English sentence of the record in ``lang``; any other text as it stands."""
    if not text or lang == "en":
        return text or ""
    return next((strings(lang)[key] for key, english in strings("en").items() if english == text), text)


def _unique_names(runs: list[_Run]) -> None:
    seen: dict[str, int] = {}
    for run in runs:
        seen[run.name] = seen.get(run.name, 0) + 1
        if seen[run.name] > 1:
            run.name += f" ({seen[run.name]})"


def _chart(runs: Sequence[_Run], lang: str) -> Markup | None:
    """The picture, "" where there is nothing to show, ``None`` where it cannot be drawn."""
    rows = [
        ChartRow(
            label=task.title_ja if lang == "ja" else task.title_en,
            model=run.name,
            score=task.score,
            low=task.interval[0],
            high=task.interval[1],
            chance=task.chance,
        )
        for run in runs
        for task in run.record.tasks.values()
        if task.score is not None and task.interval is not None
    ]
    try:
        return Markup(interval_chart(rows, score_title=strings(lang)["score"]) if rows else "")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as err:  # a panic of the renderer is no Exception; it costs the picture
        _log.warning("the chart of the report cannot be drawn (%s)", one_line(str(err), 200))
        return None


def _load(folder: Path, record: RunRecord, lang: str, *, single: bool) -> _Run:
    run = _Run(record.model.name, record)
    if not single:
        return run
    by_domain: dict[str, list[TaskSamples]] = {}
    of_files = {one for tasks in domains.file_tasks().values() for one in tasks.tasks}
    for name, task in record.tasks.items():
        if task.score is None:
            continue
        samples = read_samples(folder, name)
        if not record.revealed_by:  # whatever the samples are: a page that calls itself masked is
            samples = [masked(sample, whole=name in of_files) for sample in samples]
        kind = task.kind or name.rpartition("_")[2]  # records of earlier versions do not say it
        by_domain.setdefault(task.domain, []).append(TaskSamples(name, kind, task.suite, task.side, samples))
        with _fitting(folder, f"samples of {name}"):
            run.examples[name] = _examples(samples)
    for name, tasks in by_domain.items():
        if (domain := domains.domains().get(name)) is not None:
            with _fitting(folder, f"samples of {', '.join(task.name for task in tasks)}"):
                run.sections[name] = domain.sections(tasks, lang)
    return run


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


def _examples(samples: Sequence[Sample]) -> list[Example]:
    """The lowest scores, in the order of the items."""
    failed = [(sample.score, sample) for sample in samples if sample.score is not None and sample.score < 1.0]
    return [_example(sample, score) for score, sample in sorted(failed, key=lambda pair: pair[0])[:_EXAMPLES]]


def _example(sample: Sample, score: float) -> Example:
    likelihoods, prompts = sample.loglikelihoods, sample.prompt or [[""]]
    if likelihoods and len(likelihoods) == len(prompts) > 1:
        best = max(range(len(likelihoods)), key=lambda i: likelihoods[i])
        output = str(prompts[best][1])
    else:
        output = str((sample.outputs or [""])[0])
    reasons = sample.evidence.reasons if sample.evidence else []
    return Example(
        id=sample.id,
        score=score,
        prompt=_excerpt(str(prompts[0][0])),
        output=_excerpt(output),
        choice=bool(likelihoods),
        reasons=[reason[:200] for reason in reasons][:5],
    )


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[: _EXCERPT // 2] + " […] " + text[-_EXCERPT // 2 :]
