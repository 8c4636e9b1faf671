"""Voice: a passive or an ability that the source does not have makes it another act.

れる・られる is one morpheme with four meanings, so it may turn into an honorific, and an ability may be said with either form;
any other change of れる・られる and potentials is refused.

Refused: 社長が本を読む。 → 社長が本をお読みになれます。 (sonkeigo: voice or ability changed)
Accepted: 社長が本を読む。 → 社長が本を読まれます。 (sonkeigo)
"""

from __future__ import annotations

from jeval.keigo.judge.comparison import Comparison
from jeval.keigo.judge.tables import expression
from jeval.keigo.types import Analysis


def reasons(compared: Comparison) -> list[str]:
    """One reason at most."""
    given, said = compared.given, compared.said
    reru, potential = said.reru - given.reru, said.potential - given.potential
    if potential == 0 and reru == 0:
        return []
    if given.potential and said.potential == 0 and said.reru:
        return []
    if given.reru and not given.potential and said.potential and reru <= 0:
        return []  # 来られますか → お越しになれますか
    if potential == 0 and (compared.target == "sonkeigo" or _raises(compared.after if reru > 0 else compared.before)):
        return []  # the honorific comes, or goes: 帰られた → お帰りになった
    return ["voice or ability changed"]


def _raises(found: Analysis) -> bool:
    """Whether the analyser reads a れる・られる as an honorific."""
    return any(form.type == "sonkeigo" and expression("reru_end").search(form.surface) for form in found.forms)
