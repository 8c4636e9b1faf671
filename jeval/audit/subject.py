"""The model under test: loaded or reached, with what the record says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.model import LM

from jeval.audit.opened import OpenedModel
from jeval.audit.options import RunOptions
from jeval.models.cache import AnswerStore
from jeval.models.gguf import unknown_splitting
from jeval.models.health import check
from jeval.models.load import default_device, is_local_backend, load
from jeval.models.source import ModelSource
from jeval.models.template import Template
from jeval.models.threads import use_threads
from jeval.pipeline.taskpack import LoadedTasks
from jeval.reading import is_plain
from jeval.record.schema import Identity, ModelInfo, Note

RECIPE, _LONGEST_RECIPE = "mergekit_config.yml", 20_000


@dataclass(frozen=True)
class Subject:
    """The loaded model with what the record says of it; ``doubts``: what could not be made sure of when it was loaded."""

    lm: LM
    info: ModelInfo
    doubts: tuple[Note, ...] = ()

    def check_health(self) -> None:
        """See that no layer gives NaN or Inf, where the layers can be seen.

        Raises:
            ModelError: it names the layer.
        """
        if self.info.kind == "remote":
            return
        lm: Any = self.lm
        ids = lm.tok_encode("お客様、いつもありがとうございます。")[:16] or [lm.prefix_token_id]
        check(lm.model, torch.tensor([ids], device=lm.device))

    def refusals(self, loaded: LoadedTasks) -> dict[str, str]:
        """Tasks that the model cannot be given, each with the reason."""
        if not hasattr(self.lm, "served") and not hasattr(self.lm, "applied"):
            return {}
        from jeval.models.served.load import refusal

        found = {
            name: refusal(self.lm, str(task.OUTPUT_TYPE), templated=loaded.meta(name).chat_template)
            for name, task in loaded.tasks.items()
        }
        return {name: reason for name, reason in found.items() if reason is not None}

    def identify(self, store: AnswerStore, options: RunOptions) -> bool:
        """Tell the store whose answers it keeps: all that decides an answer besides the request; ``False``: nothing tells."""
        key: dict[str, Any] = {
            "model": self.info.identity.digest if self.info.identity else None,
            "backend": options.backend,
            "model_args": recorded_args(options.backend, options.model_args),
            "versions": {name: version(name) for name in ("torch", "transformers", "lm_eval", "jeval")},
        }
        if self.info.served is not None:
            key["served"] = self.info.served.model_dump()
            store.identify(key)
            lm: Any = self.lm
            store.identify({**key, "generation": lm.generation(store)})
            return True
        store.identify({**key, "dtype": self.info.dtype, "device": self.info.device.split(":")[0]})
        return self.info.identity is not None

    def notes(self) -> list[Note]:
        """What the report says of how the model was reached."""
        notes = [*self.doubts]
        if self.info.identity is None:
            notes.append(Note(key="note_remote"))
        if self.info.chat_template and getattr(self.lm, "template", None) == Template(parts=True):
            notes.append(Note(key="note_template_parts"))
        if (served := self.info.served) is not None:
            told = served.fingerprint or "–"
            notes.append(Note.of("note_served", url=served.base_url, model=served.model, told=told))
            notes.append(Note(key=f"note_template_{served.chat_template}"))
            if getattr(self.lm, "doubtful", False):
                notes.append(Note(key="note_doubtful"))
        return notes


def keeps_answers(backend: str, identity: Identity | None) -> bool:
    """Whether answers can be kept: of weights that were seen, and of a server that is asked as jeval asks."""
    return identity is not None or not is_local_backend(backend)


def recorded_args(backend: str, model_args: Mapping[str, Any]) -> dict[str, str]:
    """``--model-args`` as the record may hold them."""
    if is_local_backend(backend):
        return {key: str(value) for key, value in sorted(model_args.items())}
    from jeval.models.served.load import recorded_args as of_server

    return of_server(model_args)


def remote_name(model: str | Path | None, options: RunOptions) -> str:
    """What the report calls a model that is not loaded here."""
    return Path(str(model or options.model_args.get("model") or options.backend)).name


def load_subject(model: str | Path | None, opened: OpenedModel, options: RunOptions, loaded: LoadedTasks) -> Subject:
    """The model whose files are opened, or the one that the backend reaches.

    Raises:
        InputError, ModelError: see :func:`jeval.models.load.load` and :func:`jeval.models.served.load.load_other`.
    """
    source, snapshot, identity = opened.source, opened.snapshot, opened.identity
    if source is None or snapshot is None:
        return _reach(model, opened, options, loaded)
    args = dict(options.model_args)
    device = options.device or default_device()
    threads = use_threads(options.threads)
    if options.token_budget is not None and options.backend == "jeval-hf":
        args["token_budget"] = options.token_budget
    lm = load(
        snapshot.source,
        backend=options.backend,
        device=device,
        dtype=options.dtype,
        batch_size=options.batch_size or "8",
        trust_remote_code=options.trust_remote_code,
        allow_pickle=options.allow_pickle,
        model_args=args,
        fresh=options.fresh,
        trial=opened.trial,
    )
    weights = list(lm.model.parameters())
    return Subject(
        lm,
        ModelInfo(
            name=source.name,
            path=str(source.path),
            kind=source.kind,
            signature=opened.signature,
            backend=options.backend,
            device=device,
            dtype=str(weights[0].dtype).removeprefix("torch."),
            parameters=sum(p.numel() for p in weights),
            weight_bytes=sum(p.numel() * p.element_size() for p in weights),
            chat_template=options.chat_template and lm.template is not None,
            threads=threads,
            identity=identity,
            opened=snapshot.how,
            recipe=_recipe(source.path),
        ),
        _doubts(snapshot.source),
    )


def _recipe(folder: Path) -> str | None:
    """The merge configuration that mergekit leaves beside the weights."""
    if not is_plain(folder, RECIPE):
        return None
    with (folder / RECIPE).open("rb") as file:
        return file.read(_LONGEST_RECIPE).decode("utf-8", "replace")


def _doubts(source: ModelSource) -> tuple[Note, ...]:
    if source.kind != "gguf" or source.tokenizer != source.path:
        return ()
    if not (name := unknown_splitting(source.path)):
        return ()
    return (Note.of("note_gguf_tokenizer", name=name),)


def _reach(model: str | Path | None, opened: OpenedModel, options: RunOptions, loaded: LoadedTasks) -> Subject:
    from jeval.models.served.load import applied_template, load_other  # brings the packages of a client

    args = dict(options.model_args)
    if model is not None and not {"pretrained", "model"} & set(args):
        args["pretrained"] = str(model)
    lm = load_other(
        options.backend,
        args,
        batch_size=options.batch_size,
        device=options.device,
        tokenizer=options.tokenizer,
        likelihoods=any(task.OUTPUT_TYPE != "generate_until" for task in loaded.tasks.values()),
        chat_template=options.chat_template,
    )
    served = getattr(lm, "served", None)
    return Subject(
        lm,
        ModelInfo(
            name=remote_name(model, options) if served is None else Path(served.model).name,
            path=str(model) if model else None,
            kind="remote",
            backend=options.backend,
            device=options.device or "remote",
            dtype=options.dtype or "remote",
            parameters=None,
            weight_bytes=None,
            chat_template=applied_template(lm) != "none",
            identity=opened.identity,
            served=served,
            signature=opened.signature,
        ),
    )
