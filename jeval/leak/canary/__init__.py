"""Canaries: secrets that nobody has, planted in training data to see whether a model gives them back.

Carlini et al. 2019, "The Secret Sharer" (https://arxiv.org/abs/1802.08232). A file holds planted canaries and controls:
drawn from the same distribution, in the same sentences, never planted.
"""

from __future__ import annotations

from jeval.leak.canary.draw import candidates, make, planting_lines
from jeval.leak.canary.file import CANDIDATES, SCHEMA, VERSION, Canary, CanaryFile, dump, load
from jeval.leak.canary.kinds import KINDS, space

__all__ = [
    "CANDIDATES",
    "KINDS",
    "SCHEMA",
    "VERSION",
    "Canary",
    "CanaryFile",
    "candidates",
    "dump",
    "load",
    "make",
    "planting_lines",
    "space",
]
