"""Personal data in what a model wrote, hidden."""

from __future__ import annotations

from typing import Any

from jeval.pipeline import domains
from jeval.record.samples import Evidence, Sample


def masked(sample: Sample, *, whole: bool) -> Sample:
    """The sample with what the domains mask hidden in what a model wrote, but for what its prompt holds: an invented secret that
    is given away can be read as such. With ``whole`` (items made from the user's own canaries or documents) nothing is spared, and
    the item and its prompts are masked too.
    """
    hidden: dict[str, Any] = {}
    if sample.loglikelihoods is None:
        known = "" if whole else "\n".join(sample.asked)
        hidden["outputs"] = domains.mask(sample.outputs, known)
        if sample.evidence is not None:
            hidden["evidence"] = Evidence.model_validate(domains.mask(sample.evidence.model_dump(), known))
    if whole:
        hidden |= {"prompt": domains.mask(sample.prompt), "doc": domains.mask(sample.doc)}
    return sample.model_copy(update=hidden)
