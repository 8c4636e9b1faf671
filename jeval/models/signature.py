"""A signature that lies with a model: OpenSSF model signing (https://github.com/sigstore/model-transparency), version 1.0 of its format.

``model.sig`` in the model's folder, or ``<file>.sig`` beside a GGUF file, is a sigstore bundle: a DSSE envelope around an in-toto
statement whose predicate lists every file with its SHA-256. It is checked against the files that are scored, with a public key that the
user gives, or where it is keyless with a name and a trusted root (:mod:`jeval.models.keyless`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jeval import signing
from jeval.digests import file_digest
from jeval.errors import InputError, ModelError
from jeval.models.keyless import Signer, is_keyless, signed_payload
from jeval.models.source import ModelSource
from jeval.output import one_line
from jeval.reading import is_plain, read_json
from jeval.record.schema import Identity, ModelSignature

NAME = "model.sig"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
BUNDLE = "application/vnd.dev.sigstore.bundle."
NO_KEY = "no public key was given (--model-key)"
KEYLESS = "it is keyless, and nobody was named who should have signed (--model-signer NAME ISSUER ROOT)"


def check_signature(
    source: ModelSource, identity: Identity, key: Path | None, signer: Signer | None = None
) -> ModelSignature:
    """Check the signatures that lie with a model.

    Args:
        source: where the user has it.
        identity: of the files that are scored.
        key: the public key of who should have signed.
        signer: who should have signed without a key of their own. With neither nothing is checked, and that is said.

    Raises:
        InputError: a key or signer and no signature, or one that cannot be checked by it; the key, or the trusted root, is none.
        ModelError: another signed it, or the files are not those that were signed.
    """
    public = None if key is None else signing.public_key(key, ecdsa=True)
    read = _read_files(source, identity)
    found = {folder: file for folder in read if (file := _signature_file(source, folder)) is not None}
    if public is None and signer is None:
        if not found:
            return ModelSignature(state="none")
        keyless = any(is_keyless(read_json(file, what="model signature")) for file in found.values())
        return ModelSignature(state="not checked", why=KEYLESS if keyless else NO_KEY)
    if missing := [folder for folder in read if folder not in found]:
        given = f"--model-key {key}" if signer is None else f"--model-signer {signer.name}"
        raise InputError(
            f"{given}: no signature lies with {missing[0]}; expected {NAME} there, as `model_signing sign` writes it"
        )
    for folder, file in found.items():
        _compare(source, folder, read[folder], file, _signed_files(file, public, signer))
    files = sum(map(len, read.values()))
    if public is not None:
        return ModelSignature(state="valid", key=signing.key_id(public), files=files)
    assert signer is not None
    root = file_digest(signer.root)
    return ModelSignature(state="valid", signer=signer.name, issuer=signer.issuer, trusted_root=root, files=files)


def _read_files(source: ModelSource, identity: Identity) -> dict[Path, dict[str, str]]:
    """Folder → the files of it that are scored, with their digests."""
    if source.kind == "gguf":
        places = {"": source.path.parent, "tokenizer/": source.tokenizer}
    else:
        places = {"base/": source.base, "adapter/": source.path, "tokenizer/": source.tokenizer}
    read: dict[Path, dict[str, str]] = {}
    for name, digest in identity.files.items():
        label = next((one for one in places if one and name.startswith(one)), "")
        read.setdefault(places[label], {})[name.removeprefix(label)] = digest
    return read


def _signature_file(source: ModelSource, folder: Path) -> Path | None:
    own = f"{source.path.name}.sig" if source.kind == "gguf" and folder == source.path.parent else NAME
    for name in dict.fromkeys((own, NAME)):
        if (folder / name).exists() or (folder / name).is_symlink():
            if not is_plain(folder, name):
                raise InputError(f"{folder / name} is a link or no file; expected the signature itself")
            return folder / name
    return None


def _signed_files(file: Path, key: signing.PublicKey | None, signer: Signer | None) -> dict[str, str]:
    """Name → SHA-256 of each file that the holder of the key, or the signer, signed."""
    bundle = read_json(file, what="model signature")
    if is_keyless(bundle) and signer is None:
        raise InputError(
            f"{file} carries a certificate, no signature of a key: {KEYLESS}; give these instead of --model-key"
        )
    if not is_keyless(bundle) and signer is not None:
        raise InputError(
            f"{file} is a signature of a key, and names nobody; give the key with --model-key instead of --model-signer"
        )
    try:
        if not str(bundle.get("mediaType", "")).startswith(BUNDLE):
            raise ValueError(f"media type {str(bundle.get('mediaType'))[:80]!r}, expected {BUNDLE}v0.3+json")
        if signer is not None:
            envelope = signing.Envelope(signed_payload(file, bundle, signer), [])
        else:
            envelope = signing.envelope_of(bundle.get("dsseEnvelope"))
            _check_key(file, envelope, key)
        return _resources(signing.statement_of(envelope, PREDICATE_TYPE))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as err:
        raise InputError(
            f"{file} is no signature of OpenSSF model signing, version 1.0, over whole files with SHA-256 "
            f"({one_line(str(err), 160)}); sign the model again with `model_signing sign`"
        ) from err


def _check_key(file: Path, envelope: signing.Envelope, key: signing.PublicKey | None) -> None:
    if key is None or not any(signing.holds(envelope.payload, one.value, key) for one in envelope.signatures):
        raise ModelError(
            f"{file} is no signature of key {signing.key_id(key) if key else '(none)'}: another key made it, or it was changed; ask who "
            "gave you the model for its key"
        )


def _resources(statement: Mapping[str, Any]) -> dict[str, str]:
    predicate, whole, found = statement["predicate"], hashlib.sha256(), {}
    if (method := predicate["serialization"]["method"]) != "files":
        raise ValueError(f"method {str(method)[:40]!r}, expected 'files'")
    for one in predicate["resources"]:
        if one["algorithm"] != "sha256":
            raise ValueError(f"algorithm {str(one['algorithm'])[:40]!r}, expected 'sha256'")
        if one["name"] in found:
            raise ValueError(f"{one['name'][:80]!r} twice")
        found[str(one["name"])] = str(one["digest"])
        whole.update(bytes.fromhex(one["digest"]))
    (subject,) = statement["subject"]
    if subject["digest"]["sha256"] != whole.hexdigest():
        raise ValueError("its files are not those of its subject")
    return found


def _compare(source: ModelSource, folder: Path, read: Mapping[str, str], file: Path, signed: dict[str, str]) -> None:
    """Whether all that is read was signed so, and nothing that was signed is missing or changed."""
    if source.kind == "gguf" and folder == source.path.parent:
        own = signed.get(".", signed.get(source.path.name))  # "." where the file alone was signed
        signed = {} if own is None else {source.path.name: own}
    there = {**{name: _digest(folder, name) for name in signed if name not in read}, **read}
    for name in sorted({*there, *signed}):
        if there.get(name) != signed.get(name):
            what = "is not covered by it" if name not in signed else "is missing" if not there[name] else "was changed"
            raise ModelError(
                f"the model is not what was signed: {one_line(name, 100)} {what} ({file}); take the model from its source "
                "again, or have it signed anew"
            )


def _digest(folder: Path, name: str) -> str:
    """Digest of a file that is signed and not read; "" where it is not there."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or not (folder / path).is_file():
        return ""
    return file_digest(folder / path)
