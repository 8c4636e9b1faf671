"""``jeval run``: from a model path to a run folder."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.model import LM

from jeval import offline
from jeval.audit.folder import open_folder
from jeval.audit.write import write_run
from jeval.digests import file_digest, tree_digest
from jeval.errors import InputError, ModelError
from jeval.models.cache import AnswerStore, default_path
from jeval.models.health import check
from jeval.models.hf import JevalHF
from jeval.models.identity import identify
from jeval.models.load import default_device, default_dtype, is_local_backend, load
from jeval.models.source import ModelSource, resolve
from jeval.pipeline import domains
from jeval.pipeline.evaluate import Chosen, choose_items
from jeval.pipeline.road import Scored, score
from jeval.pipeline.score import not_scored_tasks
from jeval.pipeline.taskpack import LoadedTasks, load_tasks, suite_groups
from jeval.progress import Progress
from jeval.record.schema import Identity, ModelInfo, Note, Outbound, RunRecord, Settings, Timing
from jeval.resources import data_path, tasks_path
from jeval.version import __version__

_PACKAGES = (
    "jeval", "torch", "transformers", "lm_eval", "datasets", "tokenizers", "safetensors", "fugashi", "unidic-lite",
    "numpy", "scipy", "pandas",
)  # fmt: skip


@dataclass
class RunOptions:
    """Options of :func:`run`; each is a flag of ``jeval run``. ``None`` means the default that the flag documents."""

    tasks: Sequence[str] | None = None
    suite: str = "audit"
    limit: int | None = None
    whole: Sequence[str] = ()
    batch_size: str | None = None
    device: str | None = None
    dtype: str | None = None
    backend: str = "jeval-hf"
    model_args: Mapping[str, Any] = field(default_factory=dict)
    out: Path | None = None
    seed: int = 0
    lang: str = "ja"
    include: Sequence[Path] = ()
    canaries: Path | None = None
    corpus: Path | None = None
    as_of: date | None = None
    token_budget: int | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False
    allow_hosts: Sequence[str] = ()
    reveal: str | None = None

    @property
    def files(self) -> dict[str, Path]:
        """Files of the user's by the option that gave them."""
        given = {option: getattr(self, option, None) for option in domains.file_tasks()}
        return {option: path for option, path in given.items() if path is not None}


@dataclass(frozen=True)
class Subject:
    """The loaded model with what the record says of it."""

    lm: LM
    info: ModelInfo


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
    options = options or RunOptions()
    clock = _Clock()
    guard = offline.enable(options.allow_hosts)
    with Progress(silent=silent) as progress:
        source, identity = _find_model(model, options)
        clock.lap("identify")
        loaded = _load_tasks(options, source)
        clock.lap("tasks")
        settings = _settings(options)
        name = source.name if source else _remote_name(model, options)
        folder = open_folder(options.out, name, identity, settings)
        subject = _load_model(model, source, identity, options, loaded)
        clock.lap("load")
        if source is not None:
            _check_health(subject.lm)
        clock.lap("health")
        progress.stage("scoring")
        scored, left_out = _score(subject, loaded, options, progress)
        clock.lap("score")
        record = _record(subject, scored, left_out, settings, options, guard)
        record.timing = clock.timing()
        write_run(folder, record, loaded, scored, reveal=options.reveal, lang=options.lang)
        (folder / ".started.json").unlink(missing_ok=True)
    return record, folder


def _find_model(model: str | Path | None, options: RunOptions) -> tuple[ModelSource | None, Identity | None]:
    if is_local_backend(options.backend):
        if model is None:
            raise InputError("--model is missing; give a Hugging Face folder, a LoRA adapter folder or a .gguf file")
        source = resolve(model, allow_pickle=options.allow_pickle)
        return source, identify(source)
    if model is not None and Path(model).expanduser().exists():
        return None, identify(resolve(model, allow_pickle=options.allow_pickle))
    if model is None and not options.model_args:
        raise InputError(f"backend {options.backend} needs --model PATH or --model-args key=value,…")
    return None, None


def task_names(options: RunOptions) -> list[str]:
    """Task names that the options ask for: ``tasks``, else the groups of the suite, with probes that need a file."""
    groups = suite_groups(options.suite)
    names = list(options.tasks) if options.tasks else groups
    wanted = domains.file_tasks()
    extra = [name for option in options.files for name in wanted[option].tasks]
    return names + [name for name in extra if name not in names]


