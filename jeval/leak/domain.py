"""The domain of data leaks, as the registry takes it."""

from __future__ import annotations

from jeval.domain import Domain, FileTasks
from jeval.leak.ground import called, ground
from jeval.leak.identifiers import mask
from jeval.leak.summary import sections

DOMAIN = Domain(
    "leak",
    "情報保護",
    "Information protection",
    sections,
    ground=ground,
    called=called,
    mask=mask,
    place=0,
    facets=("family", "data_type", "channel"),
    whole_prompts=True,  # the secret may stand in what was cut off
    files={
        "canaries": FileTasks(
            ("jeval_leak_canary", "jeval_leak_canary_extract"), "no canary file was given (--canaries)"
        ),
        "corpus": FileTasks(("jeval_leak_corpus",), "no corpus file was given (--corpus)"),
    },
)
