"""Signatures: keys as PEM files, and DSSE envelopes around in-toto statements, which other tools read too.

What jeval signs it signs with Ed25519; what others signed may also be checked with ECDSA on P-256, P-384 and P-521, as OpenSSF
model signing has it. An envelope (https://github.com/secure-systems-lab/dsse, v1.0) may hold several signatures, those of who made,
checked and approved (作成・確認・承認). A key is known by its id: SHA-256 (hex) of the public key in DER (SubjectPublicKeyInfo).
"""

from __future__ import annotations

import base64
import binascii
import getpass
import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jeval.errors import InputError
from jeval.output import quoted
from jeval.reading import read_text
from jeval.writing import SHARED, write_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PASSWORD = "JEVAL_KEY_PASSWORD"  # the environment variable
_CURVES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
_LARGEST = 1 << 20  # bytes of a key file, of which it has a fraction


class Signature(NamedTuple):
    """One signature of an envelope. ``public``: raw public key that comes with it, ``None`` in envelopes of others."""

    key: str
    value: bytes
    public: bytes | None


class Envelope(NamedTuple):
    """What is signed, and by whom."""

    payload: bytes
    signatures: list[Signature]


# Keys


def new_key(path: Path, password: str | None) -> tuple[Path, str]:
    """Make an Ed25519 key: ``path`` (PKCS#8 PEM, readable by its owner alone), the public key beside it as ``<path>.pub``.

    Args:
        password: protects the file; ``None`` leaves it open to whoever can read it.

    Returns:
        The file of the public key, and the key's id.

    Raises:
        InputError: one of the two files is there; a key that was used is never replaced.
    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    beside = path.with_name(f"{path.name}.pub")
    for one in (path, beside):
        if one.exists() or one.is_symlink():
            raise InputError(f"--new-key: {one} is there already; a key is never replaced, choose another name")
    key = Ed25519PrivateKey.generate()
    lock = form.BestAvailableEncryption(password.encode()) if password else form.NoEncryption()
    write_text(path, key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock).decode())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    write_text(beside, public.decode(), mode=SHARED)
    return beside, key_id(key.public_key())


def private_key(path: Path, password: Callable[[], str] | None = None) -> Ed25519PrivateKey:
    """The key of a file.

    Args:
        password: asked where the file is protected; by default :func:`asked_password`.

    Raises:
        InputError: the file cannot be read, is no private key or one of another kind; or its password is wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = _pem(path)
    if b"PRIVATE KEY" not in pem:
        raise InputError(f"{path} is {_kind(pem)}; expected a private key, as {_MAKE} writes it")
    locked = b"ENCRYPTED" in pem
    given = (password or (lambda: asked_password(path)))().encode() if locked else None
    try:
        key = load_pem_private_key(pem, given)
    except (ValueError, TypeError, UnsupportedAlgorithm) as err:
        if locked:
            raise InputError(f"{path}: wrong password, or a damaged key; give the password it was made with") from err
        raise InputError(f"{path} is a damaged private key; take it from its copy, or make one: {_MAKE}") from err
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} is a private key for {_algorithm(key)}; expected Ed25519, as {_MAKE} makes it")
    return key


def public_key(path: Path, *, ecdsa: bool = False) -> PublicKey:
    """The public key of a file.

    Args:
        ecdsa: one for ECDSA on P-256, P-384 or P-521 will do too.

    Raises:
        InputError: the file cannot be read, is no public key or one of another kind.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    pem = _pem(path)
    if b"BEGIN PUBLIC KEY" not in pem:
        also = "; keep it to yourself and give the .pub beside it" if b"PRIVATE KEY" in pem else ""
        raise InputError(f"{path} is {_kind(pem)}; expected a public key (PEM, BEGIN PUBLIC KEY){also}")
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as err:
        raise InputError(f"{path} is a damaged public key; ask its holder for it again") from err
    if isinstance(key, Ed25519PublicKey):
        return key
    if ecdsa and isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    wanted = "Ed25519, or ECDSA on P-256, P-384 or P-521" if ecdsa else "Ed25519"
    raise InputError(f"{path} is a public key for {_algorithm(key)}; expected {wanted}")


def key_id(key: PublicKey) -> str:
    """What a key is called by."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def asked_password(path: Path, *, again: bool = False) -> str:
    """The password of a key file: from the environment, or asked for on a terminal, twice where a key is made (``again``).

    Raises:
        InputError: there is neither; it is empty, or the two differ.
    """
    given = os.environ.get(PASSWORD)
    if given is None:
        if not sys.stdin.isatty():
            raise InputError(
                f"{path} is protected by a password, and there is no terminal to ask on; set {PASSWORD} to it"
            )
        given = getpass.getpass(f"Password of {quoted(path)}: ")
        if again and getpass.getpass("The same again: ") != given:
            raise InputError(f"{path}: the two passwords differ; no key was made, try again")
    if not given:
        raise InputError(f"{path}: the password is empty; give one that is not")
    return given


