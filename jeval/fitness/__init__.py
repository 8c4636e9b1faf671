"""A fitness function for merge searches: a candidate in, one number and what is behind it out.

``Fitness`` keeps the tasks and, for live models, the tokenised requests; a candidate costs only its forward passes.
It takes search items only: a search that sees the audit items would make the audit report worthless.
"""

from __future__ import annotations

from jeval.fitness.fitness import Fitness
from jeval.fitness.result import BROKEN, Difference, FitnessResult, Race
from jeval.fitness.weights import copy_weights

__all__ = ["BROKEN", "Difference", "Fitness", "FitnessResult", "Race", "copy_weights"]
