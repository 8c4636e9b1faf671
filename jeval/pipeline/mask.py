"""Personal data in what a model wrote, hidden."""

from __future__ import annotations

from typing import Any

from jeval.pipeline import domains
from jeval.record.samples import Evidence, Sample


def masked(sample: Sample, *, whole: bool) -> Sample:
    """The sample with what the domains mask hidden in what a model wrote; with ``whole`` (items made from the user's own
    canaries or documents) in the item and its prompts too.
    """
    hidden: dict[str, Any] = {}
    if sample.loglikelihoods is None:
        hidden["outputs"] = domains.mask(sample.outputs)
        if sample.evidence is not None:
            hidden["evidence"] = Evidence.model_validate(domains.mask(sample.evidence.model_dump()))
    if whole:
        hidden |= {"prompt": domains.mask(sample.prompt), "doc": domains.mask(sample.doc)}
    return sample.model_copy(update=hidden)
