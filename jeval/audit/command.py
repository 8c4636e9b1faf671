"""What ``jeval verify`` does, from its options to its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import EvidenceError, InputError
from jeval.output import json_text, one_line, say
from jeval.record.store import outside_runs, read_record
from jeval.signing import PASSWORD, asked_password, new_key, private_key, public_key
from jeval.writing import write_json

if TYPE_CHECKING:
    from jeval.audit.verify import Verified


@dataclass
class Wanted:
    """Options of ``jeval verify``; each is a flag of it."""

    folder: Path | None = None
    model: str | None = None
    verify_key: Sequence[Path] = ()
    sign: Path | None = None
    new_key: Path | None = None
    password: bool = False
    replay: int | None = None
    seed: int | None = None
    single: str | None = None
    proof: Path | None = None
    bom: Path | None = None
    as_json: bool = False


def verify(wanted: Wanted) -> int:
    """Do what is wanted, and print it.

    Returns:
        The exit code: 0, or 4 where the evidence does not hold.

    Raises:
        InputError: options that do not go together, a key that is none, no run.
        EvidenceError: nothing can be said, or what was wanted needs evidence that does not hold.
    """
    _check(wanted)
    if wanted.new_key is not None:
        return _new_key(wanted, wanted.new_key)
    keys = [public_key(path) for path in wanted.verify_key]
    if wanted.proof is not None:
        return _proof(wanted, wanted.proof, keys)
    return _run(wanted, wanted.folder or Path(), keys)


def _run(wanted: Wanted, folder: Path, keys: Sequence[Any]) -> int:
    from jeval.audit.verify import check_run, read_manifest

    signer = private_key(wanted.sign) if wanted.sign else None  # a wrong password is said before anything is computed
    found = check_run(folder, wanted.model, keys)
    if found.problems and (wanted.single or wanted.bom or signer):
        raise EvidenceError(f"{folder} does not verify, nothing was signed or written: {found.problems[0]}")
    if wanted.single:
        from jeval.audit.proof import prove

        say(json_text(prove(folder, read_record(folder), wanted.single).model_dump(mode="json")))
        return 0
    if wanted.replay is not None and not found.problems:
        _replay(wanted, folder, wanted.replay, found)
    if wanted.bom is not None:
        from jeval.audit.bom import bom

        write_json(wanted.bom, bom(read_record(folder), read_manifest(folder)))
        found.notes.append(f"bill of materials: {wanted.bom}")
    if signer is not None and not found.problems:
        from jeval.audit.seal import sign

        one = sign(folder, read_manifest(folder), read_record(folder), signer)
        found.signed_by[:] = [*(key for key in found.signed_by if key != one), one]
        found.notes.append(f"signed by key {one}")
    _say(wanted, folder, found)
    return 4 if found.problems else 0


def _check(wanted: Wanted) -> None:
    alone = {"--new-key": wanted.new_key, "--proof": wanted.proof}
    for flag, value in alone.items():
        if value is not None and wanted.folder is not None:
            raise InputError(f"{flag} needs no run folder, but {wanted.folder} is given; leave one of the two out")
    if not any(value is not None for value in alone.values()) and wanted.folder is None:
        raise InputError("no run folder given; expected the one that `jeval run` printed, or --new-key, or --proof")
    if wanted.password and wanted.new_key is None:
        raise InputError(
            f"--password belongs to --new-key; the password of a key is asked for, or taken from {PASSWORD}"
        )
    if wanted.replay is not None and wanted.model is None:
        raise InputError("--replay needs the model: --weights PATH")
    if wanted.seed is not None and wanted.replay is None:
        raise InputError("--seed belongs to --replay")
    outside_runs(wanted.bom)


def _new_key(wanted: Wanted, path: Path) -> int:
    password = asked_password(path, again=True) if wanted.password else None
    public, name = new_key(path, password)
    lines = [f"private key: {path} (keep it to yourself{'' if password else '; no password protects it'})",
             f"public key: {public}", f"key id: {name}"]  # fmt: skip
    say(json_text({"key": str(path), "public": str(public), "id": name})) if wanted.as_json else say(*lines)
    return 0


def _proof(wanted: Wanted, file: Path, keys: Sequence[Any]) -> int:
    from jeval.audit.proof import check_proof

    shown = check_proof(file, keys)
    if wanted.as_json:
        say(json_text({"proof": str(file), "verified": True, **asdict(shown)}))
        return 0
    root = f"items_root {shown.items_root}"
    by = f"signed by key {', '.join(shown.signed_by)}" if keys else "to be compared with the report's (no --verify-key)"
    score, outputs = shown.contents.get("score"), one_line(str(shown.contents.get("outputs")), 200)
    what = "part of the run, unchanged" if keys else "agrees with the items_root that the proof names"
    say(f"{shown.task}/{shown.item}: {what} (score {score}; {outputs})", f"{root}, {by}")
    return 0


def _replay(wanted: Wanted, folder: Path, count: int, found: Verified) -> None:
    from jeval.audit.replay import replay

    again = replay(folder, read_record(folder), str(wanted.model), count, wanted.seed)
    found.problems.extend(again.problems)
    found.notes.append(
        f"replayed on the model: {again.items} items (--seed {again.seed}), {len(again.problems)} differ"
    )
    found.notes.extend(again.notes)


def _say(wanted: Wanted, folder: Path, found: Verified) -> None:
    if wanted.as_json:
        say(json_text({"run": str(folder), "verified": not found.problems, **asdict(found)}))
        return
    good = [f"{folder}: {_standing(found)}",
            f"scores recomputed from the stored outputs: {found.recomputed} of {found.items} items"]  # fmt: skip
    say(*(found.problems or good), *found.notes)


def _standing(found: Verified) -> str:
    if found.unchanged_since:
        return f"unchanged since signed by key {', '.join(found.unchanged_since)} (署名の時から変更なし)"
    consistent = "internally consistent (内部で整合)"
    if found.other_version:
        consistent = "files and sums agree, scores were not recomputed (ファイルと合計は一致、得点は再計算していない)"
    if found.signed_by:
        keys = ", ".join(found.signed_by)
        return f"{consistent}; signed by key {keys}, whose that is shows only --verify-key PUB"
    return f"{consistent}; unsigned, so that this does not show who wrote it"
