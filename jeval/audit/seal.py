"""The signature of a run folder: what it covers, how it is made, what it shows.

``signature.dsse.json`` is a DSSE envelope around an in-toto statement. Its subjects are the manifest, every file of the manifest (the
record, the samples) and the model; its predicate repeats the roots over the items, so that one item can be shown without the folder.
The report is rendered from these and may be rendered again: it is not signed, but under a key it must be, byte for byte, what this
jeval renders from the signed run.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval import signing
from jeval.digests import file_digest, value_digest
from jeval.errors import EvidenceError, InputError, JevalError
from jeval.output import one_line, quoted
from jeval.reading import MAX_JSON, is_plain
from jeval.record.manifest import LOCK, MANIFEST, RENDERED, REPORT, SIGNATURE, Manifest, Rendered
from jeval.record.merkle import canonical
from jeval.record.schema import RunRecord
from jeval.version import __version__
from jeval.writing import write_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREDICATE_TYPE = "urn:jeval:run:v1"


@dataclass
class Seal:
    """What a signature shows: ``problems``; ``keys`` that signed; ``checked``, those of them that were given and hold."""

    problems: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)


def statement(folder: Path, manifest: Manifest, record: RunRecord) -> bytes:
    """What is signed of a run folder, the same bytes for whoever signs."""
    verdict = getattr(record, "verdict", None)
    files = {MANIFEST: file_digest(folder / MANIFEST), **manifest.files}
    subjects = [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(files.items())]
    if manifest.model is not None:
        subjects.append({"name": "model", "digest": {"sha256": manifest.model.digest}})
    return canonical(
        {
            "_type": signing.STATEMENT_TYPE,
            "subject": subjects,
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "items_root": record.items_root,
                "item_roots": record.item_roots,
                "verdict": value_digest(verdict.model_dump(mode="json")) if verdict is not None else None,
                "jeval_version": record.jeval_version,
                "finished": record.timing.finished,
            },
        }
    )


def sign(folder: Path, manifest: Manifest, record: RunRecord, key: Ed25519PrivateKey) -> str:
    """Sign a folder, beside those who signed it before.

    Args:
        manifest, record: of the folder, which is known to agree with itself.

    Returns:
        The id of the key.

    Raises:
        EvidenceError: what was signed before is not what is there now.
        InputError: the record has no roots.
    """
    if record.items_root is None:
        raise InputError(f"{folder} is of an earlier version, whose record has no items_root; run the evaluation again")
    payload = statement(folder, manifest, record)
    envelope = signing.Envelope(payload, [])
    if (folder / SIGNATURE).exists() or (folder / SIGNATURE).is_symlink():
        envelope = _envelope(folder)
        if problems := [*_problems(folder, envelope, payload)]:
            raise EvidenceError(f"{problems[0]}; nothing was signed")
    one = signing.signed(payload, key)
    if one.key not in {other.key for other in envelope.signatures}:
        write_text(folder / SIGNATURE, _form(signing.Envelope(payload, [*envelope.signatures, one])))
    return one.key


def check_seal(folder: Path, manifest: Manifest, record: RunRecord, keys: Sequence[signing.PublicKey]) -> Seal:
    """What the signature of a folder shows.

    Args:
        keys: those that must have signed; none: only whether the signatures hold of themselves.
    """
    seal = Seal()
    path = folder / SIGNATURE
    if not path.exists() and not path.is_symlink():
        seal.problems += [f"{SIGNATURE}: missing; the run is not signed by key {signing.key_id(key)}" for key in keys]
        return seal
    try:
        envelope = _envelope(folder)
    except EvidenceError as err:
        seal.problems.append(str(err))
        return seal
    seal.problems += _problems(folder, envelope, statement(folder, manifest, record))
    seal.keys = [one.key for one in envelope.signatures]
    for key in keys:
        name = signing.key_id(key)
        if not any(one.key == name and signing.holds(envelope.payload, one.value, key) for one in envelope.signatures):
            seal.problems.append(f"{SIGNATURE}: not signed by key {name}; signed by {', '.join(seal.keys)}")
        else:
            seal.checked.append(name)
    return seal


def read_envelope(folder: Path) -> signing.Envelope | None:
    """The envelope of a folder, ``None`` where it is not signed.

    Raises:
        EvidenceError: it is damaged.
    """
    return _envelope(folder) if (folder / SIGNATURE).exists() else None


def _envelope(folder: Path) -> signing.Envelope:
    """The envelope, in the one form that jeval writes: every byte of the file counts."""
    try:
        if not is_plain(folder, SIGNATURE) or (folder / SIGNATURE).stat().st_size > MAX_JSON:
            raise ValueError("a link, no file, or too large")
        written = (folder / SIGNATURE).read_bytes()
        envelope = signing.envelope_of(json.loads(written))
    except (OSError, ValueError, RecursionError) as err:
        raise EvidenceError(f"{SIGNATURE}: damaged ({one_line(str(err), 200)}); the run cannot be verified") from err
    if written != _form(envelope).encode():
        raise EvidenceError(f"{SIGNATURE}: changed since it was written; the run cannot be verified")
    return envelope


def _form(envelope: signing.Envelope) -> str:
    return json.dumps(signing.envelope_value(envelope), indent=1) + "\n"


def _problems(folder: Path, envelope: signing.Envelope, now: bytes) -> Iterator[str]:
    """Whether every signature is of the key that comes with it, and of this folder."""
    names = [one.key for one in envelope.signatures]
    if len(set(names)) != len(names):
        yield f"{SIGNATURE}: a key signed twice"
    for one in envelope.signatures:
        key = signing.own_key(one)
        if key is None or not signing.holds(envelope.payload, one.value, key):
            yield f"{SIGNATURE}: the signature of key {one_line(one.key, 64)} is not its own"
    if envelope.payload != now:
        yield f"{SIGNATURE}: of another state of {quoted(folder)}: manifest, record or samples are not those that were signed"


def own_report(folder: Path, manifest: Manifest) -> Iterator[str]:
    """What does not agree between the report, with its pages, and what is rendered from this run alone. One that cannot be rendered here
    proves nothing.
    """
    there = _report_files(folder, {*manifest.files, MANIFEST, RENDERED, SIGNATURE, LOCK})
    if not there:
        if (folder / RENDERED).exists():
            yield f"{RENDERED}: of a report that is not there"
        return
    again = f"write it again with: jeval report {quoted(folder)}"
    try:
        written = (folder / RENDERED).read_bytes()
        made = Rendered.model_validate_json(written)
        if made.jeval_version != __version__:
            version = one_line(made.jeval_version, 20)
            yield f"{REPORT}: not shown to be of this run (rendered by jeval {version}, this is {__version__}); {again}"
            return
        if made.lang not in {"ja", "en"}:
            yield f"{RENDERED}: {one_line(made.lang, 20)!r} is no language of a report; {again}"
            return
        now = _rendered(folder, made.lang)
    except (JevalError, OSError, ValueError) as err:
        yield f"{REPORT}: not shown to be of this run ({one_line(str(err), 160)}); {again}"
        return
    if differ := sorted(name for name in {*there, *now} if there.get(name) != now.get(name)):
        name = one_line(differ[0], 100)
        yield f"{name}: not what jeval {__version__} renders from this run alone; {again}"
    elif written != _as_written(made).encode():
        yield f"{RENDERED}: changed since the report was rendered; {again}"


def _rendered(folder: Path, lang: str) -> dict[str, str]:
    from jeval.report.page import write_report

    with tempfile.TemporaryDirectory(prefix="jeval-report-") as place:
        write_report([folder], Path(place) / REPORT, lang)
        return _report_files(Path(place), set())


def _report_files(folder: Path, others: set[str]) -> dict[str, str]:
    """The digests of all files but these."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: file_digest(path) for name, path in files.items() if name not in others}


def _as_written(made: Rendered) -> str:
    value: dict[str, Any] = made.model_dump(mode="json")
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
