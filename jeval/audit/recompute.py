"""Scores computed again from the outputs that a run folder holds, by the code that gave them.

Only jeval's own tasks and those of installed domains are judged again: a run folder may name folders of tasks of others, and their
code would run on the machine of whoever checks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jeval.audit.code import code_digests, own_code, task_pack
from jeval.errors import JevalError
from jeval.output import one_line
from jeval.pipeline import domains
from jeval.pipeline.evaluate import choose_items
from jeval.pipeline.judged import numbers, plain
from jeval.pipeline.kept import FAULTS, told
from jeval.pipeline.score import domain_results, task_results
from jeval.pipeline.taskpack import LoadedTasks, known_names, load_tasks
from jeval.pipeline.window import Fit
from jeval.record.manifest import Manifest, dictionary
from jeval.record.samples import Sample
from jeval.record.schema import RunRecord

_COUNTS = ("n", "score", "interval", "stderr", "clusters", "not_scored", "instrument", "corrected")
_NUMBERS = (*_COUNTS, "chance", "metrics")  # of tasks of others these two come from elsewhere than the samples
_NAMES = ("domain", "suite", "version", "kind", "side", "title_ja", "title_en")


@dataclass
class Recomputed:
    """``items``: so many were judged again; ``problems``: what came out otherwise; ``notes``: what was not, and why."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    items: int = 0


def other_version(manifest: Manifest, record: RunRecord) -> str:
    """By what the run was judged that is not what is installed here; "" where all is."""
    here = task_pack(())
    differs = [name for name in here if name in record.task_pack and record.task_pack[name] != here[name]]
    if record.code.get("jeval") != own_code():
        differs.append(f"code of jeval {record.jeval_version}")
    if manifest.dictionary != dictionary():
        differs.append("dictionary")
    return ", ".join(differs)


def recompute(record: RunRecord, samples: Mapping[str, list[Sample]]) -> Recomputed:
    """Judge the stored outputs again, and count again.

    Args:
        samples: of each task, as the folder has them.
    """
    found = Recomputed()
    of_files = domains.tasks_of_files()
    known = set(known_names()) - of_files
    own = [name for name in record.tasks if name in known]
    if others := sorted(set(samples) - set(own)):
        needs = "they need the user's files" if set(others) <= of_files else "code of others is not run here"
        found.notes.append(f"not recomputed: {', '.join(others)} ({needs})")
    if not own:
        return found
    try:
        loaded = load_tasks(own)
    except JevalError as err:
        found.notes.append(f"not recomputed: {one_line(str(err), 200)}")
        return found
    here = code_digests(loaded, ())
    if others := sorted(name for name in here if name in record.code and record.code[name] != here[name]):
        found.notes.append(f"not recomputed: other version ({', '.join(others)})")
        return found
    again = {name: list(_again(name, loaded, record, samples[name], found)) for name in own if name in samples}
    found.problems += _items(loaded, record, samples)
    _count(loaded, record, again, found)
    if masked := sum(len(ids) for name, ids in record.masked.items() if name in again):
        found.notes.append(f"not recomputed: {masked} item(s) whose output is masked")
    return found


def _items(loaded: LoadedTasks, record: RunRecord, samples: Mapping[str, list[Sample]]) -> Iterator[str]:
    """Whether the items are those that the settings choose: none left out, none added."""
    given = record.settings
    try:
        day = date.fromisoformat(given.as_of) if given.as_of else None
    except ValueError:
        yield f"run.json: as_of is {given.as_of!r}; expected a date"
        return
    keep = domains.kept_items(day, given.business)
    chosen = choose_items(loaded, limit=given.limit, whole=given.whole, keep=keep)
    for name, rows in chosen.rows.items():
        if name in samples:
            wanted, there = {loaded.ids(name)[row] for row in rows}, {sample.id for sample in samples[name]}
            if wanted != there:
                yield f"{name}: {len(wanted - there)} item(s) are missing and {len(there - wanted)} are not the task's"
        if set(record.left_out.get(name, ())) != set(chosen.left_out.get(name, ())):
            yield f"{name}: left_out is not what date and business leave out"


def _again(
    name: str, loaded: LoadedTasks, record: RunRecord, samples: Sequence[Sample], found: Recomputed
) -> Iterator[Sample]:
    """The samples with scores and metrics as they come out now."""
    docs, masked = loaded.docs(name), set(record.masked.get(name, ()))
    places = {one: number for number, one in enumerate(loaded.ids(name))}
    for sample in samples:
        yield sample
        if sample.id not in places:
            continue  # said of the items
        doc = docs[places[sample.id]]
        if _text(plain(doc)) != _text(sample.doc):
            found.problems.append(f"{name} {sample.id}: the item is not the task's")
        if sample.id in masked or not sample.outputs:
            if sample.id not in masked and sample.score is not None:
                found.problems.append(f"{name} {sample.id}: a score without an output")
            continue
        likelihoods = sample.loglikelihoods is not None
        if likelihoods and sample.loglikelihoods != [
            one[0] if isinstance(one, list) else one for one in sample.outputs
        ]:
            found.problems.append(f"{name} {sample.id}: its log-likelihoods are not those of its outputs")
        outputs = [tuple(one) if isinstance(one, list) else one for one in sample.outputs]
        try:
            given = dict(loaded.tasks[name].process_results(doc, outputs))
            metrics = numbers({**given, "metrics": list(given)})
        except FAULTS as err:  # outputs of another form than the task's
            found.problems.append(f"{name} {sample.id}: its outputs cannot be judged ({told(err)})")
            continue
        found.items += 1
        metric = record.tasks[name].metric.partition(",")[0]  # of a domain of others it may be another than score
        earned = metrics.pop(metric, None) if metric == "score" else metrics.get(metric)
        also = {key: value for key, value in sample.metrics.items() if "," not in key}
        if not _same(earned, sample.score) or not _same(metrics, also):
            found.problems.append(f"{name} {sample.id}: the stored output earns {earned}, not {sample.score}")


def _count(loaded: LoadedTasks, record: RunRecord, samples: Mapping[str, list[Sample]], found: Recomputed) -> None:
    """Whether the results of tasks and domains are those of their items."""
    results = task_results(loaded, samples, record.left_out, Fit({}), {})
    for name in samples:
        task, now = record.tasks[name], results[name]
        for key in (*_NAMES, *(_NUMBERS if name not in loaded.others else _COUNTS)):
            if not _same(_value(getattr(now, key)), _value(getattr(task, key))):
                found.problems.append(
                    f"{name}: {key} is {getattr(task, key)} in the record, and {getattr(now, key)} here"
                )
    for name, domain in domain_results(loaded, record.tasks).items():
        told_domain = record.domains.get(name)
        if told_domain is None or not _same(domain.model_dump(), told_domain.model_dump()):
            found.problems.append(f"{name}: the domain's result is not that of its tasks")


def _value(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value


def _same(one: Any, other: Any) -> bool:
    """Equal, numbers but for the last bits of a sum."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str).encode("utf-8", "replace").decode()
