"""A run of a few scored items, and frameworks of a few clauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jeval.clauses import Framework
from jeval.record.samples import Sample
from jeval.record.schema import RunRecord

LEAK = {"domain": "leak", "suite": "audit", "side": "withheld"}
CONTROL = {"domain": "leak", "suite": "audit", "side": "served"}
FINREG = {"domain": "finreg", "suite": "audit"}


def sample(number: int, score: float | None, cluster: str = "", **doc: Any) -> Sample:
    return Sample(
        id=str(number), cluster=cluster or str(number), prompt=[], outputs=[], loglikelihoods=None, score=score, doc=doc
    )


def run(
    tasks: Mapping[str, Mapping[str, Any]],
    samples: Mapping[str, Sequence[Sample]],
    *,
    finished: str = "2026-11-30T00:00:00+00:00",
    as_of: str | None = None,
) -> RunRecord:
    """The record of a run with these tasks; a task none of whose samples has a score is not scored."""
    results = {}
    for name, meta in tasks.items():
        scores = [one.score for one in samples.get(name, ()) if one.score is not None]
        mean = sum(scores) / len(scores) if scores else None
        results[name] = {
            "domain": "leak", "suite": "audit", "title_ja": name, "title_en": name, "version": "1", "n": len(scores), "score": mean,
            "interval": None if mean is None else (0.0, 1.0), "stderr": None, "chance": None, "clusters": 0, "not_scored": 0, **meta,
        }  # fmt: skip
    model = dict.fromkeys(["path", "parameters", "weight_bytes", "identity"])
    settings = dict.fromkeys(["limit", "dtype", "device", "canaries", "corpus"])
    return RunRecord.model_validate(
        {
            "jeval_version": "0", "suite": "audit", "domains": {}, "tasks": results, "packages": {}, "task_pack": {},
            "outbound": {"attempts": 0, "targets": [], "allowed_hosts": []}, "timing": {"finished": finished},
            "model": {**model, "name": "m", "kind": "hf", "backend": "hf", "device": "cpu", "dtype": "float32", "chat_template": False},
            "settings": {
                **settings, "tasks": list(tasks), "suite": "audit", "whole": [], "seed": 0, "backend": "hf", "model_args": {},
                "as_of": as_of,
            },
        }
    )  # fmt: skip


def words(text: str) -> dict[str, str]:
    return {"ja": text, "en": text}


def clause(number: str = "1", coverage: str = "partial", evidence: Sequence[Any] = (), **fields: Any) -> dict[str, Any]:
    reason = {} if coverage == "direct" else {"reason": words("stated reason")}
    return {
        "number": number,
        "says": words("says"),
        "coverage": coverage,
        "evidence": list(evidence),
        **reason,
        **fields,
    }


def framework(*clauses: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "house", "title": words("t"), "issuer": words("i"), "edition": words("e"), "date": "2026-07-10", "source": words("s"),
        "checked": "2026-07-02", "range": words("r"), "clauses": list(clauses), **fields,
    }  # fmt: skip


def made(*clauses: Mapping[str, Any], **fields: Any) -> Framework:
    return Framework.model_validate(framework(*clauses, **fields))
