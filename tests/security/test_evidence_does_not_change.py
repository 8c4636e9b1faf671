"""Hostile: whoever holds a run folder after it was signed. Attack: change anything in it, hash all anew, and have it pass."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jeval.audit.run import RunOptions, run
from jeval.audit.verify import check_run
from jeval.digests import file_digest
from jeval.errors import InputError
from jeval.record.manifest import SIGNATURE
from jeval.record.merkle import Step, canonical, climbed, path, root, roots_of
from jeval.record.samples import read_samples, write_samples
from jeval.record.store import read_record
from jeval.signing import PASSWORD, asked_password, key_id, new_key, private_key, public_key
from jeval.writing import write_json

Cli = Callable[..., Any]
TASKS = ["jeval_keigo_pairs", "jeval_leak_context"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("maker", "approver", "stranger"):
        new_key(folder / name, None)
    return folder


@pytest.fixture(scope="module")
def finished(tiny_model: Path, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    run(tiny_model, RunOptions(out=folder, limit=3, device="cpu", tasks=TASKS, sign=keys / "maker"), silent=True)
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def problems(folder: Path, keys: Path, *names: str) -> list[str]:
    return check_run(folder, keys=[public_key(keys / f"{name}.pub") for name in names or ("maker",)]).problems


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text())
    change(content)
    write_json(path, content)


def hash_anew(folder: Path) -> None:
    files = {p.relative_to(folder).as_posix(): file_digest(p) for p in folder.rglob("*") if p.is_file()}
    edit(
        folder / "manifest.json",
        lambda manifest: manifest["files"].update({name: files[name] for name in manifest["files"] if name in files}),
    )


# What holds


def test_a_signed_run_is_unchanged_since_the_key_signed_it_wherever_it_lies(cli: Cli, folder: Path, keys: Path) -> None:
    said = cli("verify", folder, "--verify-key", keys / "maker.pub")
    name = key_id(public_key(keys / "maker.pub"))
    assert said.code == 0
    assert f"unchanged since signed by key {name}" in said.out
    found = cli("verify", folder, "--verify-key", keys / "maker.pub", "--json").json
    assert (found["verified"], found["unchanged_since"], found["signed_by"]) == (True, [name], [name])


def test_without_the_key_a_signed_run_is_internally_consistent_no_more(cli: Cli, folder: Path) -> None:
    said = cli("verify", folder)
    assert said.code == 0
    assert "internally consistent" in said.out
    assert "unchanged" not in said.out


def test_others_tools_can_read_the_signature(finished: Path, keys: Path) -> None:
    """By the letter of DSSE and in-toto, with none of jeval's code."""
    import base64

    envelope = json.loads((finished / SIGNATURE).read_text())
    payload = base64.b64decode(envelope["payload"])
    kind = b"application/vnd.in-toto+json"
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    key = form.load_pem_public_key((keys / "maker.pub").read_bytes())
    assert isinstance(key, ed25519.Ed25519PublicKey)
    key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    assert set(subjects) == {"manifest.json", "run.json", "model", *(f"samples/{task}.parquet" for task in TASKS)}
    for name in set(subjects) - {"model"}:
        assert subjects[name] == file_digest(finished / name)
    assert subjects["model"] == json.loads((finished / "run.json").read_text())["model"]["identity"]["digest"]


def test_a_second_person_signs_beside_the_first(cli: Cli, folder: Path, keys: Path) -> None:
    assert cli("verify", folder, "--sign", keys / "approver").code == 0
    assert problems(folder, keys, "maker", "approver") == []
    assert len(json.loads((folder / SIGNATURE).read_text())["signatures"]) == 2
    assert cli("verify", folder, "--sign", keys / "approver").code == 0  # once is enough
    assert len(json.loads((folder / SIGNATURE).read_text())["signatures"]) == 2
    both = (folder / SIGNATURE).read_text()
    edit_envelope(folder, lambda envelope: envelope["signatures"].pop())
    assert problems(folder, keys, "maker") == []
    assert "not signed by key" in problems(folder, keys, "maker", "approver")[0]
    for number in (0, 1):  # every byte of everybody's signature counts, whoever's key is given
        (folder / SIGNATURE).write_text(both)
        edit_envelope(folder, flipped(number))
        assert problems(folder, keys, "maker")


