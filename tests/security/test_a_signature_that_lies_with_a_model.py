"""Hostile: whoever stands between the maker of a model and the bank. Attack: another model under a signature, or a signature that
covers less than what runs.

The signatures are made here as OpenSSF model signing 1.0 has them, by code that shares nothing with jeval's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jeval.audit.run import RunOptions, run
from jeval.errors import InputError, JevalError, ModelError
from jeval.models.identity import identify
from jeval.models.keyless import Signer
from jeval.models.signature import KEYLESS, NO_KEY, check_signature
from jeval.models.source import ModelSource, resolve
from jeval.record.schema import Identity
from jeval.record.store import read_record
from jeval.signing import key_id, public_key

Cli = Callable[..., Any]
HASHES = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}
KINDS: dict[str, Callable[[], Any]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


def bundle(key: Any, statement: Any) -> dict[str, Any]:
    kind, payload = b"application/vnd.in-toto+json", json.dumps(statement, indent=2).encode()
    signed = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])
    sig = key.sign(signed, ec.ECDSA(HASHES[key.curve.name])) if hasattr(key, "curve") else key.sign(signed)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": hashlib.sha256(pem).hexdigest()}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": kind.decode(),
            "signatures": [{"sig": base64.b64encode(sig).decode(), "keyid": ""}],
        },
    }


def statement(folder: Path, files: list[Path], **update: Any) -> dict[str, Any]:
    digests = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    resources = [{"name": name, "algorithm": "sha256", "digest": digests[name]} for name in sorted(digests)]
    whole = hashlib.sha256(b"".join(bytes.fromhex(one["digest"]) for one in resources)).hexdigest()
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": folder.name, "digest": {"sha256": whole}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [".git"],
            },
            "resources": resources,
        },
        **update,
    }


def files_of(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "model.sig"]


def sign(folder: Path, key: Any, files: list[Path] | None = None, **update: Any) -> Path:
    (folder / "README.md").write_text("a model")
    made = bundle(key, statement(folder, files or files_of(folder), **update))
    (folder / "model.sig").write_text(json.dumps(made))
    return public(key, folder.parent / "key.pub")


def public(key: Any, path: Path) -> Path:
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def checked(model: Path, key: Path | None) -> Any:
    source = resolve(model)
    return check_signature(source, identify(source), key)


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_model_is_recorded_with_who_signed_it(kind: str, model_copy: Path) -> None:
    key = sign(model_copy, KINDS[kind]())
    found = checked(model_copy, key)
    assert found.state == "valid"
    assert found.key == key_id(public_key(key, ecdsa=True))
    assert found.files == len(identify(resolve(model_copy)).files)


def test_the_record_says_what_was_found(cli: Cli, model_copy: Path, tmp_path: Path) -> None:
    key = sign(model_copy, KINDS["P-256"]())
    common = ("--model", model_copy, "--device", "cpu", "--tasks", "jeval_keigo_pairs", "--limit", "2")
    for name, more, state in (("with", ("--model-key", key), "valid"), ("without", (), "not checked")):
        assert cli("run", *common, "--out", tmp_path / name, *more).code == 0
        signature = read_record(tmp_path / name).model.signature
        assert signature is not None
        assert signature.state == state
    (model_copy / "config.json").write_text((model_copy / "config.json").read_text() + "\n")
    told = cli("run", *common, "--out", tmp_path / "changed", "--model-key", key)
    assert told.code == 3
    assert "config.json was changed" in told.err
    assert len(told.err.splitlines()) == 1
    assert not (tmp_path / "changed").exists()


def test_without_a_key_nothing_is_claimed(model_copy: Path) -> None:
    assert checked(model_copy, None).state == "none"
    sign(model_copy, KINDS["P-256"]())
    assert (checked(model_copy, None).state, checked(model_copy, None).why) == ("not checked", NO_KEY)


def test_a_keyless_signature_is_not_checked_and_says_so(model_copy: Path) -> None:
    key = sign(model_copy, KINDS["P-256"]())
    content = json.loads((model_copy / "model.sig").read_text())
    content["verificationMaterial"] = {"certificate": {"rawBytes": "MII="}, "tlogEntries": [{}]}
    (model_copy / "model.sig").write_text(json.dumps(content))
    assert (checked(model_copy, None).state, checked(model_copy, None).why) == ("not checked", KEYLESS)
    with pytest.raises(InputError, match="--model-signer"):
        checked(model_copy, key)


KEYLESS_MODEL = Path(__file__).parent / "keyless"  # signed by a maintainer of the project; see its about.md
ROOT = KEYLESS_MODEL / "trusted_root.json"
SIGNER = Signer("stefanb@us.ibm.com", "https://sigstore.verify.ibm.com/oauth2", ROOT)


def by(signer: Signer, folder: Path = KEYLESS_MODEL) -> Any:
    files = {
        f"base/{name}": hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("signme-1", "signme-2")
    }
    digests = dict.fromkeys(("digest", "weights", "config", "tokenizer", "chat_template"), "0" * 64)
    identity = Identity.model_validate({**digests, "files": files})
    return check_signature(ModelSource("hf", folder, folder, folder), identity, None, signer)


@pytest.fixture
def keyless(tmp_path: Path) -> Path:
    pytest.importorskip("sigstore")
    return Path(shutil.copytree(KEYLESS_MODEL, tmp_path / "keyless"))


def test_a_keyless_signature_is_checked_by_a_name_and_a_trusted_root_without_a_network(
    keyless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", lambda *a, **k: pytest.fail("it asks the network"))
    found = by(SIGNER, keyless)
    assert (found.state, found.signer, found.issuer, found.files, found.key) == ("valid", *SIGNER[:2], 2, None)
    assert found.trusted_root == hashlib.sha256(ROOT.read_bytes()).hexdigest()


@pytest.mark.parametrize("part", ["name", "issuer", "root", "payload", "certificate", "log", "time"])
def test_a_keyless_signature_of_another_is_refused(keyless: Path, part: str, tmp_path: Path) -> None:
    signer, content = SIGNER, json.loads((keyless / "model.sig").read_text())
    envelope, material = content["dsseEnvelope"], content["verificationMaterial"]
    entry = material["tlogEntries"][0]
    if part in {"name", "issuer"}:
        signer = SIGNER._replace(**{part: getattr(SIGNER, part).replace("ibm", "1bm")})
    elif part == "root":  # of a certificate authority that is not Sigstore's
        root = json.loads(ROOT.read_text())
        root["certificateAuthorities"] = root["certificateAuthorities"][:1]
        signer = SIGNER._replace(root=tmp_path / "root.json")
        signer.root.write_text(json.dumps(root))
    elif part == "payload":
        said = base64.b64decode(envelope["payload"])
        envelope["payload"] = base64.b64encode(said.replace(b"signme-2", b"signme-3")).decode()
    elif part == "certificate":
        raw = bytearray(base64.b64decode(material["certificate"]["rawBytes"]))
        raw[-1] ^= 1
        material["certificate"]["rawBytes"] = base64.b64encode(raw).decode()
    elif part == "log":
        entry["inclusionProof"]["rootHash"] = base64.b64encode(b"0" * 32).decode()
    else:
        entry["integratedTime"] = str(int(entry["integratedTime"]) + 86_400)
    (keyless / "model.sig").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="is no signature of") as refused:
        by(signer, keyless)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("part", ["certificateAuthorities", "tlogs"])
def test_a_key_that_was_given_up_before_signs_nothing(keyless: Path, part: str, tmp_path: Path) -> None:
    root = json.loads(ROOT.read_text())
    for one in root[part]:  # the signature is of 2025-10-10
        one.get("publicKey", one)["validFor"] = {"start": "2021-01-01T00:00:00Z", "end": "2025-10-09T00:00:00Z"}
    (tmp_path / "root.json").write_text(json.dumps(root))
    with pytest.raises(ModelError, match=f"{part} was in use on 2025-10-10"):
        by(SIGNER._replace(root=tmp_path / "root.json"), keyless)


@pytest.mark.parametrize("signer", [SIGNER._replace(name=" "), SIGNER._replace(issuer="")])
def test_a_signer_without_a_name_or_an_issuer_is_not_anybody(keyless: Path, signer: Signer) -> None:
    with pytest.raises(InputError, match="is empty"):
        by(signer, keyless)


def test_files_that_a_keyless_signature_does_not_cover_are_refused(keyless: Path) -> None:
    (keyless / "signme-2").write_text("other")
    with pytest.raises(ModelError, match="signme-2 was changed"):
        by(SIGNER, keyless)


def test_what_is_no_keyless_signature_or_trusted_root_is_one_line(keyless: Path, tmp_path: Path) -> None:
    for content in ("{}", '{"mediaType": "x"}', '{"certificateAuthorities": 3}', "[" * 100_000):
        (tmp_path / "root").write_text(content)
        with pytest.raises(InputError, match=r"root") as refused:
            by(SIGNER._replace(root=tmp_path / "root"), keyless)
        assert "\n" not in str(refused.value)
    content = json.loads((keyless / "model.sig").read_text())
    materials: list[Any] = [
        {"certificate": {"rawBytes": "MII="}},
        {"certificate": 3, "tlogEntries": []},
        {"x509CertificateChain": {}},
    ]
    for broken in materials:
        (keyless / "model.sig").write_text(json.dumps({**content, "verificationMaterial": broken}))
        with pytest.raises(InputError, match=r"model\.sig") as refused:
            by(SIGNER, keyless)
        assert "\n" not in str(refused.value)


def test_a_key_is_no_signer_and_a_signer_no_key(model_copy: Path) -> None:
    sign(model_copy, KINDS["P-256"]())
    source = resolve(model_copy)
    with pytest.raises(InputError, match="--model-key instead of --model-signer"):
        check_signature(source, identify(source), None, SIGNER)
    with pytest.raises(InputError, match="expected a name, its issuer and the file"):
        RunOptions(model_signer="abc").signer  # type: ignore[arg-type] # noqa: B018
    with pytest.raises(InputError, match="leave one out"):
        RunOptions(model_signer=(SIGNER.name, SIGNER.issuer, ROOT), model_key=ROOT).signer  # noqa: B018


def test_the_command_takes_who_signed_as_name_issuer_and_root(cli: Cli, model_copy: Path, tmp_path: Path) -> None:
    sign(model_copy, KINDS["P-256"]())
    told = cli("run", "--model", model_copy, "--out", tmp_path / "run", "--model-signer", *SIGNER)
    assert (told.code, len(told.err.splitlines())) == (2, 1)
    assert "model.sig is a signature of a key" in told.err


def test_without_the_library_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore.errors", None)
    with pytest.raises(InputError, match=r"jeval\[sigstore\]"):
        by(SIGNER)


# Attacks


def changed_weights(model: Path) -> None:
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (model / "model.safetensors").write_bytes(bytes(weights))


def changed_readme(model: Path) -> None:
    (model / "README.md").write_text("another model")


def removed(model: Path) -> None:
    (model / "README.md").unlink()


def added(model: Path) -> None:
    (model / "chat_template.jinja").write_text("{{ 'x' }}")


def other_signature(model: Path) -> None:
    kept = (model.parent / "key.pub").read_bytes()
    sign(model, KINDS["P-256"]())
    (model.parent / "key.pub").write_bytes(kept)


def edited_statement(model: Path) -> None:
    content = json.loads((model / "model.sig").read_text())
    payload = base64.b64decode(content["dsseEnvelope"]["payload"]).replace(b"README.md", b"README.MD")
    content["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    (model / "model.sig").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (changed_weights, "model.safetensors was changed"),
        (changed_readme, "README.md was changed"),
        (removed, "README.md is missing"),
        (added, "chat_template.jinja is not covered"),
        (other_signature, "no signature of key"),
        (edited_statement, "no signature of key"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_another_model_than_was_signed_is_refused(attack: Callable[[Path], None], said: str, model_copy: Path) -> None:
    key = sign(model_copy, KINDS["P-384"]())
    attack(model_copy)
    with pytest.raises(ModelError, match=said):
        checked(model_copy, key)


def test_a_signature_of_a_part_is_none_of_the_model(model_copy: Path) -> None:
    key = sign(model_copy, KINDS["P-256"](), [model_copy / "config.json"])
    with pytest.raises(ModelError, match="is not covered by it"):
        checked(model_copy, key)


def test_a_signature_that_was_taken_away_is_missed(model_copy: Path) -> None:
    key = sign(model_copy, KINDS["P-256"]())
    (model_copy / "model.sig").unlink()
    with pytest.raises(InputError, match="no signature lies with"):
        checked(model_copy, key)


def test_the_base_of_an_adapter_must_be_signed_too(model_copy: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(model_copy)
    adapted = get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    adapted.save_pretrained(str(tmp_path / "adapter"))
    secret = KINDS["P-256"]()
    key = sign(tmp_path / "adapter", secret)
    with pytest.raises(InputError, match="no signature lies with"):
        checked(tmp_path / "adapter", key)
    sign(model_copy, secret)
    assert checked(tmp_path / "adapter", key).state == "valid"
    changed_weights(model_copy)
    with pytest.raises(ModelError, match=r"model\.safetensors was changed"):
        checked(tmp_path / "adapter", key)


HOSTILE: list[tuple[str, Any]] = [
    ("not JSON", "{"),
    ("a list", []),
    ("nothing", {}),
    ("another bundle", {"mediaType": "text/plain"}),
    ("no envelope", {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}),
    ("numbers", {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": {"payload": 3}}),
]


@pytest.mark.parametrize(("name", "content"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_a_signature_that_is_none_is_one_clear_line(cli: Cli, model_copy: Path, name: str, content: Any) -> None:
    key = sign(model_copy, KINDS["P-256"]())
    (model_copy / "model.sig").write_text(content if isinstance(content, str) else json.dumps(content))
    told = cli("run", "--model", model_copy, "--model-key", key)
    assert told.code == 2
    assert "model.sig" in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(
    "update",
    [
        {"predicateType": "https://model_signing/Digests/v0.1"},
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicate": {}},
        {"predicate": []},
        {"predicate": {"serialization": {"method": "shards"}, "resources": []}},
        {"predicate": {"serialization": {"method": "files"}, "resources": [{"name": "a", "algorithm": "blake3", "digest": ""}]}},
        {"subject": []},
        {"subject": [{"name": "a", "digest": {"sha256": "0"}}]},
    ],
)  # fmt: skip
def test_a_statement_of_another_form_is_said_to_be_that(model_copy: Path, update: dict[str, Any]) -> None:
    key = sign(model_copy, KINDS["P-256"](), **update)
    with pytest.raises(InputError, match=r"no signature of OpenSSF model signing, version 1\.0"):
        checked(model_copy, key)


def test_a_gguf_file_has_its_signature_beside_it(tmp_path: Path) -> None:
    from jeval.models.source import ModelSource

    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF weights")
    source = ModelSource("gguf", file, file, file)
    secret = KINDS["P-256"]()
    key = public(secret, tmp_path / "key.pub")
    for name, resource in (("model.gguf.sig", "."), ("model.sig", "model.gguf")):
        said = statement(tmp_path, [file])
        said["predicate"]["resources"][0]["name"] = resource
        (tmp_path / name).write_text(json.dumps(bundle(secret, said)))
        assert check_signature(source, identify(source), key).state == "valid"
        file.write_bytes(b"GGUF other weights")
        with pytest.raises(ModelError, match=r"model\.gguf was changed"):
            check_signature(source, identify(source), key)
        file.write_bytes(b"GGUF weights")
        (tmp_path / name).unlink()


@pytest.mark.parametrize("kind", ["P-256", "P-384"])
def test_what_the_project_itself_signs_is_valid(kind: str, model_copy: Path, tmp_path: Path) -> None:
    model_signing = pytest.importorskip("model_signing.signing")
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    secret = KINDS[kind]()
    (tmp_path / "key").write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signer = model_signing.Config().use_elliptic_key_signer(private_key=tmp_path / "key")
    signer.sign(model_copy, model_copy / "model.sig")
    key = public(secret, tmp_path / "key.pub")
    assert checked(model_copy, key).state == "valid"
    changed_weights(model_copy)
    with pytest.raises(ModelError, match="was changed"):
        checked(model_copy, key)


def test_a_key_where_no_files_are_seen_is_refused(tmp_path: Path) -> None:
    key = public(KINDS["P-256"](), tmp_path / "key.pub")
    options = RunOptions(
        backend="local-completions", model_args={"model": "m", "base_url": "http://127.0.0.1:9"}, model_key=key
    )
    with pytest.raises(JevalError, match="not seen here"):
        run(None, options, silent=True)
