"""The keigo domain, as the registry takes it."""

from __future__ import annotations

from jeval.domain import Domain
from jeval.keigo.ground import called, ground
from jeval.keigo.summary import sections

DOMAIN = Domain(
    "keigo", "敬語", "Keigo", sections, ground=ground, called=called, place=1, facets=("error_type", "target")
)
