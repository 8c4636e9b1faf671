"""Keyless signatures (Sigstore), checked without a network.

A certificate of a few minutes names who signed and who vouched for that name; a public log has the signature and the time. What both
are worth is told by a trusted root: the keys of the certificate authority and of the log, in one file that the user brings along
(https://github.com/sigstore/protobuf-specs, TrustedRoot). The library ``sigstore`` (extra ``sigstore``) does the checking; it is given
the file, and so asks nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from jeval.errors import InputError, ModelError
from jeval.output import one_line
from jeval.reading import read_json

_KEYS = ("certificateAuthorities", "tlogs", "ctlogs")  # of a trusted root


class Signer(NamedTuple):
    """Who should have signed: ``name`` (mail address or URI) as ``issuer`` (URL) vouches for it; ``root``: file of the trusted root."""

    name: str
    issuer: str
    root: Path


def is_keyless(bundle: Mapping[str, Any]) -> bool:
    """Whether a signature carries a certificate, rather than a hint at a key."""
    material = bundle.get("verificationMaterial")
    return isinstance(material, Mapping) and bool({"certificate", "x509CertificateChain"} & set(material))


def signed_payload(file: Path, bundle: Mapping[str, Any], signer: Signer) -> bytes:
    """What the signer signed: the payload of a sigstore bundle.

    Raises:
        InputError: the signer has no name or no issuer (the library would take any), the library is not installed, the trusted root is none, or the bundle is one that the library does not read.
        ModelError: it is no signature of this signer by this root.
    """
    if not signer.name.strip() or not signer.issuer.strip():
        raise InputError(
            "--model-signer: NAME or ISSUER is empty; expected who signed, and the URL of who vouches for that name"
        )
    try:
        from sigstore.errors import Error, VerificationError
        from sigstore.models import Bundle, TrustedRoot
        from sigstore.verify import Verifier, policy
        from sigstore_models.trustroot.v1 import TrustedRoot as Keys
    except ImportError as err:
        raise InputError(f'--model-signer needs the library sigstore ({err}); pip install "jeval[sigstore]"') from err
    root = read_json(signer.root, what="trusted root")
    try:
        read = Bundle.from_json(json.dumps(bundle).encode())
    except (Error, ValueError, TypeError, KeyError, AttributeError) as err:
        raise _unread(file, err) from err
    try:
        when = read.signing_certificate.not_valid_before_utc
        used = {**root, **{part: _used(root[part], when) for part in _KEYS if part in root}}
        if given_up := [part for part in _KEYS if root.get(part) and not used[part]]:
            raise _not_of(file, signer, f"none of its {', '.join(given_up)} was in use on {when:%Y-%m-%d}")
        verifier = Verifier(trusted_root=TrustedRoot(Keys.from_json(json.dumps(used).encode())))
    except (Error, ValueError, TypeError, KeyError, AttributeError) as err:
        raise InputError(
            f"--model-signer: {signer.root} is no trusted root of Sigstore ({_short(err)}); expected trusted_root.json"
        ) from err
    try:
        _, payload = verifier.verify_dsse(read, policy.Identity(identity=signer.name, issuer=signer.issuer))
    except VerificationError as err:
        raise _not_of(file, signer, _short(err)) from err
    except (Error, ValueError, TypeError, KeyError, AttributeError) as err:
        raise _unread(file, err) from err
    return bytes(payload)


def _used(keys: Sequence[Mapping[str, Any]], when: datetime) -> list[Mapping[str, Any]]:
    """The keys that were in use then, or later came into use, at which the library looks itself; at an end it does not, and a key that was
    given up may be in other hands since.
    """
    ends = [(one.get("publicKey", one).get("validFor") or {}).get("end") for one in keys]
    return [
        one
        for one, end in zip(keys, ends, strict=True)
        if not end or when <= datetime.fromisoformat(end.replace("Z", "+00:00"))
    ]


def _not_of(file: Path, signer: Signer, why: str) -> ModelError:
    return ModelError(
        f"{file} is no signature of {one_line(signer.name, 100)} by {one_line(signer.issuer, 100)} under {signer.root} "
        f"({why}); ask who gave you the model who signed it"
    )


def _unread(file: Path, err: Exception) -> InputError:
    return InputError(
        f"{file} is no keyless signature that sigstore reads ({_short(err)}); sign the model again with `model_signing sign sigstore`"
    )


def _short(err: Exception) -> str:
    return one_line(str(err) or type(err).__name__, 160)
