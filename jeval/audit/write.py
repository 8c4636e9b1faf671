"""Write a finished run: samples with their evidence, record, report, manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jeval.errors import InputError, JevalError, UnwrittenError
from jeval.output import one_line, quoted
from jeval.pipeline.mask import masked
from jeval.pipeline.road import Scored
from jeval.pipeline.taskpack import LoadedTasks, resolve_hook
from jeval.record.manifest import MANIFEST, SIGNATURE, manifest_of
from jeval.record.merkle import roots_of
from jeval.record.samples import Evidence, Sample, write_samples
from jeval.record.schema import RunRecord, Verdict
from jeval.record.store import RECORD
from jeval.report.page import write_report
from jeval.writing import write_json

Explain = Callable[[Mapping[str, Any], Sequence[Any]], Mapping[str, Any]]


def write_run(
    folder: Path,
    record: RunRecord,
    loaded: LoadedTasks,
    scored: Scored,
    *,
    reveal: str | None,
    lang: str,
    judge: Callable[[], Verdict] | None = None,
    written: Callable[[], None] = lambda: None,
) -> None:
    """Write the run folder: samples, record, manifest; then, from these, the report. The record says which items are masked.

    Args:
        reveal: who asked to keep personal data in model output readable; ``None`` masks it.
        judge: gives the verdict, once the samples are there. Where it cannot, all else is written first.
        written: called when all but the report is there.

    Raises:
        UnwrittenError: the report cannot be rendered; the run is whole.
    """
    (folder / SIGNATURE).unlink(missing_ok=True)  # of what was there before
    written_samples: dict[str, list[Sample]] = {}
    for name, samples in scored.samples.items():
        meta = loaded.meta(name)
        explain = resolve_hook(meta.explain) if meta.explain else None
        explained = [_explained(sample, explain, name) for sample in samples]
        shown = [masked(one, whole=meta.apart) for one in explained] if not reveal else explained
        hidden = [one.id for one, seen in zip(explained, shown, strict=True) if one.outputs != seen.outputs]
        if hidden:
            record.masked[name] = hidden
        write_samples(folder, name, shown)
        written_samples[name] = shown
    roots = roots_of(written_samples)
    record.items_root, record.item_roots = roots.root, roots.tasks
    record.revealed_by = reveal
    unjudged = _judge(record, judge)
    write_json(folder / RECORD, record.model_dump(mode="json"))
    write_json(folder / MANIFEST, manifest_of(folder, record).model_dump(mode="json"))
    written()
    try:
        write_report([folder], None, lang)
    except (JevalError, OSError):
        raise
    except Exception as err:
        raise UnwrittenError(
            f"{folder} is whole, but its report cannot be rendered ({type(err).__name__}: {one_line(str(err), 160)}); try again "
            f"with: jeval report {quoted(folder)}"
        ) from err
    if unjudged is not None:
        raise unjudged


def _judge(record: RunRecord, judge: Callable[[], Verdict] | None) -> JevalError | None:
    """Put the verdict into the record; the error where there can be none."""
    try:
        record.verdict = judge() if judge else None
    except JevalError as err:
        return err
    return None


def _explained(sample: Sample, explain: Explain | None, task: str) -> Sample:
    if explain is None or sample.evidence is not None:  # an item that was not asked says why itself
        return sample
    try:
        evidence = Evidence.model_validate(explain(sample.doc, sample.outputs))
    except ValidationError as err:
        detail = " ".join(str(err).split())[:200]
        raise InputError(f"task {task}: its explain function gives no evidence of the known form ({detail})") from err
    return sample.model_copy(update={"evidence": evidence})
