"""A few items of a run scored again on the model, by the road of every run, and held against what the folder has.

Drawn at random, so that whoever wrote the folder could not know which. Answers may differ in what numbers allow and in no more: the
tolerance is that of answers taken from the cache (:mod:`jeval.models.recheck`).
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from jeval.audit.opened import opened_model
from jeval.audit.options import RunOptions
from jeval.audit.packages import installed
from jeval.audit.subject import Subject, load_subject
from jeval.errors import EvidenceError, InputError
from jeval.models.load import is_local_backend
from jeval.models.recheck import same_answer
from jeval.output import one_line
from jeval.pipeline import domains
from jeval.pipeline.evaluate import Chosen
from jeval.pipeline.mask import masked
from jeval.pipeline.road import score
from jeval.pipeline.taskpack import LoadedTasks, known_names, load_tasks
from jeval.record.samples import Sample, read_samples
from jeval.record.schema import RunRecord

Drawn = list[tuple[str, Sample]]


@dataclass
class Replayed:
    """``items``: so many were scored again, drawn with ``seed``; ``problems``: what came out otherwise; ``notes``: what may differ, and what
    could not be compared.
    """

    seed: int
    items: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def replay(folder: Path, record: RunRecord, model: str, count: int, seed: int | None = None) -> Replayed:
    """Score ``count`` random items of a run again.

    Args:
        folder: the run, which agrees with itself.
        model: where the evaluated model lies.
        seed: of the draw; ``None``: one that nobody can foresee.

    Raises:
        InputError: no item to draw, or a model that jeval does not load itself.
        EvidenceError: the model is another.
        ModelError: it cannot be scored.
    """
    if count < 1:
        raise InputError(f"--replay {count}: expected a whole number of at least 1")
    given = record.settings
    if record.model.identity is None or not is_local_backend(given.backend):
        raise InputError(
            f"--replay: backend {given.backend} loads the model elsewhere; only what jeval loads is replayed"
        )
    found = Replayed(secrets.randbits(32) if seed is None else seed)
    drawn = _drawn(folder, record, count, found)
    options = RunOptions(
        device=given.device,
        dtype=given.dtype,
        backend=given.backend,
        model_args=given.model_args,
        tokenizer=Path(given.tokenizer) if given.tokenizer else None,
        chat_template=given.chat_template,
        fresh=True,
    )
    with opened_model(model, options) as opened:
        if opened.identity is None or opened.identity.digest != record.model.identity.digest:
            raise EvidenceError(f"--replay: {model} is not the model that was evaluated; give the one with its digest")
        loaded = load_tasks(sorted({task for task, _ in drawn}), num_fewshot=given.num_fewshot)
        subject = load_subject(model, opened, options, loaded)
        found.notes += _differences(record, subject)
        rows = _rows(loaded, drawn, found)
        now = score(subject.lm, loaded, Chosen(rows), seed=given.seed, chat_template=subject.info.chat_template).samples
        opened.check()
        again = {(task, sample.id): sample for task, samples in now.items() for sample in samples}
        for task, kept in drawn:
            if (sample := again.get((task, kept.id))) is not None:
                found.items += 1
                hidden = kept.id in record.masked.get(task, ())
                found.problems += _compare(subject.lm, loaded, task, kept, sample, hidden=hidden, found=found)
    return found


def _drawn(folder: Path, record: RunRecord, count: int, found: Replayed) -> Drawn:
    """Items of jeval's own tasks that were asked; those of others need their code, those of files the files."""
    own = sorted(set(record.tasks) & set(known_names()) - domains.tasks_of_files())
    items = [(task, sample) for task in own if record.tasks[task].n for sample in read_samples(folder, task)]
    able = [(task, sample) for task, sample in items if sample.outputs]
    if not able:
        raise InputError(
            "--replay: the run holds no item of jeval's own tasks that was asked; there is nothing to draw"
        )
    if count > len(able):
        found.notes.append(f"replayed: all {len(able)} items that can be; {count} were asked for")
    return random.Random(found.seed).sample(able, min(count, len(able)))


def _rows(loaded: LoadedTasks, drawn: Drawn, found: Replayed) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for task, sample in drawn:
        ids = loaded.ids(task)
        if sample.id in ids:
            rows.setdefault(task, []).append(ids.index(sample.id))
        else:
            found.notes.append(f"not replayed: {task} {sample.id} (the task as installed here has no such item)")
    return {task: sorted(numbers) for task, numbers in rows.items()}


def _differences(record: RunRecord, subject: Subject) -> Iterator[str]:
    """What may make numbers differ: where and with what it was computed, and is now."""
    there, here = record.model, subject.info
    pairs = [(name, getattr(there, name), getattr(here, name)) for name in ("device", "dtype", "threads")]
    pairs += [(name, version, installed().get(name)) for name, version in sorted(record.packages.items())]
    differ = [f"{name} {old} then, {new} now" for name, old, new in pairs if old != new]
    yield (
        f"may differ: {one_line('; '.join(differ), 600)}"
        if differ
        else "device, dtype, threads and packages as recorded"
    )


def _compare(
    lm: LM, loaded: LoadedTasks, task: str, kept: Sample, now: Sample, *, hidden: bool, found: Replayed
) -> Iterator[str]:
    name = f"{task} {kept.id}"
    if kept.prompt != now.prompt:
        found.notes.append(f"not compared: {name} (the task as installed here asks otherwise)")
        return
    if hidden:  # only what stands in the folder can be compared: the masked text
        now = masked(now, whole=loaded.meta(task).apart)
        same: bool | None = kept.outputs == now.outputs
    else:
        same = _same_outputs(lm, loaded, task, kept, now)
    if same is None:
        found.notes.append(f"{name}: another text, as likely as the stored one (half precision)")
    elif not same:
        then, here = one_line(repr(kept.outputs), 60), one_line(repr(now.outputs), 60)
        yield f"{name}: the model answers {here}, not the stored {then}"
    elif kept.outputs == now.outputs and not _same_score(kept.score, now.score):
        yield f"{name}: the answer earns {now.score}, not the stored {kept.score}"


def _same_outputs(lm: LM, loaded: LoadedTasks, task: str, kept: Sample, now: Sample) -> bool | None:
    kind = str(loaded.tasks[task].OUTPUT_TYPE)
    kind = "loglikelihood" if kind == "multiple_choice" else kind
    if not len(kept.outputs) == len(now.outputs) == len(kept.prompt):
        return False
    same: list[bool | None] = []
    for prompt, one, other in zip(kept.prompt, kept.outputs, now.outputs, strict=True):
        request = Instance(request_type=kind, doc={}, arguments=tuple(prompt), idx=0)
        same.append(one == other or same_answer(lm, kind, request, one, other))
    return False if False in same else None if None in same else True


def _same_score(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) < 1e-9)
