"""``jeval run``: from a model path to a run folder."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jeval
from jeval import offline
from jeval.errors import InputError, ModelError
from jeval.progress import Progress

if TYPE_CHECKING:
    from lm_eval.api.model import LM

    from jeval.evaluation import ItemResult
    from jeval.models.identity import Identity
    from jeval.models.load import ModelSource
    from jeval.results.schema import ModelInfo, RunRecord
    from jeval.taskpack import LoadedTasks

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
    batch_size: str = "8"
    device: str | None = None
    dtype: str | None = None
    backend: str = "jeval-hf"
    model_args: dict[str, Any] = field(default_factory=dict)
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


@dataclass
class Subject:
    """The loaded model with what the record says of it."""

    lm: LM
    info: ModelInfo
    identity: Identity | None


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
    started = time.perf_counter()
    guard = offline.enable(options.allow_hosts)
    seconds: dict[str, float] = {}
    with Progress(silent=silent) as progress:
        clock = _Clock(seconds)
        source, identity = _find_model(model, options)
        clock.lap("identify")
        loaded = _load_tasks(options, source)
        clock.lap("tasks")
        folder = _open_folder(model, source, identity, options)
        subject = _load_model(model, source, identity, options)
        clock.lap("load")
        if source is not None:
            _check_health(subject.lm)
        clock.lap("health")
        progress.stage("scoring")
        items, left_out = _score(subject, loaded, options, progress)
        clock.lap("score")
        record = _record(subject, loaded, items, left_out, options, guard)
        record.cost = _cost(subject.lm)
        from jeval.results.finish import write_run

        record.timing = {
            "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "seconds": {
                **{k: round(v, 3) for k, v in seconds.items()},
                "total": round(time.perf_counter() - started, 3),
            },
        }
        write_run(folder, record, loaded, items, reveal=options.reveal, lang=options.lang)
        (folder / ".started.json").unlink(missing_ok=True)
    return record, folder


class _Clock:
    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds, self._last = seconds, time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._seconds[name] = now - self._last
        self._last = now


def _find_model(model: str | Path | None, options: RunOptions) -> tuple[ModelSource | None, Identity | None]:
    from jeval.models.identity import identify
    from jeval.models.load import is_local_backend, resolve

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


def default_tasks(options: RunOptions) -> list[str]:
    """Task names that the options ask for: ``tasks``, else the groups of the suite, with probes that need a file."""
    from jeval.leak.canary import task_names
    from jeval.taskpack import SUITE_GROUPS

    if options.suite not in SUITE_GROUPS:
        raise InputError(f"unknown --suite {options.suite!r}; expected audit, search or both")
    names = list(options.tasks) if options.tasks else list(SUITE_GROUPS[options.suite])
    extra = task_names(options.canaries, options.corpus)
    return names + [name for name in extra if name not in names]


def _load_tasks(options: RunOptions, source: ModelSource | None) -> LoadedTasks:
    from jeval.taskpack import load_tasks

    metadata = {
        name: str(path.resolve())
        for name, path in (("canaries", options.canaries), ("corpus", options.corpus))
        if path is not None
    }
    if options.corpus is not None and (
        tokenizer := source.tokenizer if source else options.model_args.get("tokenizer")
    ):
        metadata["tokenizer"] = str(tokenizer)  # recall is counted in the model's tokens
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit {options.limit}: expected a whole number of at least 1")
    return load_tasks(default_tasks(options), include=tuple(options.include), metadata=metadata)


def _settings(options: RunOptions) -> dict[str, Any]:
    """What decides the numbers, apart from the model: written to the record, compared on resume."""
    from jeval.models.identity import file_digest

    return {
        "tasks": default_tasks(options),
        "suite": options.suite,
        "limit": options.limit,
        "whole": list(options.whole),
        "seed": options.seed,
        "backend": options.backend,
        "model_args": {k: str(v) for k, v in sorted(options.model_args.items())},
        "dtype": options.dtype,
        "device": options.device,
        "as_of": options.as_of.isoformat() if options.as_of else None,
        "canaries": file_digest(options.canaries) if options.canaries else None,
        "corpus": file_digest(options.corpus) if options.corpus else None,
    }


def _open_folder(
    model: str | Path | None, source: ModelSource | None, identity: Identity | None, options: RunOptions
) -> Path:
    import hashlib
    import json

    from jeval.results.store import write_json

    digest = identity.digest if identity else "remote:" + json.dumps(_settings(options)["model_args"], sort_keys=True)
    settings = _settings(options)
    mark = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    name = source.name if source else Path(str(model or options.backend)).name
    folder = options.out or Path("reports") / f"{_safe(name)}-{digest[:8] if identity else 'remote'}-{mark[:6]}"
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {folder} is a file; expected a folder that is new, empty or holds this model's run")
    for file in (folder / ".started.json", folder / "run.json"):
        if not file.is_file():
            continue
        try:
            there = json.loads(file.read_text(encoding="utf-8"))
            other = there["digest"] if "digest" in there else (there["model"]["identity"] or {}).get("digest", digest)
            same = there["settings"] == settings
        except (json.JSONDecodeError, KeyError, TypeError) as err:
            raise InputError(f"--out {folder} holds a damaged {file.name}; choose another folder") from err
        if other != digest:
            raise InputError(
                f"--out {folder} holds a run of another model ({other[:12]}…, this one is {digest[:12]}…); "
                "choose another folder"
            )
        if not same:
            raise InputError(f"--out {folder} holds a run of this model with other settings; choose another folder")
    if folder.is_dir() and not (folder / "run.json").exists() and not (folder / ".started.json").exists():
        strangers = sorted(p.name for p in folder.iterdir())
        if strangers:
            raise InputError(f"--out {folder} is not empty ({', '.join(strangers[:3])} …); choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / ".started.json", {"digest": digest, "settings": settings})
    except OSError as err:
        raise InputError(f"--out {folder} cannot be written ({err.strerror}); choose another folder") from err
    return folder


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[:80].lstrip(".") or "model"


def _load_model(
    model: str | Path | None, source: ModelSource | None, identity: Identity | None, options: RunOptions
) -> Subject:
    from jeval.models.load import default_device, default_dtype, load, load_other
    from jeval.results.schema import ModelInfo

    if source is None:
        args = dict(options.model_args)
        if model is not None and not {"pretrained", "model"} & set(args):
            args["pretrained"] = str(model)
        lm = load_other(options.backend, args, batch_size=options.batch_size, device=options.device)
        info = ModelInfo(
            name=Path(str(model or args.get("model") or options.backend)).name,
            path=str(model) if model else None,
            kind="remote",
            backend=options.backend,
            device=options.device or "remote",
            dtype=options.dtype or "remote",
            parameters=None,
            weight_bytes=None,
            chat_template=False,
            identity=identity.as_dict() if identity else None,
        )
        return Subject(lm, info, identity)
    device = options.device or default_device()
    dtype = options.dtype or default_dtype(device)
    args = dict(options.model_args)
    if options.token_budget is not None and options.backend == "jeval-hf":
        args["token_budget"] = options.token_budget
    lm = load(
        source,
        backend=options.backend,
        device=device,
        dtype=dtype,
        batch_size=options.batch_size,
        trust_remote_code=options.trust_remote_code,
        model_args=args,
    )
    weights = list(lm.model.parameters())
    info = ModelInfo(
        name=source.name,
        path=str(source.path),
        kind=source.kind,  # type: ignore[arg-type]
        backend=options.backend,
        device=device,
        dtype=str(weights[0].dtype).removeprefix("torch."),
        parameters=sum(p.numel() for p in weights),
        weight_bytes=sum(p.numel() * p.element_size() for p in weights),
        chat_template=getattr(lm.tokenizer, "chat_template", None) is not None,
        identity=identity.as_dict() if identity else None,
    )
    return Subject(lm, info, identity)


def _check_health(lm: Any) -> None:
    import torch

    from jeval.models.health import check

    ids = lm.tok_encode("お客様、いつもありがとうございます。")[:16] or [lm.prefix_token_id]
    check(lm.model, torch.tensor([ids], device=lm.device))


def _store(subject: Subject, options: RunOptions) -> Any:
    from importlib.metadata import version

    from jeval.models.cache import AnswerStore, default_path

    if subject.identity is None:
        return None
    return AnswerStore(
        default_path(),
        {
            "model": subject.identity.digest,
            "backend": options.backend,
            "dtype": subject.info.dtype,
            "device": subject.info.device.split(":")[0],
            "model_args": {k: str(v) for k, v in sorted(options.model_args.items())},
            "versions": {name: version(name) for name in ("torch", "transformers", "lm_eval", "jeval")},
        },
    )


def _score(
    subject: Subject, loaded: LoadedTasks, options: RunOptions, progress: Progress
) -> tuple[dict[str, list[ItemResult]], dict[str, list[str]]]:
    from jeval.evaluation import choose_items, evaluate, seed_everything
    from jeval.models.cache import StoredLM

    keep = None
    if options.as_of is not None:
        from jeval.finreg import in_force

        day = options.as_of

        def keep(task: str, doc: dict[str, Any]) -> bool:
            return loaded.metadata(task).get("domain") != "finreg" or in_force(doc, day) is not False

    rows, left_out = choose_items(loaded, limit=options.limit, whole=options.whole, keep=keep)
    seed_everything(options.seed)
    store = _store(subject, options)
    lm: Any = subject.lm
    if hasattr(lm, "answer_store"):
        lm.answer_store, lm.progress = store, progress.update
    else:
        lm = StoredLM(lm, store, progress=progress.update)
    try:
        return evaluate(lm, loaded, rows, chat_template=subject.info.chat_template), left_out
    except offline.OutboundRefusedError as err:
        raise InputError(f"{err}; run a server inside the company with --allow-host HOST") from err
    except ModelError:
        _name_bad_layer(subject.lm)
        raise
    finally:
        if store is not None:
            store.close()


def _name_bad_layer(lm: Any) -> None:
    if hasattr(lm, "model"):
        _check_health(lm)


def _record(
    subject: Subject,
    loaded: LoadedTasks,
    items: dict[str, list[ItemResult]],
    left_out: dict[str, list[str]],
    options: RunOptions,
    guard: offline.Guard,
) -> RunRecord:
    from jeval.results.schema import RunRecord
    from jeval.results.score import domain_results, not_scored_tasks, task_results

    tasks = task_results(loaded, items, left_out)
    tasks.update(not_scored_tasks(options.suite, bool(options.tasks), options.canaries, options.corpus))
    notes: list[dict[str, Any]] = []
    if subject.identity is None:
        notes.append({"key": "note_remote"})
    if options.limit is not None:
        notes.append({"key": "note_limit", "limit": options.limit, "whole": ", ".join(options.whole) or "–"})
    return RunRecord(
        jeval_version=jeval.__version__,
        model=subject.info,
        suite=options.suite,
        settings=_settings(options),
        domains=domain_results(loaded, tasks),
        tasks=tasks,
        left_out=left_out,
        outbound={"attempts": guard.count, "targets": guard.attempts[:20], "allowed_hosts": sorted(guard.allowed)},
        notes=notes,
        packages=_packages(),
        task_pack=_task_pack(options),
    )


def _packages() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _task_pack(options: RunOptions) -> dict[str, str]:
    from jeval.resources import data_path, tasks_path
    from jeval.results.store import digest_tree

    pack = {"tasks": digest_tree(tasks_path()), "data": digest_tree(data_path())}
    for folder in options.include:
        pack[f"include:{folder.name}"] = digest_tree(folder)
    return pack


def _cost(lm: Any) -> dict[str, Any]:
    cost = getattr(lm, "cost", None)
    return dict(cost) if isinstance(cost, dict) else {}
