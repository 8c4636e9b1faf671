"""Options of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.models.keyless import Signer
from jeval.pipeline import domains
from jeval.record.schema import Note


@dataclass
class RunOptions:
    """Options of :func:`run`; each but ``whole`` and ``preface`` is a flag of ``jeval run``. ``None`` means the default that the flag
    documents. ``preface``: sentences of the report's catalogue that it begins with.
    """

    tasks: Sequence[str] | None = None
    suite: str = "audit"
    limit: int | None = None
    whole: Sequence[str] = ()
    num_fewshot: int | None = None
    batch_size: str | None = None
    device: str | None = None
    dtype: str | None = None
    threads: int | None = None
    tokenizer: Path | None = None
    chat_template: bool = True
    backend: str = "jeval-hf"
    model_args: Mapping[str, Any] = field(default_factory=dict)
    out: Path | None = None
    seed: int = 0
    lang: str = "ja"
    include: Sequence[Path] = ()
    trust_packs: Sequence[str] = ()
    model_key: Path | None = None
    model_signer: tuple[str, str, Path] | None = None
    sign: Path | None = None
    canaries: Path | None = None
    corpus: Path | None = None
    as_of: date | None = None
    business: Sequence[str] = ()
    token_budget: int | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False
    allow_hosts: Sequence[str] = ()
    reveal: str | None = None
    snapshot: bool = True
    fresh: bool = False
    recheck: float = 0.02
    preface: Sequence[Note] = ()
    policy: str | None = None

    def checked(self) -> RunOptions:
        """These options, files of the user's as files: the folder that ``jeval canary make`` wrote stands for its canaries.

        Raises:
            InputError: a file is none, or is not there.
        """
        found = {}
        for option, path in self.files.items():
            file = path / "canaries.json" if option == "canaries" and path.is_dir() else path
            if not file.is_file():
                what = "is a folder" if path.is_dir() else "is no file" if path.exists() else "does not exist"
                raise InputError(f"--{option} {path} {what}; expected a file")
            found[option] = file
        return replace(self, **found)  # type: ignore[arg-type]

    @property
    def files(self) -> dict[str, Path]:
        """Files of the user's by the option that gave them."""
        given = {option: getattr(self, option, None) for option in domains.file_tasks()}
        return {option: path for option, path in given.items() if path is not None}

    @property
    def signer(self) -> Signer | None:
        """Who should have signed the model without a key of their own; ``None`` where nobody is named.

        Raises:
            InputError: it is no name with its issuer and a file, or a key is given too.
        """
        if self.model_signer is None:
            return None
        if isinstance(self.model_signer, str) or len(self.model_signer) != 3:
            raise InputError(
                f"model_signer={self.model_signer!r}: expected a name, its issuer and the file of the trusted root"
            )
        name, issuer, root = self.model_signer
        if self.model_key is not None:
            raise InputError(
                f"--model-key {self.model_key} and --model-signer {name}: a signature has one of both; leave one out"
            )
        return Signer(name, issuer, Path(root))

    def metadata(self, tokenizer: str | Path | None) -> dict[str, str]:
        """What tasks that need a file of the user's are told: its path by its option, and by which tokenizer it is counted."""
        found = {option: str(path.resolve()) for option, path in self.files.items()}
        if found and tokenizer:
            found["tokenizer"] = str(tokenizer)
        return found