def edit_envelope(folder: Path, change: Callable[[Any], Any]) -> None:
    envelope = json.loads((folder / SIGNATURE).read_text())
    change(envelope)
    (folder / SIGNATURE).write_text(json.dumps(envelope, indent=1) + "\n")


def flipped(number: int) -> Callable[[Any], None]:
    def change(envelope: Any) -> None:
        signature = envelope["signatures"][number]
        signature["sig"] = ("B" if signature["sig"][0] == "A" else "A") + signature["sig"][1:]

    return change


def test_a_report_rendered_again_verifies_in_either_language(cli: Cli, folder: Path, keys: Path) -> None:
    for lang in ("en", "ja"):
        assert cli("report", folder, "--lang", lang).code == 0
        assert problems(folder, keys) == []
    (folder / "report.html").unlink()
    (folder / "report.json").unlink()
    assert problems(folder, keys) == []


def test_a_run_that_is_done_again_loses_the_signature_of_the_former(tiny_model: Path, keys: Path, folder: Path) -> None:
    run(tiny_model, RunOptions(out=folder, limit=3, device="cpu", tasks=TASKS), silent=True)
    assert not (folder / SIGNATURE).exists()
    assert check_run(folder).problems == []


# What is found


def test_one_changed_byte_in_any_file_is_found(folder: Path, keys: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 5 + len(TASKS)
    for file in files:
        whole = file.read_bytes()
        for place in (0, len(whole) // 2, len(whole) - 1):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert said(folder, keys), f"{file.name}, byte {place}"
        for other in (whole[:-1], whole + b"\n", b"", whole.replace(b"\n", b"\r\n", 1)):
            if other == whole:  # no line ends in it
                continue
            file.write_bytes(other)
            assert said(folder, keys), f"{file.name}, {len(other)} bytes"
        file.write_bytes(whole)
    assert said(folder, keys) == []


def said(folder: Path, keys: Path) -> list[str]:
    """Problems, errors counted as such."""
    from jeval.errors import EvidenceError

    try:
        return problems(folder, keys)
    except (EvidenceError, InputError) as err:
        return [str(err)]


def remove_item(folder: Path) -> None:
    write_samples(folder, TASKS[0], read_samples(folder, TASKS[0])[1:])


def add_item(folder: Path) -> None:
    samples = read_samples(folder, TASKS[0])
    write_samples(folder, TASKS[0], [*samples, samples[0].model_copy(update={"id": "added"})])


def swap_items(folder: Path) -> None:
    write_samples(folder, TASKS[0], read_samples(folder, TASKS[0])[::-1])


def better_score(folder: Path) -> None:
    samples = read_samples(folder, TASKS[0])
    write_samples(folder, TASKS[0], [one.model_copy(update={"score": 1.0}) for one in samples])


def other_date(folder: Path) -> None:
    edit(folder / "run.json", lambda record: record["timing"].update(finished="2020-01-01T00:00:00+00:00"))


def only_hashed(folder: Path) -> None:
    edit(folder / "manifest.json", lambda manifest: manifest["packages"].update(torch="0"))
    edit(folder / "run.json", lambda record: record["packages"].update(torch="0"))


def new_roots(folder: Path) -> None:
    better_score(folder)
    found = roots_of({task: read_samples(folder, task) for task in TASKS})
    edit(folder / "run.json", lambda record: record.update(items_root=found.root, item_roots=found.tasks))
    edit(folder / "run.json", lambda record: record["tasks"][TASKS[0]].update(score=1.0, interval=[1.0, 1.0]))


def no_roots(folder: Path) -> None:
    edit(folder / "run.json", lambda record: record.update(items_root=None, item_roots={}))


@pytest.mark.parametrize(
    "attack",
    [remove_item, add_item, swap_items, better_score, other_date, only_hashed, new_roots, no_roots],
    ids=lambda attack: attack.__name__,
)
def test_a_rewritten_folder_with_all_digests_computed_anew_is_found(
    folder: Path, keys: Path, attack: Callable[[Path], None]
) -> None:
    attack(folder)
    hash_anew(folder)
    assert any(SIGNATURE in problem for problem in problems(folder, keys))
    (folder / SIGNATURE).unlink()
    assert any("missing; the run is not signed by key" in problem for problem in problems(folder, keys))


def test_a_forger_who_signs_with_another_key_is_not_the_signer(cli: Cli, folder: Path, keys: Path) -> None:
    other_date(folder)
    hash_anew(folder)
    (folder / SIGNATURE).unlink()
    assert cli("verify", folder, "--sign", keys / "stranger").code == 0
    told = cli("verify", folder, "--verify-key", keys / "maker.pub")
    assert told.code == 4
    assert "not signed by key" in told.out


@pytest.mark.parametrize("attack", [remove_item, add_item, swap_items])
def test_without_a_signature_items_are_those_of_the_record(folder: Path, attack: Callable[[Path], None]) -> None:
    (folder / SIGNATURE).unlink()
    attack(folder)
    hash_anew(folder)
    assert any("items_root" in problem for problem in check_run(folder).problems)


@pytest.mark.parametrize("version", ["", "9.9"])
def test_a_swapped_report_is_found_though_its_digest_was_written_anew(folder: Path, keys: Path, version: str) -> None:
    report = folder / "report.html"
    report.write_text(report.read_text().replace("<body", '<body class="better"', 1))
    edit(folder / "report.json", lambda made: made.update(report=file_digest(report)))
    if version:
        edit(folder / "report.json", lambda made: made.update(jeval_version=version))
    assert check_run(folder).problems == []  # that is what a key is for
    (found,) = problems(folder, keys)
    assert found.startswith("report.html: not ")
    assert "jeval report" in found


def test_a_file_that_was_added_is_found(folder: Path, keys: Path) -> None:
    for name in ("samples/more.parquet", "note.txt", ".lock"):
        (folder / name).write_text("")
        assert said(folder, keys), name
        assert check_run(folder).problems, name
        (folder / name).unlink()
    for name in ("empty", "samples/empty"):
        (folder / name).mkdir()
        assert check_run(folder).problems == [f"{name}/: not part of the run"]
        (folder / name).rmdir()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_written_into_the_folder_is_found(data: st.DataObject, finished: Path, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> None:  # fmt: skip
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("any") / "run"))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file = data.draw(st.sampled_from(files))
    whole = file.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=40))
    changed = whole[:start] + put + whole[start + cut :]
    file.write_bytes(changed)
    if data.draw(st.booleans()) and file.name not in {"manifest.json", SIGNATURE}:
        hash_anew(folder)
    assert bool(said(folder, keys)) is (changed != whole)


