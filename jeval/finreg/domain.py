"""The domain of financial regulation, as the registry takes it."""

from __future__ import annotations

from jeval.domain import Domain
from jeval.finreg.business import CHOICES, binds
from jeval.finreg.force import in_force
from jeval.finreg.ground import called, ground
from jeval.finreg.summary import sections

DOMAIN = Domain(
    "finreg",
    "金融規制",
    "Financial regulation",
    sections,
    ground=ground,
    called=called,
    in_force=in_force,
    binds=binds,
    businesses=CHOICES,
    place=2,
    facets=("law", "article", "paragraph", "theme"),
)
