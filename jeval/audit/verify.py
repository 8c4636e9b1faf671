"""Check a run folder against its manifest."""

from __future__ import annotations

import json
from pathlib import Path

from jeval.digests import file_digest
from jeval.errors import EvidenceError, InputError
from jeval.models.identity import identify
from jeval.models.source import resolve
from jeval.reading import read_json
from jeval.record.manifest import LOCK


def verify_run(folder: Path, model: str | None = None) -> list[str]:
    """What does not agree with ``manifest.json``; empty when all does.

    Args:
        model: path of a model that should be the one evaluated.

    Raises:
        InputError: no run there.
        EvidenceError: the manifest itself is unreadable.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise InputError(f"{folder} holds no manifest.json; give the folder that `jeval run` printed")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        expected = dict(manifest["files"])
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as err:
        raise EvidenceError(f"{path} is damaged ({err}); the run cannot be verified") from err
    problems = []
    for name, digest in sorted(expected.items()):
        file = folder / name
        if not file.is_file():
            problems.append(f"{name}: missing")
        elif file_digest(file) != digest:
            problems.append(f"{name}: changed since the run")
    known = {"manifest.json", LOCK, *expected}
    problems += [
        f"{name}: not part of the run"
        for name in sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        if name not in known
    ]
    if model is not None:
        recorded = (manifest.get("model") or {}).get("digest")
        actual = identify(resolve(model, allow_pickle=True, tokenizer=_other_tokenizer(folder))).digest
        if actual != recorded:
            problems.append(f"model {model}: digest {actual[:12]}… is not the evaluated {str(recorded)[:12]}…")
    return problems


def _other_tokenizer(folder: Path) -> str | None:
    """The tokenizer that the run was told to use instead of the model's own."""
    if not (folder / "run.json").is_file():
        return None
    settings = read_json(folder / "run.json", what="run record").get("settings") or {}
    given = settings.get("tokenizer")
    return str(given) if given else None
