"""The files of the model under test, found and kept as they are while it is scored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jeval.audit.options import RunOptions
from jeval.errors import InputError
from jeval.models.identity import identify
from jeval.models.load import check_options, is_local_backend
from jeval.models.options import check_model_args
from jeval.models.signature import check_signature
from jeval.models.snapshot import ChangedError, Snapshot, opened
from jeval.models.source import ModelSource, resolve
from jeval.models.trial import Trial, begin
from jeval.record.schema import Identity, ModelSignature


@dataclass(frozen=True)
class OpenedModel:
    """The model under test, as far as its files are seen.

    Attributes:
        source: the files that the user gave; ``None`` for a model that another library or process loads.
        identity: of the files; ``None`` where none are seen.
        snapshot: what jeval itself loads.
        seen: files that another library loads from where they lie.
        signature: what lay with the files, and what was found.
        trial: of the tokenizer, in another process.
    """

    source: ModelSource | None = None
    identity: Identity | None = None
    snapshot: Snapshot | None = None
    seen: ModelSource | None = None
    signature: ModelSignature | None = None
    trial: Trial | None = None

    @property
    def place(self) -> ModelSource | None:
        """Where the files are read from."""
        return self.snapshot.source if self.snapshot else None

    def check_times(self) -> None:
        """See that no file was written into since, as far as times tell; costs nearly nothing.

        Raises:
            ChangedError: one was.
        """
        if self.snapshot is not None:
            self.snapshot.check_times()

    def check(self) -> None:
        """See that the files are still those of the digest.

        Raises:
            ChangedError: they are not.
        """
        if self.snapshot is not None:
            self.snapshot.check()
        elif self.seen is not None and identify(self.seen) != self.identity:
            raise ChangedError(f"{self.seen.path} was changed while it was scored; see who writes there, and run again")


@contextmanager
def opened_model(model: str | Path | None, options: RunOptions) -> Iterator[OpenedModel]:
    """Find the model and open its files.

    Raises:
        InputError, ModelError: see :func:`jeval.models.source.resolve` and :func:`jeval.models.snapshot.opened`; options that no
            model could be loaded with; a signature that is wrong.
    """
    if not is_local_backend(options.backend):
        yield _elsewhere(model, options)
        return
    if model is None:
        raise InputError("--model is missing; give a Hugging Face folder, a LoRA adapter folder or a .gguf file")
    check_options(device=options.device, dtype=options.dtype, batch_size=options.batch_size or "8")
    check_model_args(options.model_args, backend=options.backend)
    source = resolve(model, allow_pickle=options.allow_pickle, tokenizer=options.tokenizer)
    with opened(
        source,
        allow_pickle=options.allow_pickle,
        trust_remote_code=options.trust_remote_code,
        private=options.snapshot,
    ) as snapshot, snapshot.named():  # fmt: skip
        signature = check_signature(source, snapshot.identity, options.model_key, options.signer)
        trial = begin(snapshot.source.tokenizer)
        try:
            yield OpenedModel(source, snapshot.identity, snapshot, signature=signature, trial=trial)
        finally:
            trial.stop()


def _elsewhere(model: str | Path | None, options: RunOptions) -> OpenedModel:
    """A model that another library or process loads: of files on this machine the digest is taken."""
    if model is not None and Path(model).expanduser().exists():
        seen = resolve(model, allow_pickle=options.allow_pickle)
        identity = identify(seen)
        signature = check_signature(seen, identity, options.model_key, options.signer)
        return OpenedModel(identity=identity, seen=seen, signature=signature)
    for flag, given in (
        ("--model-key", options.model_key),
        ("--model-signer", options.model_signer and options.model_signer[0]),
    ):
        if given is not None:
            raise InputError(f"{flag} {given}: the files of this model are not seen here; leave it out")
    if model is None and not options.model_args:
        raise InputError(f"backend {options.backend} needs --model PATH or --model-args key=value,…")
    return OpenedModel()
