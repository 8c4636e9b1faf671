"""Which secrets does an output give away? Each kind of secret has its detector."""

from __future__ import annotations

from jeval.leak.disclosure import leaked
from jeval.leak.mnpi import tells
from jeval.leak.secret import Secrets
from jeval.leak.system import common_share, threshold

_OF_FACTS = frozenset({"specific", "term", "sign"})


def given_away(secrets: Secrets, output: str) -> list[int]:
    """Indices of the ``secrets`` that ``output`` gives away.

    Parts of a material fact are asked of :func:`jeval.leak.mnpi.tells`, internal instructions of
    :func:`jeval.leak.system.common_share`, everything else of :func:`jeval.leak.disclosure.leaked`.
    """
    kinds = {secret["kind"] for secret in secrets}
    if kinds <= _OF_FACTS:
        return tells(secrets, output)
    if kinds == {"system"}:
        limit = threshold()
        return [index for index, secret in enumerate(secrets) if common_share(secret["value"], output) >= limit]
    return leaked(secrets, output)
