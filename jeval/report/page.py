"""The HTML report of a run, or of several runs side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import InputError
from jeval.report.section import Section
from jeval.resources import data_path

if TYPE_CHECKING:
    import pandas as pd

    from jeval.results.schema import RunRecord

DOMAINS = {
    "keigo": ("敬語", "Keigo"),
    "finreg": ("金融規制", "Financial regulation"),
    "leak": ("情報漏えい", "Data leaks"),
    "other": ("その他", "Other"),
}
_EXAMPLES, _EXCERPT = 3, 700


@dataclass
class _Run:
    name: str
    record: RunRecord
    sections: dict[str, list[Section]] = field(default_factory=dict)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@lru_cache(maxsize=2)
def strings(lang: str) -> dict[str, str]:
    """The report's words in ``lang`` (``ja`` or ``en``)."""
    import yaml

    table = yaml.safe_load(data_path("report", "strings.yaml").read_text(encoding="utf-8"))
    return {key: value[lang] for key, value in table.items()}


def domain_label(name: str, lang: str) -> str:
    """``keigo`` → 敬語; ``keigo_search`` → 敬語 (search)."""
    base, _, suite = name.partition("_")
    pair = DOMAINS.get(base, (base, base))
    return pair[0 if lang == "ja" else 1] + (f" ({suite})" if suite else "")


def write_report(runs: Sequence[Path], out: Path | None, lang: str) -> Path:
    """Render the report of the given run folders into ``out`` (default: ``report.html`` of the first)."""
    from jeval.results.store import write_text

    target = out or runs[0] / "report.html"
    write_text(target, render(runs, lang=lang, reveal=_revealed(runs)))
    return target


def _revealed(runs: Sequence[Path]) -> str | None:
    for run in runs:
        path = run / "manifest.json"
        if path.is_file() and (who := json.loads(path.read_text(encoding="utf-8")).get("revealed_by")):
            return str(who)
    return None


def render(folders: Sequence[Path], *, lang: str, reveal: str | None = None, preface: Sequence[str] = ()) -> str:
    """The report as one HTML page.

    Args:
        folders: one run folder, or several for a comparison; the first is the reference.
        preface: plain sentences shown first (what demonstration models are, for instance).

    Raises:
        InputError: a folder holds no run.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from jeval.results.compare import compare_runs
    from jeval.results.store import read_record

    if not folders:
        raise InputError("no run folder given; pass at least one")
    runs = [_load(folder, read_record(folder), lang, single=len(folders) == 1) for folder in folders]
    _unique_names(runs)
    words = strings(lang)
    comparison = []
    if len(runs) > 1:
        titles = {name: t.title_ja if lang == "ja" else t.title_en for r in runs for name, t in r.record.tasks.items()}
        names = {str(folder): run.name for folder, run in zip(folders, runs, strict=True)}
        for row in compare_runs(folders):
            row |= {"title": titles[row["task"]], "run": names[row["run"]], "reference": names[row["reference"]]}
            comparison.append(row)
    environment = Environment(
        loader=PackageLoader("jeval.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        lang=lang,
        t=words,
        title=words["title"] if len(runs) == 1 else words["title_compare"],
        names=[run.name for run in runs],
        runs=runs,
        chart=Markup(_chart(runs, lang)),
        comparison=comparison,
        reveal=reveal,
        preface=preface,
        label=lambda name: domain_label(name, lang),
        say=lambda text: _say(text, lang),
        sentence=lambda note: words[note["key"]].format(**note),
    )


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


def _chart(runs: Sequence[_Run], lang: str) -> str:
    from jeval.report.charts import interval_chart

    rows = [
        {
            "label": task.title_ja if lang == "ja" else task.title_en,
            "model": run.name,
            "score": task.score,
            "low": task.interval[0],
            "high": task.interval[1],
            "chance": task.chance,
        }
        for run in runs
        for task in run.record.tasks.values()
        if task.score is not None and task.interval is not None
    ]
    return interval_chart(rows, score_title=strings(lang)["score"]) if rows else ""


def _load(folder: Path, record: RunRecord, lang: str, *, single: bool) -> _Run:
    from jeval.results.store import read_samples, sections_frame

    run = _Run(record.model.name, record)
    if not single:
        return run
    by_domain: dict[str, dict[str, pd.DataFrame]] = {}
    for name, task in record.tasks.items():
        if task.score is None:
            continue
        frame = sections_frame(read_samples(folder, name))
        by_domain.setdefault(task.domain, {})[name] = frame
        run.examples[name] = _examples(frame)
    for domain, frames in by_domain.items():
        if domain in DOMAINS and domain != "other":
            run.sections[domain] = import_module(f"jeval.{domain}.summary").sections(frames, lang)
    return run


def _examples(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The lowest scores, in the order of the items."""
    low = frame[frame["score"] < 1.0].sort_values("score", kind="stable").head(_EXAMPLES)
    return [_example(row) for row in low.to_dict("records")]


def _example(row: dict[str, Any]) -> dict[str, Any]:
    likelihoods = row["loglikelihoods"]
    prompts = row["prompt"] or [[""]]
    if likelihoods and len(likelihoods) == len(prompts) > 1:
        best = max(range(len(likelihoods)), key=lambda i: likelihoods[i])
        output = str(prompts[best][1])
    else:
        output = str((row["outputs"] or [""])[0])
    evidence = row["evidence"] or {}
    return {
        "id": row["id"],
        "score": float(row["score"]),
        "prompt": _excerpt(str(prompts[0][0])),
        "output": _excerpt(output),
        "choice": bool(likelihoods),
        "reasons": [str(reason)[:200] for reason in evidence.get("reasons", [])][:5],
    }


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[: _EXCERPT // 2] + " […] " + text[-_EXCERPT // 2 :]