def _load_tasks(options: RunOptions, source: ModelSource | None) -> LoadedTasks:
    metadata = {option: str(path.resolve()) for option, path in options.files.items()}
    tokenizer = source.tokenizer if source else options.model_args.get("tokenizer")
    if metadata and tokenizer:
        metadata["tokenizer"] = str(tokenizer)  # what is counted in a user's file is counted in the model's tokens
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit {options.limit}: expected a whole number of at least 1")
    return load_tasks(task_names(options), include=tuple(options.include), metadata=metadata)


def _settings(options: RunOptions) -> Settings:
    return Settings(
        tasks=task_names(options),
        suite=options.suite,
        limit=options.limit,
        whole=list(options.whole),
        seed=options.seed,
        backend=options.backend,
        model_args=_recorded_args(options),
        dtype=options.dtype,
        device=options.device,
        as_of=options.as_of.isoformat() if options.as_of else None,
        canaries=file_digest(options.canaries) if options.canaries else None,
        corpus=file_digest(options.corpus) if options.corpus else None,
    )


def _recorded_args(options: RunOptions) -> dict[str, str]:
    if is_local_backend(options.backend):
        return {key: str(value) for key, value in sorted(options.model_args.items())}
    from jeval.models.remote import recorded_args

    return recorded_args(options.model_args)


def _remote_name(model: str | Path | None, options: RunOptions) -> str:
    return Path(str(model or options.model_args.get("model") or options.backend)).name


def _load_model(
    model: str | Path | None,
    source: ModelSource | None,
    identity: Identity | None,
    options: RunOptions,
    loaded: LoadedTasks,
) -> Subject:
    args = dict(options.model_args)
    if source is None:
        return _load_other(model, identity, args, options, loaded)
    device = options.device or default_device()
    dtype = options.dtype or default_dtype(device)
    if options.token_budget is not None and options.backend == "jeval-hf":
        args["token_budget"] = options.token_budget
    lm = load(
        source,
        backend=options.backend,
        device=device,
        dtype=dtype,
        batch_size=options.batch_size or "8",
        trust_remote_code=options.trust_remote_code,
        model_args=args,
    )
    weights = list(lm.model.parameters())
    return Subject(
        lm,
        ModelInfo(
            name=source.name,
            path=str(source.path),
            kind=source.kind,
            backend=options.backend,
            device=device,
            dtype=str(weights[0].dtype).removeprefix("torch."),
            parameters=sum(p.numel() for p in weights),
            weight_bytes=sum(p.numel() * p.element_size() for p in weights),
            chat_template=getattr(lm.tokenizer, "chat_template", None) is not None,
            identity=identity,
        ),
    )


def _load_other(
    model: str | Path | None, identity: Identity | None, args: dict[str, Any], options: RunOptions, loaded: LoadedTasks
) -> Subject:
    from jeval.models.remote import applied_template, load_other  # brings the packages of a client

    if model is not None and not {"pretrained", "model"} & set(args):
        args["pretrained"] = str(model)
    likelihoods = any(task.OUTPUT_TYPE != "generate_until" for task in loaded.tasks.values())
    lm = load_other(
        options.backend,
        args,
        batch_size=options.batch_size,
        device=options.device,
        tokenizer=getattr(options, "tokenizer", None),
        likelihoods=likelihoods,
    )
    served = getattr(lm, "served", None)
    return Subject(
        lm,
        ModelInfo(
            name=_remote_name(model, options) if served is None else Path(served.model).name,
            path=str(model) if model else None,
            kind="remote",
            backend=options.backend,
            device=options.device or "remote",
            dtype=options.dtype or "remote",
            parameters=None,
            weight_bytes=None,
            chat_template=applied_template(lm) != "none",
            identity=identity,
            served=served,
        ),
    )


def _refusals(lm: LM, loaded: LoadedTasks) -> dict[str, str]:
    """Tasks that the model cannot be given, each with the reason."""
    if not hasattr(lm, "served") and not hasattr(lm, "applied"):
        return {}
    from jeval.models.remote import refusal

    found = {
        name: refusal(lm, str(task.OUTPUT_TYPE), templated=loaded.meta(name).chat_template)
        for name, task in loaded.tasks.items()
    }
    return {name: reason for name, reason in found.items() if reason is not None}


