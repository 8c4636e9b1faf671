"""Check a run folder: is everything there, does it agree with itself, and do the stored outputs give the recorded scores?

Without a key that is all that can be shown: whoever wrote the folder could have written all of it. So the word is "internally
consistent"; "unchanged since signed by key …" is said only where the key of who signed is given (:mod:`jeval.audit.seal`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pydantic import ValidationError

from jeval.audit.recompute import Recomputed, other_version, recompute
from jeval.audit.seal import check_seal, own_report
from jeval.audit.verdict import compared_rules, verdict_problems
from jeval.digests import file_digest
from jeval.errors import EvidenceError, InputError
from jeval.models.identity import digest_of, identify
from jeval.models.source import resolve
from jeval.output import one_line
from jeval.reading import MAX_JSON, is_plain
from jeval.record.manifest import LOCK, MANIFEST, PAGES, RENDERED, REPORT, SIGNATURE, Manifest, Rendered
from jeval.record.merkle import roots_of
from jeval.record.samples import Sample, path_of, read_samples
from jeval.record.schema import RunRecord, TaskResult
from jeval.record.store import RECORD, read_record

if TYPE_CHECKING:
    from jeval.signing import PublicKey


_CLOCKS_DIFFER = timedelta(hours=1)  # by which the clocks of two machines may


@dataclass(frozen=True)
class Verified:
    """What was found: ``problems``, none where the folder is internally consistent; ``notes``, what was not checked and why.

    ``recomputed``: of so many of all ``items`` the score was computed again from the stored output, ``other_version``: why of none of them
    it could be, since they were judged by another version of jeval, its data or its dictionary. ``signed_by``: keys that signed it,
    whoever they are; ``unchanged_since``: those of them that were given.
    """

    problems: list[str]
    notes: list[str] = field(default_factory=list)
    recomputed: int = 0
    items: int = 0
    signed_by: list[str] = field(default_factory=list)
    unchanged_since: list[str] = field(default_factory=list)
    other_version: str = ""


def verify_run(folder: Path, model: str | None = None) -> list[str]:
    """What does not agree in a run folder; empty when all does. See :func:`check_run`."""
    return check_run(folder, model).problems


def check_run(folder: Path, model: str | None = None, keys: Sequence[PublicKey] = ()) -> Verified:
    """Check a run folder against its manifest, its record, its stored outputs and its signatures.

    Args:
        model: path of a model that should be the one evaluated.
        keys: public keys that must have signed it.

    Raises:
        InputError: no run there.
        EvidenceError: the manifest is missing or unreadable.
    """
    manifest = read_manifest(folder)
    problems = sorted([*_files(folder, manifest), *_report(folder), *_lock(folder)])
    try:
        record = read_record(folder)
    except InputError as err:
        return Verified([*problems, one_line(str(err), 300)])
    samples: dict[str, list[Sample]] = {}
    problems += [*_agreement(manifest, record), *_samples(folder, manifest, record, samples)]
    items = sum(map(len, samples.values()))
    if record.items_root is not None:
        problems += _roots(record, samples)
    seal = check_seal(folder, manifest, record, keys)
    problems += seal.problems
    if why := other_version(manifest, record):
        found = Recomputed(notes=[f"not recomputed: other version ({why})"])
    elif problems:
        found = Recomputed(notes=["not recomputed: the folder does not agree with itself"])
    else:
        found = recompute(record, samples)
        found.problems += verdict_problems(record, samples)
        if compared := compared_rules(record):
            found.notes.append(
                f"not recomputed: rules {', '.join(compared)} of the policy (they compare with another run)"
            )
    if model is not None:
        problems += _model(manifest, record, model)
    problems += found.problems
    if keys and not problems:
        problems += own_report(folder, manifest)
    checked = [] if problems else seal.checked
    return Verified(problems, found.notes, found.items, items, seal.keys, checked, why)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a run folder.

    Raises:
        InputError: no run there.
        EvidenceError: it is missing or unreadable.
    """
    path = folder / MANIFEST
    if not is_plain(folder, MANIFEST):
        if path.exists() or path.is_symlink():
            raise EvidenceError(f"{path} is a link or no file; the run cannot be verified")
        if (folder / RECORD).is_file():
            raise EvidenceError(f"{path} is missing; the run cannot be verified")
        raise InputError(f"{folder} holds no manifest.json; give the folder that `jeval run` printed")
    try:
        if path.stat().st_size > MAX_JSON:
            raise ValueError(f"{path.stat().st_size} bytes, expected at most {MAX_JSON}")
        return Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as err:
        first = err.errors()[0]
        what = one_line(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", 200)
        raise EvidenceError(
            f"{path} is damaged, or of another version of jeval ({what}); this version cannot verify the run: use the one that "
            f"jeval_version in {RECORD} names, or run again"
        ) from err
    except (OSError, ValueError, RecursionError) as err:
        raise EvidenceError(f"{path} is damaged ({one_line(str(err), 200)}); the run cannot be verified") from err


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Whether the files are those of the manifest, and the mandatory ones are among them."""
    if RECORD not in manifest.files:
        yield f"{MANIFEST}: names no {RECORD}"
    for name, digest in sorted(manifest.files.items()):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or name != path.as_posix():
            yield f"{MANIFEST}: {one_line(name, 100)} is no name of a file of the run"
        elif not is_plain(folder, *path.parts):
            yield f"{one_line(name, 200)}: missing"
        elif file_digest(folder / name) != digest:
            yield f"{one_line(name, 200)}: changed since the run"
    known = {MANIFEST, LOCK, REPORT, RENDERED, SIGNATURE, *manifest.files}
    there = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()
    )
    strangers = (name for name in there if name not in known and not name.startswith(f"{PAGES}/"))
    yield from (f"{one_line(name, 200)}: not part of the run" for name in strangers)
    rooms = {PAGES, *(parent.as_posix() for name in manifest.files for parent in PurePosixPath(name).parents)}
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_dir())
    yield from (f"{one_line(name, 200)}/: not part of the run" for name in there if name not in rooms)


def _lock(folder: Path) -> Iterator[str]:
    """A finished run has no file of a run that is going on: what stands in it nothing vouches for."""
    if (folder / LOCK).exists() or (folder / LOCK).is_symlink():
        yield f"{LOCK}: a run is writing here, or left it; wait, or delete it if none is"


def _report(folder: Path) -> Iterator[str]:
    """Whether the report is the one that was rendered last. A run without one is whole: a report can be made again."""
    there = sorted(path.name for path in (folder / PAGES).iterdir()) if (folder / PAGES).is_dir() else []
    if not (folder / REPORT).exists():
        yield from (f"{PAGES}/{one_line(name, 100)}: of no report" for name in there)
        return
    try:
        text = (folder / RENDERED).read_bytes() if is_plain(folder, RENDERED) else b""
        rendered = Rendered.model_validate(json.loads(text))
        if not is_plain(folder, REPORT) or file_digest(folder / REPORT) != rendered.report:
            yield f"{REPORT}: changed since the run"
        for name in sorted({*there, *rendered.pages}):
            if not is_plain(folder, PAGES, name) or file_digest(folder / PAGES / name) != rendered.pages.get(name):
                yield f"{PAGES}/{one_line(name, 100)}: changed since the run"
    except (OSError, ValueError, RecursionError):
        yield f"{RENDERED}: missing or damaged; write the report again with: jeval report"


def _agreement(manifest: Manifest, record: RunRecord) -> Iterator[str]:
    """Whether manifest and record say the same of what was run, and say all that they must."""
    for name, told, recorded in (
        ("schema_version", manifest.schema_version, record.schema_version),
        ("model", manifest.model, record.model.identity),
        ("task_pack", manifest.task_pack, record.task_pack),
        ("code", manifest.code, record.code),
        ("packages", manifest.packages, record.packages),
        ("revealed_by", manifest.revealed_by, record.revealed_by),
    ):
        if told != recorded:
            yield f"{MANIFEST}: {name} is not that of {RECORD}"
    yield from _clock(record)
    if "jeval" not in record.code:
        yield f"{RECORD}: no digest of jeval's code"
    if not {"tasks", "data"} <= set(record.task_pack):
        yield f"{RECORD}: no digest of the task pack"
    if not manifest.dictionary:
        yield f"{MANIFEST}: no digest of the dictionary"
    if record.packages.get("jeval") != record.jeval_version:
        yield f"{RECORD}: two versions of jeval, {record.jeval_version} and {record.packages.get('jeval')}"
    if (one := record.model.identity) is not None:
        if one.digest != digest_of([one.weights, one.config, one.tokenizer, one.chat_template or ""]):
            yield f"{RECORD}: the digest of the model is not that of its parts"
        if not one.files:
            yield f"{RECORD}: the model has no files"


def _clock(record: RunRecord) -> Iterator[str]:
    """Whether the run has ended by the clock here."""
    try:
        ended = datetime.fromisoformat(record.timing.finished)
        ahead = ended.astimezone(timezone.utc) - datetime.now(timezone.utc)
    except (ValueError, OverflowError):
        return  # a record of another kind says none
    if ahead > _CLOCKS_DIFFER:
        yield f"{RECORD}: the run ended {one_line(record.timing.finished, 40)}, which is still to come by the clock of this machine; set it"


def _samples(folder: Path, manifest: Manifest, record: RunRecord, samples: dict[str, list[Sample]]) -> Iterator[str]:
    """Whether the counts and scores of the record are those of its items, which are put into ``samples``."""
    files = {path_of(folder, name).relative_to(folder).as_posix(): name for name in record.tasks}
    for file in sorted(manifest.files):
        if file != RECORD and file not in files:
            yield f"{file}: of no task of the record"
    for file, name in files.items():
        if file not in manifest.files:
            if record.tasks[name].n:
                yield f"{file}: missing"
            continue
        try:
            samples[name] = read_samples(folder, name)
        except InputError as err:
            yield one_line(str(err), 300)
            continue
        yield from _sums(name, record.tasks[name], samples[name])


def _roots(record: RunRecord, samples: dict[str, list[Sample]]) -> Iterator[str]:
    """Whether the items are those over which the record has its digests."""
    roots = roots_of(samples)
    for name in sorted({*roots.tasks, *record.item_roots}):
        if roots.tasks.get(name) != record.item_roots.get(name):
            yield f"{name}: its items are not those of the record's item_roots"
    if roots.root != record.items_root:
        yield f"{RECORD}: items_root is not that of the items"


def _sums(name: str, task: TaskResult, samples: list[Sample]) -> Iterator[str]:
    scores = [sample.score for sample in samples if sample.score is not None]
    if len({sample.id for sample in samples}) != len(samples):
        yield f"{name}: an item occurs twice"
    if task.score is None and task.reason is not None:
        return  # what could be scored of a task that as a whole cannot
    if task.n != len(scores):
        yield f"{name}: n is {task.n} in the record and {len(scores)} in the samples"
    elif scores and (task.score is None or abs(sum(scores) / len(scores) - task.score) > 1e-9):
        yield f"{name}: the score is {task.score} in the record and {sum(scores) / len(scores)} in the samples"


def _model(manifest: Manifest, record: RunRecord, model: str) -> Iterator[str]:
    recorded = manifest.model.digest if manifest.model else None
    actual = identify(resolve(model, allow_pickle=True, tokenizer=record.settings.tokenizer)).digest
    if actual != recorded:
        yield f"model {model}: digest {actual[:12]}… is not the evaluated {str(recorded)[:12]}…"
