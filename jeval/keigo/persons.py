"""Who is meant: roles of the persons in the context, and of the noun phrases of a sentence.

Both are read off ``data/keigo/knowledge/roles.tsv``. A role of the context is one of ``self``, ``addressee``, ``out``
(customer, other company, teacher), ``in_superior``, ``family``, ``in``, ``superior``, ``peer`` or ``""``; a noun phrase
is ``self``, ``family``, ``in``, ``out``, ``teacher``, ``superior``, ``honoured``, ``address`` or ``""`` (no person, or
nothing known).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jeval.keigo.knowledge import Knowledge
from jeval.keigo.normalise import normalise
from jeval.reading import read_tsv
from jeval.resources import data_path

RESPECTED = frozenset({"out", "teacher", "superior", "honoured"})
IN_GROUP = frozenset({"self", "family", "in"})


@lru_cache(maxsize=1)
def _roles() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {"context": [], "np": []}
    for name, source, *_ in read_tsv(data_path("keigo", "knowledge", "roles.tsv"), 2):
        where, _, role = name.partition(".")
        table[where].append((role, re.compile(source)))
    return table


@lru_cache(maxsize=4096)
def context_role(description: str) -> str:
    """Role of a free description such as 自社の部長 or 顧客."""
    for role, source in _roles()["context"]:
        if source.search(description):
            return role
    return ""


@lru_cache(maxsize=4_000)
def phrase_role(phrase: str) -> str:
    """Role of a noun phrase of the text such as 弊社の社長 or お客様."""
    for role, source in _roles()["np"]:
        if source.search(phrase):
            return role
    return ""


@lru_cache(maxsize=4_000)
def noun_role(phrase: str, last_noun: re.Pattern[str]) -> str:
    """Role of a noun phrase, or of its last noun where the whole says nothing: 隣の課の部長."""
    role = phrase_role(phrase)
    if not role and (found := last_noun.search(phrase)):
        role = phrase_role(found[0])
    return role


@dataclass(frozen=True)
class Scene:
    """The context of an utterance as roles. ``called``: an earlier sentence addressed somebody
    to be raised by name or title. ``speaker_given``: the context says who speaks, in whatever words."""

    speaker: str = ""
    addressee: str = ""
    referent: str = ""
    referent_text: str = ""
    addressee_text: str = ""
    given: bool = False
    called: bool = False
    speaker_given: bool = False

    @property
    def to_outside(self) -> bool:
        """Whether an in-group member speaks to somebody outside."""
        return self.addressee == "out"

    @property
    def addressee_raised(self) -> bool:
        """Whether the addressee is to be raised in this scene."""
        return self.addressee in {"out", "superior", "in_superior"}

    @property
    def referent_own(self) -> bool:
        """The referent is the speaker or belongs to the speaker's side before an outsider."""
        if self.referent in {"self", "family"}:
            return True
        return self.to_outside and self.referent in {"in", "in_superior", "superior"}

    @property
    def referent_raised(self) -> bool:
        """The referent is to be raised in this scene."""
        if self.referent == "addressee":
            return self.addressee_raised
        if self.referent == "out":
            return True
        return self.referent in {"superior", "in_superior"} and not self.to_outside


EMPTY = Scene()


def scene_of(context: Mapping[str, object] | None, knowledge: Knowledge) -> Scene:
    """Roles of a context; unknown keys are ignored, values may be missing."""
    if not context:
        return EMPTY
    said = context.get
    return _scene(str(said("speaker") or ""), str(said("addressee") or ""), str(said("referent") or ""), knowledge)


@lru_cache(maxsize=1024)
def _scene(speaker: str, addressee: str, referent: str, knowledge: Knowledge) -> Scene:
    speaker, addressee, referent = (normalise(text).text.strip() for text in (speaker, addressee, referent))
    if not (speaker or addressee or referent):
        return EMPTY
    expressions = knowledge.expressions
    speaks = _party_role(speaker, expressions["between_roles"])
    hears = _party_role(addressee, expressions["between_roles"])
    if hears == "in_superior":
        hears = "superior"
    if speaks == "out" and hears in {"in", "superior"} and expressions["clerk"].search(addressee):
        hears = "peer"
    meant = context_role(referent) if referent else ""
    if referent:  # the same words name the same person: {"addressee": "部長", "referent": "部長"}
        person = expressions["in_person"].sub("", referent)
        if person == addressee:
            meant = "addressee"
        elif person in {speaker, *expressions["between_roles"].split(speaker)}:
            meant = "self"
    return Scene(speaks, hears, meant, referent, addressee, given=True, speaker_given=bool(speaker))


def _party_role(description: str, separator: re.Pattern[str]) -> str:
    """Role of the speaker or addressee; in 顧客(聞き手) the other word says who that is."""
    role = context_role(description) if description else ""
    if role not in {"self", "addressee"}:
        return role
    parts = [context_role(part) for part in separator.split(description)]
    return next((part for part in parts if part not in {"self", "addressee", ""}), "")
