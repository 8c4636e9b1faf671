"""Keyless signatures (Sigstore), checked without a network.

A certificate of a few minutes names who signed and who vouched for that name; a public log has the signature and the time. What both
are worth is told by a trusted root: the keys of the certificate authority and of the log, in one file that the user brings along
(https://github.com/sigstore/protobuf-specs, TrustedRoot). The library ``sigstore`` (extra ``sigstore``) does the checking; it is given
the file, and so asks nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jeval.errors import InputError, ModelError
from jeval.output import one_line
from jeval.reading import read_json


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
        InputError: the library is not installed, the trusted root is none, or the bundle is one that the library does not read.
        ModelError: it is no signature of this signer by this root.
    """
    try:
        from sigstore.errors import Error, VerificationError
        from sigstore.models import Bundle, TrustedRoot
        from sigstore.verify import Verifier, policy
    except ImportError as err:
        raise InputError(f'--model-signer needs the library sigstore ({err}); pip install "jeval[sigstore]"') from err
    read_json(signer.root, what="trusted root")  # bounded, and an error that names it
    try:
        verifier = Verifier(trusted_root=TrustedRoot.from_file(str(signer.root)))
    except (Error, ValueError, TypeError, KeyError, AttributeError) as err:
        raise InputError(
            f"--model-signer: {signer.root} is no trusted root of Sigstore ({_short(err)}); expected trusted_root.json"
        ) from err
    try:
        read = Bundle.from_json(json.dumps(bundle).encode())
        _, payload = verifier.verify_dsse(read, policy.Identity(identity=signer.name, issuer=signer.issuer))
    except VerificationError as err:
        raise ModelError(
            f"{file} is no signature of {one_line(signer.name, 100)} by {one_line(signer.issuer, 100)} under {signer.root} "
            f"({_short(err)}); ask who gave you the model who signed it"
        ) from err
    except (Error, ValueError, TypeError, KeyError, AttributeError) as err:
        raise InputError(
            f"{file} is no keyless signature that sigstore reads ({_short(err)}); sign the model again with "
            "`model_signing sign sigstore`"
        ) from err
    return bytes(payload)


def _short(err: Exception) -> str:
    return one_line(str(err) or type(err).__name__, 160)
