"""What a sentence says once its politeness is taken off: content units, persons' parts and the grammar of its predicates."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unit:
    """One content word: every plain lemma it can stand for, its surface, and the particle that follows it.

    ``verb``: it is a predicate; ``optional``: it may be missing from a rendering; ``number``: it means itself only.
    """

    senses: frozenset[str]
    surface: str
    particle: str = ""
    verb: bool = False
    optional: bool = False
    number: bool = False


@dataclass
class Meaning:
    """Units in order, and what the predicates say beside them.

    Counts: ``negative`` (〜ない), ``polite_negative`` (the ない of くださいませんか), ``prohibited`` (〜ないでください), ``potential``,
    ``causative``, ``reru`` (れる・られる), ``receive`` (〜てもらう), ``give_me`` (〜てくれる), ``give`` (〜てあげる), ``permission`` (〜させてください).
    ``question`` is the last sentence's mark, ``asking`` a question word. ``aspects`` holds one set of readings for each
    verb after て; ``loose_aspect`` and ``loose_benefit`` say that a form may or may not carry one. ``persons`` maps a person
    (``self`` for the speaker) to the particle after it.
    """

    units: list[Unit] = field(default_factory=list)
    negative: int = 0
    past: bool = False
    question: bool = False
    request: bool = False
    wish: bool = False
    volition: bool = False
    guess: bool = False
    potential: int = 0
    causative: int = 0
    reru: int = 0
    receive: int = 0
    give_me: int = 0
    give: int = 0
    aspects: list[frozenset[str]] = field(default_factory=list)
    loose_aspect: bool = False
    asking: bool = False
    has_verb: bool = False
    prohibited: int = 0
    polite_negative: int = 0
    loose_benefit: bool = False
    hearsay: bool = False
    permission: int = 0
    persons: dict[str, str] = field(default_factory=dict)
    sentences: int = 0

    @property
    def verbs(self) -> list[Unit]:
        """The units that are predicates, in order."""
        return [unit for unit in self.units if unit.verb]
