"""``jeval run``: from a model path to a run folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from jeval import offline
from jeval.audit.code import code_digests, task_pack
from jeval.audit.folder import RunFolder, check_names, open_folder
from jeval.audit.opened import OpenedModel, opened_model
from jeval.audit.options import RunOptions
from jeval.audit.packages import installed
from jeval.audit.seal import sign
from jeval.audit.stock import stock_of
from jeval.audit.subject import Subject, keeps_answers, load_subject, recorded_args, remote_name
from jeval.audit.verify import read_manifest
from jeval.audit.write import write_run
from jeval.confine import confinement
from jeval.digests import file_digest
from jeval.errors import InputError, ModelError, UnwrittenError
from jeval.models.cache import AnswerStore
from jeval.models.hf import JevalHF
from jeval.models.snapshot import ChangedError
from jeval.models.source import ModelSource
from jeval.output import one_line
from jeval.pipeline import domains
from jeval.pipeline.evaluate import Chosen, choose_items
from jeval.pipeline.road import Scored, score
from jeval.pipeline.score import domain_key, not_scored_tasks
from jeval.pipeline.taskpack import LoadedTasks, load_tasks, members, suite_groups
from jeval.pipeline.trust import check_trust, pack_name
from jeval.policy.apply import apply_policy, checked_policy
from jeval.policy.read import Given
from jeval.progress import Progress
from jeval.record.manifest import ANSWERS
from jeval.record.schema import Extent, Note, Outbound, RunRecord, Settings, TaskResult, Timing
from jeval.report.catalogue import sentence
from jeval.signing import private_key
from jeval.thoughts import LONGEST
from jeval.version import __version__

__all__ = ["RunOptions", "run", "task_names"]


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = round(now - self._last, 3)
        self._last = now

    def timing(self) -> Timing:
        total = round(time.perf_counter() - self._started, 3)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return Timing(finished=now, seconds={**self.seconds, "total": total})


def run(model: str | Path | None, options: RunOptions | None = None, *, silent: bool = False) -> tuple[RunRecord, Path]:
    """Evaluate a model and write its run folder.

    Args:
        model: a Hugging Face folder, a LoRA adapter folder, a ``.gguf`` file; ``None`` with a remote backend.
        options: see :class:`RunOptions`.
        silent: no progress on standard error.

    Returns:
        The record and the folder that holds it. Answers are stored as they come: the same call after a crash resumes.

    Raises:
        InputError: bad input, before anything is computed.
        ModelError: the model cannot be scored.
    """
    options = (options or RunOptions()).checked()
    key = private_key(options.sign) if options.sign else None
    clock = _Clock()
    guard = offline.enable(options.allow_hosts)
    with Progress(silent=silent) as progress, opened_model(model, options) as opened:
        source, identity = opened.source, opened.identity
        clock.lap("identify")
        loaded = _load_tasks(options, opened.place)
        clock.lap("tasks")
        options = replace(options, suite=_suite(options, loaded))
        policy = checked_policy(options.policy, loaded) if options.policy else None
        settings = _settings(options)
        name = source.name if source else remote_name(model, options)
        with open_folder(options.out, name, identity, settings) as folder:
            check_names(folder.path, loaded.tasks)
            with _kept_answers(options, opened, folder) as store:
                subject = load_subject(model, opened, options, loaded)
                clock.lap("load")
                subject.check_health()
                clock.lap("health")
                folder.begin()
                progress.stage("scoring")
                scored, left_out = _score(subject, loaded, options, progress, store)
                clock.lap("score")
                opened.check()
            record = _record(subject, scored, left_out, settings, options, guard, loaded)
            record.stock = stock_of(source, subject.lm, loaded, options)
            _note_cache(record, store, shared=not _runs_code_of_others(options))
            record.timing = clock.timing()
            _write(
                folder,
                record,
                loaded,
                scored,
                options,
                policy,
                kept=store is not None
                and not store.fault
                and store.hits + store.stored > 0
                and not _runs_code_of_others(options),
            )
            if key is not None:
                sign(folder.path, read_manifest(folder.path), record, key)
    return record, folder.path


def _runs_code_of_others(options: RunOptions) -> bool:
    """Whether code of a pack or of the model runs in this process."""
    return bool(options.include) or options.trust_remote_code


@contextmanager
def _kept_answers(options: RunOptions, opened: OpenedModel, folder: RunFolder) -> Iterator[AnswerStore | None]:
    """The answer store, opened before anything is computed; ``None`` where nothing tells whose answers they would be. None is kept
    of a model whose files are changed meanwhile.

    Where code of others runs in this process, the store is of this run alone: in its folder, for as long as the run may have to
    be resumed. What is kept for other runs is not opened.
    """
    if not keeps_answers(options.backend, opened.identity):
        yield None
        return
    own = folder.path / ANSWERS if _runs_code_of_others(options) else None
    store = AnswerStore(own, fresh=options.fresh)
    store.guard = opened.check_times
    try:
        yield store
    except BaseException as err:
        if isinstance(err, ChangedError):
            store.forget()
        store.close()
        if own and not store.stored:
            store.discard()
        raise
    store.close()
    if own:
        store.discard()


def _note_cache(record: RunRecord, store: AnswerStore | None, *, shared: bool) -> None:
    if record.cache is not None:
        record.cache.shared = shared
    if store is not None and store.fault:
        record.notes.append(Note.of("note_cache", why=one_line(store.fault, 200)))


def _write(
    opened: RunFolder,
    record: RunRecord,
    loaded: LoadedTasks,
    scored: Scored,
    options: RunOptions,
    policy: Given | None,
    *,
    kept: bool,
) -> None:
    """Write the run; where that fails and its answers are not ``kept`` in the cache either, write it somewhere else."""
    folder = opened.path

    def write(place: Path, written: Callable[[], None] = lambda: None) -> None:
        judge = None if policy is None else partial(apply_policy, policy, record, place)
        write_run(place, record, loaded, scored, reveal=options.reveal, lang=options.lang, judge=judge, written=written)

    try:
        write(folder, opened.end)
    except OSError as err:
        failed = UnwrittenError(f"{folder} cannot be written ({one_line(err.strerror or str(err), 200)})")
        if kept:
            failed.args = (f"{failed}; every answer is kept, make room or choose another folder with --out",)
            failed.resumes = True
            raise failed from err
        try:
            spare = Path(tempfile.mkdtemp(prefix="jeval-run-"))
            write(spare)
        except OSError as also:
            raise UnwrittenError(f"{failed}, nor can the temporary folder or the answer cache; make room") from also
        raise UnwrittenError(f"{failed}; the whole run is in {spare}, move it to where there is room") from err


def task_names(options: RunOptions) -> list[str]:
    """Task names that the options ask for: ``tasks``, else the groups of the suite, with probes that need a file."""
    groups = suite_groups(options.suite)
    names = list(options.tasks) if options.tasks else groups
    wanted = domains.file_tasks()
    extra = [name for option in options.files for name in wanted[option].tasks]
    return names + [name for name in extra if name not in names]


def _suite(options: RunOptions, loaded: LoadedTasks) -> str:
    """The suite of what is run: tasks given by name say it themselves, whatever ``suite`` says."""
    if not options.tasks:
        return options.suite
    suites = {loaded.meta(name).suite for name in loaded.tasks}
    return "search" if suites == {"search"} else "both" if "search" in suites else "audit"


def _load_tasks(options: RunOptions, source: ModelSource | None) -> LoadedTasks:
    tokenizer = source.tokenizer if source else options.tokenizer or options.model_args.get("tokenizer")
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit {options.limit}: expected a whole number of at least 1")
    if not 0.0 <= options.recheck <= 1.0:
        raise InputError(f"--recheck {options.recheck}: expected a share from 0 to 1, such as 0.02")
    domains.check_business(options.business)
    check_trust(options.include, options.trust_packs)
    return load_tasks(
        task_names(options),
        include=tuple(options.include),
        metadata=options.metadata(tokenizer),
        num_fewshot=options.num_fewshot,
    )


def _settings(options: RunOptions) -> Settings:
    return Settings(
        tasks=task_names(options),
        suite=options.suite,
        limit=options.limit,
        whole=list(options.whole),
        num_fewshot=options.num_fewshot,
        seed=options.seed,
        backend=options.backend,
        model_args=recorded_args(options.backend, options.model_args),
        dtype=options.dtype,
        device=options.device,
        tokenizer=str(options.tokenizer) if options.tokenizer else None,
        chat_template=options.chat_template,
        as_of=options.as_of.isoformat() if options.as_of else None,
        business=sorted(set(options.business or ())) or None,
        canaries=file_digest(options.canaries) if options.canaries else None,
        corpus=file_digest(options.corpus) if options.corpus else None,
    )


def _score(
    subject: Subject, loaded: LoadedTasks, options: RunOptions, progress: Progress, store: AnswerStore | None
) -> tuple[Scored, dict[str, list[str]]]:
    keep = domains.kept_items(options.as_of, options.business)
    chosen = choose_items(loaded, limit=options.limit, whole=options.whole, keep=keep)
    refused, asked = subject.refusals(loaded), {name: len(rows) for name, rows in chosen.rows.items()}
    chosen = Chosen({name: [] if name in refused else rows for name, rows in chosen.rows.items()}, chosen.left_out)
    if store is not None and not subject.identify(store, options):
        store = None
    try:
        scored = score(
            subject.lm,
            loaded,
            chosen,
            seed=options.seed,
            chat_template=subject.info.chat_template,
            store=store,
            recheck=options.recheck,
            progress=progress.update,
            say=lambda note: progress.say(sentence(note, "en")),
        )
    except offline.OutboundRefusedError as err:
        raise InputError(f"{err}; run a server inside the company with --allow-host HOST") from err
    except ModelError:
        subject.check_health()  # names the layer, if it is one
        raise
    return replace(scored, tasks={**scored.tasks, **_refused(scored, refused, asked)}), chosen.left_out


def _refused(scored: Scored, reasons: Mapping[str, str], asked: Mapping[str, int]) -> dict[str, TaskResult]:
    """The results of tasks that the model could not be given, with the reason and the number of their items."""
    return {
        name: task.model_copy(update={"reason": reasons[name], "not_scored": task.not_scored + asked[name]})
        for name, task in scored.tasks.items()
        if name in reasons
    }


def _record(
    subject: Subject,
    scored: Scored,
    left_out: dict[str, list[str]],
    settings: Settings,
    options: RunOptions,
    guard: offline.Guard,
    loaded: LoadedTasks,
) -> RunRecord:
    tasks = dict(scored.tasks)
    if not options.tasks and options.suite != "search":
        tasks.update(not_scored_tasks(options.files))
    notes = [*scored.notes, *subject.notes()]
    if options.num_fewshot is None and not subject.info.chat_template and (untold := loaded.untold()):
        notes.append(Note.of("note_examples_offered", task=", ".join(untold)))
    if options.limit is not None:
        whole = ", ".join(options.whole) or "–"
        notes.append(Note.of("note_limit", limit=options.limit, whole=whole))
    if _runs_code_of_others(options):
        held = confinement()
        notes.append(Note.of("note_confined") if held.held else Note.of("note_unconfined", why=one_line(held.why, 200)))
    return RunRecord(
        jeval_version=__version__,
        model=subject.info,
        suite=options.suite,
        settings=settings,
        domains=scored.domains,
        tasks=tasks,
        extent=_extent(loaded, options.suite),
        left_out=left_out,
        outbound=_outbound(guard),
        notes=notes,
        packages=installed(),
        judged_characters=LONGEST,
        task_pack=task_pack(options.include),
        code=code_digests(loaded, options.include),
        cache=scored.cache,
        preface=list(options.preface),
        foreign_packs=sorted(map(pack_name, options.include)),
        cost=subject.lm.cost if isinstance(subject.lm, JevalHF) else None,
    )


def _extent(loaded: LoadedTasks, suite: str) -> Extent:
    missing: dict[str, list[str]] = {}
    for name, meta in members(suite).items():
        if name not in loaded.tasks:
            missing.setdefault(domain_key(meta), []).append(name)
    return Extent(items={name: len(loaded.docs(name)) for name in loaded.tasks}, missing=missing)


def _outbound(guard: offline.Guard) -> Outbound:
    found = offline.outcome()
    return Outbound(
        attempts=found.attempts,
        targets=found.targets,
        allowed_hosts=sorted(guard.allowed),
        kernel=found.kernel,
        why=Note.of(found.why, what=one_line(found.detail, 200)),
        counted=found.counted,
        relayed=found.relayed,
    )
