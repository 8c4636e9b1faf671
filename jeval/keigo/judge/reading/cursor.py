"""A sentence being read: its morphemes, where the reader stands, and the meaning that it fills."""

from __future__ import annotations

from jeval.keigo.judge.morphemes import NOTHING, Morpheme
from jeval.keigo.judge.units import Meaning, Unit
from jeval.keigo.judge.words import words


class Cursor:
    """``index`` is the morpheme that is read now; ``requested`` tells whether something so far marks a request."""

    __slots__ = ("index", "meaning", "morphemes", "requested")

    def __init__(self, morphemes: list[Morpheme], meaning: Meaning) -> None:
        self.morphemes = morphemes
        self.meaning = meaning
        self.index = 0
        self.requested = False

    @property
    def here(self) -> Morpheme:
        """The morpheme that is read now."""
        return self.morphemes[self.index]

    def at(self, step: int) -> Morpheme:
        """The morpheme so many steps on (or back, when negative); ``NOTHING`` outside the sentence."""
        index = self.index + step
        return self.morphemes[index] if 0 <= index < len(self.morphemes) else NOTHING

    def rest(self) -> str:
        """What is written after the morpheme that is read now."""
        return "".join(one.surface for one in self.morphemes[self.index + 1 :])

    @property
    def prefixed(self) -> bool:
        """Whether お or ご stands before."""
        return self.at(-1).is_a("prefix")

    @property
    def after_te(self) -> bool:
        """Whether a conjunctive て or で stands before."""
        return self.at(-1).is_a("conjunctive")

    @property
    def commanded(self) -> bool:
        """Whether the verb here is an imperative: 読め, 読みなさい (なさいます is none)."""
        nasai = self.here.is_a("nasaru") and self.here.is_a("nasai") and not self.at(1).is_a("masu")
        return nasai or self.here.is_a("imperative")

    def has_prefix(self, step: int, reach: int) -> bool:
        """Whether お or ご stands before the morpheme at ``step``, at most ``reach`` morphemes before it."""
        if self.at(step).is_a("prefix"):
            return False
        return any(self.at(step - back).is_a("prefix") for back in range(1, reach + 1))

    def particle(self) -> str:
        """The particle after the morpheme that is read now; suffixes (様, たち) may stand between."""
        for step in (1, 2, 3):
            after = self.at(step)
            if not after.is_a("suffix"):
                return after.surface if after.is_a("particle") else ""
        return ""

    def senses(self) -> frozenset[str]:
        """The plain meanings of the morpheme that is read now."""
        return words().senses(self.here.lemma, self.prefixed)

    def add(self, unit: Unit) -> None:
        """Note a content unit; what was past before it is no longer what the sentence ends with."""
        self.meaning.units.append(unit)
        self.meaning.past = False