# Bad keys


def pem(key: Any, path: Path, password: bytes | None = None) -> Path:
    lock = form.BestAvailableEncryption(password) if password else form.NoEncryption()
    path.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock))
    return path


def public_pem(key: Any, path: Path) -> Path:
    path.write_bytes(key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo))
    return path


def test_a_wrong_key_is_one_clear_line(cli: Cli, folder: Path, keys: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    locked = pem(ed25519.Ed25519PrivateKey.generate(), tmp_path / "locked", b"right")
    (tmp_path / "text").write_text("key")
    (tmp_path / "damaged").write_text((keys / "maker").read_text().replace("\n", "\nA", 1))
    cases = [
        ("--sign", pem(weak, tmp_path / "rsa"), "private key for RSA; expected Ed25519"),
        ("--sign", pem(curve, tmp_path / "curve"), "private key for ECDSA on secp256r1; expected Ed25519"),
        ("--sign", keys / "maker.pub", "is a public key; expected a private key"),
        ("--sign", locked, f"set {PASSWORD}"),
        ("--sign", tmp_path / "text", "is not PEM"),
        ("--sign", tmp_path / "damaged", "damaged private key"),
        ("--sign", tmp_path / "nowhere", "cannot be read"),
        ("--verify-key", keys / "maker", "is a private key; expected a public key"),
        ("--verify-key", public_pem(weak, tmp_path / "rsa.pub"), "public key for RSA; expected Ed25519"),
        ("--verify-key", public_pem(curve, tmp_path / "curve.pub"), "expected Ed25519"),
    ]
    for flag, key, what in cases:
        told = cli("verify", folder, flag, key)
        assert told.code == 2, told.err
        assert what in told.err
        assert str(key) in told.err
        assert len(told.err.splitlines()) == 1
    monkeypatch.setenv(PASSWORD, "wrong")
    told = cli("verify", folder, "--sign", locked)
    assert (told.code, len(told.err.splitlines())) == (2, 1)
    assert "wrong password" in told.err


def test_a_new_key_is_private_protected_on_request_and_replaces_none(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "正しい 鍵")
    made = cli("verify", "--new-key", tmp_path / "key", "--password", "--json").json
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert "ENCRYPTED PRIVATE KEY" in (tmp_path / "key").read_text()
    assert made["id"] == key_id(public_key(tmp_path / "key.pub")) == key_id(private_key(tmp_path / "key").public_key())
    again = cli("verify", "--new-key", tmp_path / "key")
    assert again.code == 2
    assert "never replaced" in again.err
    monkeypatch.setenv(PASSWORD, "")
    assert "password is empty" in cli("verify", "--new-key", tmp_path / "other", "--password").err
    assert not (tmp_path / "other").exists()


def test_a_password_is_asked_for_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import getpass
    import io
    import sys

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    typed = iter(["one", "other", "same", "same", "same"])
    monkeypatch.delenv(PASSWORD, raising=False)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    with pytest.raises(InputError, match="the two passwords differ"):
        asked_password(tmp_path / "key", again=True)
    new_key(tmp_path / "key", asked_password(tmp_path / "key", again=True))
    assert key_id(private_key(tmp_path / "key").public_key()) == key_id(public_key(tmp_path / "key.pub"))


HOSTILE = ["", "{", "null", "[]", '{"signatures": 3}', "[" * 100_000, "1" * 5000, "\x00", '{"payloadType": "application/vnd.in-toto+json", "payload": "AA=", "signatures": [{"sig": "é"}]}']  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_signature_or_proof_of_any_form_ends_in_a_line(
    cli: Cli, folder: Path, keys: Path, tmp_path: Path, content: str
) -> None:
    (folder / SIGNATURE).write_text(content)
    for more in ((), ("--verify-key", keys / "maker.pub")):
        told = cli("verify", folder, *more)
        assert told.code == 4
        assert SIGNATURE in told.out
    (tmp_path / "proof").write_text(content)
    told = cli("verify", "--proof", tmp_path / "proof")
    assert told.code == 2
    assert len(told.err.splitlines()) == 1


def test_a_folder_that_does_not_verify_is_not_signed(cli: Cli, folder: Path, keys: Path) -> None:
    before = (folder / SIGNATURE).read_bytes()
    other_date(folder)
    told = cli("verify", folder, "--sign", keys / "approver")
    assert told.code == 4
    assert "nothing was signed" in told.err
    assert (folder / SIGNATURE).read_bytes() == before


def test_a_wrong_key_costs_no_run(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    told = cli("run", "--model", tiny_model, "--out", tmp_path / "run", "--sign", tmp_path / "nowhere")
    assert told.code == 2
    assert not (tmp_path / "run").exists()


# One item


def test_one_item_is_shown_to_be_part_of_the_run_without_it(cli: Cli, folder: Path, keys: Path, tmp_path: Path) -> None:
    for sample in read_samples(folder, TASKS[1]):
        made = cli("verify", folder, "--single", f"{TASKS[1]}/{sample.id}")
        assert made.code == 0, made.err
        file = tmp_path / "proof.json"
        file.write_text(made.out)
        told = cli("verify", "--proof", file, "--verify-key", keys / "maker.pub", "--json")
        assert told.code == 0, told.err
        assert told.json["items_root"] == read_record(folder).items_root
        assert told.json["contents"]["score"] == sample.score
        assert json.loads(told.json["contents"]["outputs"]) == sample.outputs
        assert cli("verify", "--proof", file, "--verify-key", keys / "stranger.pub").code == 4


def test_a_proof_that_was_changed_does_not_hold(cli: Cli, folder: Path, keys: Path, tmp_path: Path) -> None:
    item = read_samples(folder, TASKS[0])[0].id
    proof = cli("verify", folder, "--single", f"{TASKS[0]}/{item}").json

    def replace(name: str, value: Any) -> Any:
        return {**proof, name: value}

    attacks = {
        "score": replace("leaf", proof["leaf"].replace('"score":', '"score":1')),
        "item": replace("item", "another"),
        "task": replace("task", TASKS[1]),
        "step": replace("steps", [[side, digest[::-1]] for side, digest in proof["steps"]]),
        "side": replace("steps", [["left" if side == "right" else "right", d] for side, d in proof["steps"]]),
        "fewer": replace("steps", proof["steps"][:-1]),
        "task leaf": replace("task_leaf", proof["task_leaf"].replace('"n":3', '"n":4')),
        "root": replace("items_root", "0" * 64),
        "unsigned": replace("envelope", None),
        "no hex": replace("steps", [["left", "zz"]]),
    }
    forged = json.loads(proof["leaf"]) | {"score": 1.0}
    leaf = canonical(forged).decode()
    of_task = canonical({"task": TASKS[0], "n": 1, "root": root([leaf.encode()])}).decode()
    attacks["whole"] = {**proof, "leaf": leaf, "steps": [], "task_leaf": of_task, "task_steps": [], "items_root": root([of_task.encode()])}  # fmt: skip
    for name, attack in attacks.items():
        (tmp_path / "proof.json").write_text(json.dumps(attack))
        told = cli("verify", "--proof", tmp_path / "proof.json", "--verify-key", keys / "maker.pub")
        assert told.code == 4, name
        assert len(told.err.splitlines()) == 1


def test_an_item_that_is_not_there_has_no_proof(cli: Cli, folder: Path) -> None:
    for single, hint in ((f"{TASKS[0]}/none", "no such item"), ("jeval_keigo_pair/1", TASKS[0]), ("x", "TASK/ITEM")):
        told = cli("verify", folder, "--single", single)
        assert told.code == 2
        assert hint in told.err


@given(st.integers(1, 40), st.data())
def test_every_leaf_of_a_tree_leads_to_its_root_and_to_no_other(count: int, data: st.DataObject) -> None:
    leaves = [b"%d" % number for number in range(count)]
    place = data.draw(st.integers(0, count - 1))
    steps = path(leaves, place)
    assert climbed(leaves[place], steps) == root(leaves) == reference(leaves).hex()
    assert climbed(b"x", steps) != root(leaves)
    assert root([*leaves, leaves[-1]]) != root(leaves)
    if steps:
        with pytest.raises(ValueError, match="no step"):
            climbed(leaves[place], [Step("up", steps[0].digest)])


def reference(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, by its letter."""
    import hashlib

    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + reference(leaves[:split]) + reference(leaves[split:])).digest()


# Again on the model


def test_items_run_again_give_what_is_stored(cli: Cli, folder: Path, tiny_model: Path) -> None:
    told = cli("verify", folder, "--weights", tiny_model, "--replay", "4", "--json")
    assert told.code == 0, told.out
    notes = "\n".join(told.json["notes"])
    assert "replayed on the model: 4 items" in notes
    assert "as recorded" in notes


def test_an_invented_output_is_found_by_running_again(cli: Cli, folder: Path, tiny_model: Path) -> None:
    """Whoever makes the whole folder makes all of it agree; only the model itself disagrees."""
    (folder / SIGNATURE).unlink()
    (folder / "report.html").unlink()
    (folder / "report.json").unlink()
    task = TASKS[0]
    samples = read_samples(folder, task)
    invented = []
    for sample in samples:
        outputs = [[2 * value, greedy] for value, greedy in sample.outputs]  # in the same order, by character too
        update = {"outputs": outputs, "loglikelihoods": [value for value, _ in outputs]}
        invented.append(sample.model_copy(update=update))
    write_samples(folder, task, invented)
    roots = roots_of({name: read_samples(folder, name) for name in TASKS})
    edit(folder / "run.json", lambda record: record.update(items_root=roots.root, item_roots=roots.tasks))
    hash_anew(folder)
    assert check_run(folder).problems == []
    told = cli("verify", folder, "--model", tiny_model, "--replay", "6", "--seed", "1")
    assert told.code == 4
    assert f"{task} {samples[0].id}: the model answers" in told.out


def test_what_cannot_be_run_again_is_said(cli: Cli, folder: Path, tiny_model: Path, model_copy: Path) -> None:
    assert "--replay needs the model" in cli("verify", folder, "--replay", "1").err
    assert "at least 1" in cli("verify", folder, "--model", tiny_model, "--replay", "0").err
    config = model_copy / "generation_config.json"
    config.write_text('{"temperature": 0.5}')
    told = cli("verify", folder, "--model", model_copy, "--replay", "1")
    assert told.code == 4
    assert "is not the evaluated" in told.out


# Bill of materials


def test_the_bill_of_materials_names_model_packages_and_data(cli: Cli, folder: Path, tmp_path: Path) -> None:
    assert cli("verify", folder, "--bom", tmp_path / "bom.json").code == 0
    found, record = json.loads((tmp_path / "bom.json").read_text()), read_record(folder)
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    strict = JsonStrictValidator(SchemaVersion.V1_6)  # the schema that CycloneDX publishes
    assert strict.validate_str((tmp_path / "bom.json").read_text()) is None
    assert strict.validate_str(json.dumps({**found, "specVersion": 1.6})) is not None
    assert datetime.fromisoformat(found["metadata"]["timestamp"]).tzinfo  # the one field whose format the schema names
    model = found["metadata"]["component"]
    assert record.model.identity is not None
    assert model["type"] == "machine-learning-model"
    assert model["hashes"] == [{"alg": "SHA-256", "content": record.model.identity.digest}]
    assert {one["name"]: one["hashes"][0]["content"] for one in model["components"]} == record.model.identity.files
    assert model["modelCard"]["quantitativeAnalysis"] == {"performanceMetrics": []}  # a part of a domain has no score
    packages = {one["name"]: one["version"] for one in found["components"] if one["type"] == "library"}
    assert packages["torch"] == record.packages["torch"]
    assert {one["name"] for one in found["components"] if one["type"] == "data"} >= {"tasks", "data"}
    refs = [one["bom-ref"] for one in references(found)]
    assert len(refs) == len(set(refs))
    for one in found["dependencies"]:
        assert {one["ref"], *one.get("dependsOn", [])} <= set(refs)


def references(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if "bom-ref" in value:
            yield value
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)
