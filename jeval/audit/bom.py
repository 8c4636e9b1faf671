"""A CycloneDX 1.6 ML-BOM of a run (https://cyclonedx.org/docs/1.6/json/): the model, the packages and the data that its numbers rest on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from jeval.pipeline.extent import whole_domains
from jeval.record.manifest import Manifest
from jeval.record.schema import RunRecord

_NAMES = {"lm_eval": "lm-eval"}  # as the index of packages has them


def bom(record: RunRecord, manifest: Manifest) -> dict[str, Any]:
    """The bill of materials of a run, from its record and manifest: the same for the same run."""
    model = _model(record)
    packages = [
        _package(name, version) for name, version in sorted(record.packages.items()) if version != "not installed"
    ]
    data = [_data(name, digest) for name, digest in sorted({**record.task_pack, **manifest.dictionary}.items())]
    refs = [one["bom-ref"] for one in (*packages, *data)]
    serial = UUID(bytes=bytes.fromhex((manifest.files.get("run.json") or "0" * 64)[:32]), version=5)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            **({"timestamp": record.timing.finished} if record.timing.finished else {}),
            "tools": {"components": [{"type": "application", "name": "jeval", "version": record.jeval_version}]},
            "component": model,
        },
        "components": [*packages, *data],
        "dependencies": [{"ref": model["bom-ref"], "dependsOn": refs}, *({"ref": ref} for ref in refs)],
    }


def _model(record: RunRecord) -> dict[str, Any]:
    info = record.model
    told = {
        "jeval:kind": info.kind,
        "jeval:dtype": info.dtype,
        "jeval:parameters": info.parameters,
        "jeval:signature": info.signature.state if info.signature else None,
        "jeval:signature:key": info.signature.key if info.signature else None,
        "jeval:items_root": record.items_root,
    }
    found: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": info.name,
        "modelCard": {"modelParameters": {"task": "text-generation"}, "quantitativeAnalysis": _analysis(record)},
        "properties": [{"name": name, "value": str(value)} for name, value in told.items() if value is not None],
    }
    if (identity := info.identity) is not None:
        parts = ("weights", "config", "tokenizer", "chat_template")
        found["hashes"] = [_sha256(identity.digest)]
        found["properties"] += [
            {"name": f"jeval:digest:{part}", "value": value} for part in parts if (value := getattr(identity, part))
        ]
        found["components"] = [
            {"type": "file", "bom-ref": f"model/{name}", "name": name, "hashes": [_sha256(digest)]}
            for name, digest in sorted(identity.files.items())
        ]
    return found


def _analysis(record: RunRecord) -> dict[str, Any]:
    """Scores of the domains that the run has whole, with their 95 % intervals, as text, which the format wants."""
    whole = whole_domains(record)
    metrics = [
        {
            "type": "score",
            "slice": name,
            "value": str(one.score),
            "confidenceInterval": {"lowerBound": str(one.interval[0]), "upperBound": str(one.interval[1])},
        }
        for name, one in sorted(record.domains.items())
        if name in whole and one.score is not None and one.interval is not None
    ]
    return {"performanceMetrics": metrics}


def _package(name: str, version: str) -> dict[str, Any]:
    if name == "python":
        return {"type": "platform", "bom-ref": f"python@{version}", "name": name, "version": version}
    public = _NAMES.get(name, name)
    # A local part (+cpu) is not the index's; a purl wants its sign encoded.
    purl = f"pkg:pypi/{public.lower().replace('_', '-')}@{version.replace('+', '%2B')}"
    return {"type": "library", "bom-ref": purl, "name": public, "version": version, "purl": purl}


def _data(name: str, digest: str) -> dict[str, Any]:
    return {"type": "data", "bom-ref": f"data/{name}", "name": name, "hashes": [_sha256(digest)]}


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}
