"""How likely a model finds ordinary Japanese: a merge that broke is told by it, whatever its scores are by chance."""

from __future__ import annotations

import math
from functools import lru_cache

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from jeval.errors import ModelError
from jeval.reading import read_yaml
from jeval.resources import data_path


@lru_cache(maxsize=1)
def sentences() -> tuple[str, ...]:
    """The sentences of ``data/fitness/neutral.yaml``."""
    return tuple(map(str, read_yaml(data_path("fitness", "neutral.yaml"))["sentences"]))


def nats_per_character(lm: LM) -> float:
    """Mean negative log-likelihood of a character of the neutral sentences, in nats: per character, so that models with other
    tokenizers compare.

    Raises:
        ModelError: it is not finite.
    """
    requests = [
        Instance(request_type="loglikelihood_rolling", doc={}, arguments=(text,), idx=0) for text in sentences()
    ]
    value = -float(sum(lm.loglikelihood_rolling(requests))) / sum(map(len, sentences()))
    if not math.isfinite(value):
        raise ModelError(f"the model cannot be scored: the log-likelihood of neutral text is {value}")
    return value
