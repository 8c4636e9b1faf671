"""Persons: each keeps the part of the act that it has in the source.

Who acts, on whom and for whom is what honorifics are about. 〜ていただく and 〜てくださる say that another acts for the speaker, so they
may not come where the speaker acts, nor go where another does; nouns may not exchange their particles.

Refused: 私が先生に説明する。 → 先生にご説明いただきます。 (kenjogo1: the other person acts now)
Accepted: 先生が説明してくれた。 → 先生にご説明いただきました。 (kenjogo1)
"""

from __future__ import annotations

from jeval.keigo.judge.comparison import Comparison
from jeval.keigo.judge.tables import word_class
from jeval.keigo.judge.units import Meaning


def reasons(compared: Comparison) -> list[str]:
    """Exchanged parts of persons and things."""
    found = _benefit(compared) + _unearned_benefit(compared) + _bounds(compared)
    given, said = compared.given, compared.said
    if given.receive != said.receive or given.give_me != said.give_me:
        return found
    if given.reru == said.reru and _swapped(compared):
        found.append("parts exchanged")
    return found + _exchanged(compared)


def subject_of(meaning: Meaning) -> str:
    """The person who is the subject; ``""`` when none is named."""
    return next((who for who, particle in meaning.persons.items() if particle in word_class("subject")), "")


def _speaker_acts(compared: Comparison) -> bool:
    """Whether the source's subject is the speaker, or nobody is named."""
    return subject_of(compared.given) in {"", "self"}


def _benefit(compared: Comparison) -> list[str]:
    """〜てもらう, 〜てくれる, 〜てあげる: who acts for whom. A request says that by itself."""
    given, said = compared.given, compared.said
    if compared.requested or given.loose_benefit or said.loose_benefit:
        return []
    found = []
    shift = said.receive - given.receive
    if shift > 0 and given.give_me <= said.give_me and (_speaker_acts(compared) or _still_subject(compared)):
        found.append("the other person acts now")
    if said.give_me > given.give_me + max(0, -shift) and _speaker_acts(compared) and not given.receive:
        found.append("the other person acts now")
    had_benefit, has_benefit = given.give_me + given.receive > 0, said.give_me + said.receive > 0
    if had_benefit and not has_benefit and compared.target != "plain":
        found.append("benefit lost")
    if given.give > 0 and said.give == 0 and has_benefit:
        found.append("giver and receiver exchanged")
    return found


def _still_subject(compared: Comparison) -> bool:
    particle = compared.said.persons.get(subject_of(compared.given))
    return particle in word_class("nominative") | word_class("topic")


def _unearned_benefit(compared: Comparison) -> list[str]:
    """ご説明をいただく where the speaker explains."""
    given = compared.given
    if not compared.said.loose_benefit or given.request or not _speaker_acts(compared):
        return []
    benefit = word_class("benefit")
    if given.receive + given.give_me or any(unit.senses & benefit for unit in given.units):
        return []
    return ["the other person acts now"]


def _bounds(compared: Comparison) -> list[str]:
    """駅まで → 駅から."""
    bounds = word_class("bounds")
    return [
        f"relation changed ({said.surface}{said.particle})"
        for given, said in compared.pairs
        if {given.particle, said.particle} == bounds
    ]


def _swapped(compared: Comparison) -> bool:
    """Whether two nouns have exchanged their particles: 学生は先生の発表を for 先生は学生の発表を."""
    moves = {(_part(given.particle), _part(said.particle)) for given, said in compared.pairs}
    return any(before and after and before != after and (after, before) in moves for before, after in moves)


def _part(particle: str) -> str:
    """The part that a particle gives a noun; ``""`` when it may change freely."""
    return next((name for name in ("subject", "dative", "accusative", "genitive") if particle in word_class(name)), "")


def _exchanged(compared: Comparison) -> list[str]:
    """Persons who act in the source and are acted on in the answer, or the reverse."""
    return [
        f"persons exchanged ({who})"
        for who, before in compared.given.persons.items()
        if _changed_part(compared, before, compared.said.persons.get(who, ""))
    ]


def _changed_part(compared: Comparison, before: str, after: str) -> bool:
    given, said = compared.given, compared.said
    subject, genitive = word_class("subject"), word_class("genitive")
    if before in subject and after in genitive:
        # 先生は学生の → 学生は先生の: whoever was in の acts now
        return any(given.persons.get(who) in genitive and now in subject for who, now in said.persons.items())
    if given.reru != said.reru or given.causative:
        return False  # a passive or a causative moves its persons
    if before in word_class("goal"):
        return after in word_class("nominative")
    if before in word_class("topic") and after in word_class("dative"):
        return False
    return before in subject and after in word_class("undergoer")