_MAKE = "`jeval verify --new-key FILE`"


def _pem(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"key file {path} has {path.stat().st_size} bytes; expected a key in PEM")
    except OSError as err:
        raise InputError(f"key file {path} cannot be read ({err.strerror or err}); check the path") from err
    pem = read_text(path, what="key file").encode()
    if b"-----BEGIN " not in pem:
        raise InputError(f"key file {path} is not PEM (-----BEGIN …); expected a key as {_MAKE} writes it")
    return pem


def _kind(pem: bytes) -> str:
    label = pem.partition(b"-----BEGIN ")[2].partition(b"-----")[0].decode("ascii", "replace")[:40]
    words = {"PUBLIC KEY": "a public key", "CERTIFICATE": "a certificate"}
    return words.get(label, "a private key" if label.endswith("PRIVATE KEY") else f"no such key ({label})")


def _algorithm(key: Any) -> str:
    if curve := getattr(getattr(key, "curve", None), "name", ""):
        return f"ECDSA on {curve}"
    return type(key).__name__.strip("_").removesuffix("PrivateKey").removesuffix("PublicKey")


# Envelopes


def signed(payload: bytes, key: Ed25519PrivateKey) -> Signature:
    """A signature over an in-toto statement."""
    public = key.public_key()
    return Signature(key_id(public), key.sign(_encoded(payload)), public.public_bytes_raw())


def holds(payload: bytes, value: bytes, key: PublicKey) -> bool:
    """Whether this is the key's signature over an in-toto statement."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey

    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(value, _encoded(payload), ECDSA(getattr(hashes, _CURVES[key.curve.name])()))
        else:
            key.verify(value, _encoded(payload))
    except InvalidSignature:
        return False
    return True


def own_key(signature: Signature) -> Ed25519PublicKey | None:
    """The key that comes with a signature, if it is the one that the signature names."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(signature.public or b"")
    except ValueError:
        return None
    return key if key_id(key) == signature.key else None


def envelope_of(value: Any) -> Envelope:
    """An envelope from its JSON value.

    Raises:
        ValueError: it is none, of another payload, or without a signature.
    """
    try:
        if value["payloadType"] != PAYLOAD_TYPE:
            raise ValueError(f"payload type {str(value['payloadType'])[:80]!r}, expected {PAYLOAD_TYPE}")
        signatures = [
            Signature(
                str(one.get("keyid", "")),
                _bytes(one["sig"]),
                _bytes(one["publicKey"]) if "publicKey" in one else None,
            )
            for one in value["signatures"]
        ]
        payload = _bytes(value["payload"])
    except (KeyError, TypeError, AttributeError, binascii.Error) as err:
        raise ValueError(f"no DSSE envelope ({type(err).__name__}: {str(err)[:80]})") from err
    if not signatures:
        raise ValueError("no signature in it")
    return Envelope(payload, signatures)


def envelope_value(envelope: Envelope) -> dict[str, Any]:
    """The JSON value of an envelope."""
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": _text(envelope.payload),
        "signatures": [
            {"keyid": one.key, "sig": _text(one.value), **({"publicKey": _text(one.public)} if one.public else {})}
            for one in envelope.signatures
        ],
    }


def statement_of(envelope: Envelope, predicate_type: str) -> Mapping[str, Any]:
    """The in-toto statement that is signed.

    Raises:
        ValueError: it is none, or says something of another type.
    """
    try:
        value = json.loads(envelope.payload)
    except RecursionError as err:
        raise ValueError("nested too deeply") from err
    if not isinstance(value, dict) or value.get("_type") != STATEMENT_TYPE:
        raise ValueError("no in-toto statement of version 1")
    if (there := value.get("predicateType")) != predicate_type:
        raise ValueError(f"a statement of type {str(there)[:80]!r}, expected {predicate_type}")
    return value


def _encoded(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _bytes(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