def _check_health(lm: Any) -> None:
    ids = lm.tok_encode("お客様、いつもありがとうございます。")[:16] or [lm.prefix_token_id]
    check(lm.model, torch.tensor([ids], device=lm.device))


def _store(subject: Subject, options: RunOptions) -> AnswerStore | None:
    info = subject.info
    if info.served is not None:
        key = {"served": info.served.model_dump(), "identity": info.identity and info.identity.digest}
        key |= {"backend": options.backend, "model_args": _recorded_args(options), "versions": _versions()}
        first = AnswerStore(default_path(), key)
        generation = subject.lm.generation(first)
        first.close()
        return AnswerStore(default_path(), {**key, "generation": generation})
    if info.identity is None:
        return None
    return AnswerStore(
        default_path(),
        {
            "model": info.identity.digest,
            "backend": options.backend,
            "dtype": info.dtype,
            "device": info.device.split(":")[0],
            "model_args": {k: str(v) for k, v in sorted(options.model_args.items())},
            "versions": _versions(),
        },
    )


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "transformers", "lm_eval", "jeval")}


def _score(
    subject: Subject, loaded: LoadedTasks, options: RunOptions, progress: Progress
) -> tuple[Scored, dict[str, list[str]]]:
    day = options.as_of
    keep = None if day is None else lambda domain, doc: domains.in_force(domain, doc, day)
    chosen = choose_items(loaded, limit=options.limit, whole=options.whole, keep=keep)
    refused = _refusals(subject.lm, loaded)
    counts = {name: len(chosen.rows[name]) for name in refused}
    chosen = Chosen({name: [] if name in refused else rows for name, rows in chosen.rows.items()}, chosen.left_out)
    store = _store(subject, options)
    try:
        scored = score(
            subject.lm,
            loaded,
            chosen,
            seed=options.seed,
            chat_template=subject.info.chat_template,
            store=store,
            progress=progress.update,
        )
    except offline.OutboundRefusedError as err:
        raise InputError(f"{err}; run a server inside the company with --allow-host HOST") from err
    except ModelError:
        if subject.info.kind != "remote":
            _check_health(subject.lm)  # names the layer, if it is one
        raise
    finally:
        if store is not None:
            store.close()
    tasks = {
        name: task.model_copy(update={"reason": refused[name], "not_scored": task.not_scored + counts[name]})
        if name in refused
        else task
        for name, task in scored.tasks.items()
    }
    return replace(scored, tasks=tasks), chosen.left_out


def _record(
    subject: Subject,
    scored: Scored,
    left_out: dict[str, list[str]],
    settings: Settings,
    options: RunOptions,
    guard: offline.Guard,
) -> RunRecord:
    tasks = dict(scored.tasks)
    if not options.tasks and options.suite != "search":
        tasks.update(not_scored_tasks(options.files))
    notes: list[Note] = []
    if subject.info.identity is None:
        notes.append(Note(key="note_remote"))
    if (served := subject.info.served) is not None:
        told = served.fingerprint or "–"
        notes.append(
            Note.model_validate({"key": "note_served", "url": served.base_url, "model": served.model, "told": told})
        )
        notes.append(Note(key=f"note_template_{served.chat_template}"))
        if getattr(subject.lm, "doubtful", False):
            notes.append(Note(key="note_doubtful"))
    if options.limit is not None:
        whole = ", ".join(options.whole) or "–"
        notes.append(Note.model_validate({"key": "note_limit", "limit": options.limit, "whole": whole}))
    return RunRecord(
        jeval_version=__version__,
        model=subject.info,
        suite=options.suite,
        settings=settings,
        domains=scored.domains,
        tasks=tasks,
        left_out=left_out,
        outbound=Outbound(attempts=guard.count, targets=guard.attempts[:20], allowed_hosts=sorted(guard.allowed)),
        notes=notes,
        packages=_packages(),
        task_pack=_task_pack(options),
        cost=subject.lm.cost if isinstance(subject.lm, JevalHF) else None,
    )


def _packages() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _task_pack(options: RunOptions) -> dict[str, str]:
    pack = {"tasks": tree_digest(tasks_path()), "data": tree_digest(data_path())}
    for folder in (*domains.task_folders(), *options.include):
        pack[f"include:{folder.name}"] = tree_digest(folder)
    return pack
