"""One item shown to be part of a run, without the run: its leaf, the path from there to the root, and the envelope that signs the root.

A proof is a JSON object. ``leaf`` is the text that is hashed, so that nobody needs to know how it is written; ``steps`` lead from it to
``task_leaf``, whose text holds the task's root, and ``task_steps`` from there to ``items_root`` (:mod:`jeval.record.merkle`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from jeval import signing
from jeval.audit.seal import PREDICATE_TYPE, read_envelope
from jeval.errors import EvidenceError, InputError
from jeval.output import one_line
from jeval.reading import read_json
from jeval.record.merkle import Step, climbed, leaf, path, roots_of, task_leaf
from jeval.record.samples import read_samples
from jeval.record.schema import RunRecord, Written
from jeval.suggest import near


class Proof(Written):
    """A proof as it is written; ``envelope``: of the signed run, ``None`` where it is not signed."""

    format: Literal["jeval-item-proof/1"] = "jeval-item-proof/1"
    task: str
    item: str
    leaf: str
    steps: list[Step]
    task_leaf: str
    task_steps: list[Step]
    items_root: str
    envelope: dict[str, Any] | None


@dataclass(frozen=True)
class Shown:
    """What a proof shows: ``item`` of ``task`` with these contents, below ``items_root``; ``signed_by`` the keys that were given."""

    task: str
    item: str
    contents: dict[str, Any]
    items_root: str
    signed_by: list[str]


def prove(folder: Path, record: RunRecord, single: str) -> Proof:
    """The proof of one item.

    Args:
        folder: a run that agrees with itself.
        single: ``TASK/ITEM``.

    Raises:
        InputError: no such task or item; a record without roots.
    """
    if record.items_root is None:
        raise InputError(f"{folder} is of an earlier version, whose record has no items_root; run the evaluation again")
    task, slash, item = single.partition("/")
    known = sorted(record.item_roots)
    if not slash or task not in known:
        raise InputError(f"--single {single!r}: expected TASK/ITEM of a task of this run; {near(task, known)}")
    samples = {name: read_samples(folder, name) for name in known}
    ids = [sample.id for sample in samples[task]]
    if item not in ids:
        raise InputError(f"--single {single!r}: {task} has no such item; {near(item, ids)}")
    roots, place = roots_of(samples), ids.index(item)
    leaves = [leaf(task, sample) for sample in samples[task]]
    tasks = [task_leaf(name, roots.counts[name], roots.tasks[name]) for name in known]
    envelope = read_envelope(folder)
    return Proof(
        task=task,
        item=item,
        leaf=leaves[place].decode(),
        steps=path(leaves, place),
        task_leaf=tasks[known.index(task)].decode(),
        task_steps=path(tasks, known.index(task)),
        items_root=roots.root,
        envelope=signing.envelope_value(envelope) if envelope else None,
    )


def check_proof(file: Path, keys: Sequence[signing.PublicKey]) -> Shown:
    """What a proof shows.

    Args:
        keys: public keys that must have signed the root; none: the root is to be compared with that of the report.

    Raises:
        InputError: the file is no proof.
        EvidenceError: it does not hold, or a key did not sign.
    """
    try:
        proof = Proof.model_validate(read_json(file, what="proof"))
        said, of_task = json.loads(proof.leaf), json.loads(proof.task_leaf)
        root = climbed(proof.leaf.encode(), proof.steps)
        whole = climbed(proof.task_leaf.encode(), proof.task_steps)
        found = (said["task"], said["id"], of_task["task"], of_task["root"])
    except ValidationError as err:
        first = err.errors()[0]
        what = one_line(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", 160)
        raise InputError(f"{file} is no proof of an item ({what}); make one with: jeval verify RUN --single") from err
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise EvidenceError(f"{file} does not hold: {one_line(str(err), 160)}") from err
    if found != (proof.task, proof.item, proof.task, root):
        raise EvidenceError(f"{file} does not hold: its steps do not lead from the item to the root of its task")
    if whole != proof.items_root:
        raise EvidenceError(
            f"{file} does not hold: its steps do not lead to items_root {one_line(proof.items_root, 64)}"
        )
    names = [_signed(file, proof, key) for key in keys]
    return Shown(proof.task, proof.item, said, proof.items_root, names)


def _signed(file: Path, proof: Proof, key: signing.PublicKey) -> str:
    name = signing.key_id(key)
    if proof.envelope is None:
        raise EvidenceError(f"{file} is of a run that was not signed; key {name} says nothing of it")
    try:
        envelope = signing.envelope_of(proof.envelope)
        if not any(signing.holds(envelope.payload, one.value, key) for one in envelope.signatures):
            raise EvidenceError(f"{file} is not signed by key {name}")
        signed_root = signing.statement_of(envelope, PREDICATE_TYPE)["predicate"]["items_root"]
    except (ValueError, KeyError, TypeError) as err:
        raise EvidenceError(f"{file}: its envelope is damaged ({one_line(str(err), 160)})") from err
    if signed_root != proof.items_root:
        raise EvidenceError(f"{file} does not hold: key {name} signed another items_root")
    return name
