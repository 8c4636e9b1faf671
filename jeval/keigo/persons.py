"""Who is meant: roles of the persons in the context, and of the noun phrases of a sentence.

Both are read off ``data/keigo/knowledge/roles.tsv``. A role of the context is one of ``self``, ``addressee``, ``out`` (customer, other
company, teacher), ``in_superior``, ``family``, ``in``, ``superior``, ``peer`` or ``""``; a noun phrase is ``self``, ``family``,
``in``, ``out``, ``teacher``, ``superior``, ``honoured``, ``address`` or ``""`` (no person, or nothing known).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jeval.keigo.normalise import normalise
from jeval.resources import data_path

RESPECTED = frozenset({"out", "teacher", "superior", "honoured"})
IN_GROUP = frozenset({"self", "family", "in"})
_ONESELF = re.compile(r"(?:本人|自身|自分)$")
_PARTS = re.compile(r"[()、,・/]")
_HONORIFIC = re.compile(r"様|さま|さん|殿|氏|先生")
_WORDS = re.compile(r"の")


@lru_cache(maxsize=1)
def _roles() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {"context": [], "np": []}
    for line in data_path("keigo", "knowledge", "roles.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, source, *_ = line.split("\t")
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


@dataclass(frozen=True)
class Scene:
    """The context of an utterance as roles. ``called``: an earlier sentence addressed somebody
    to be raised by name or title."""

    speaker: str = ""
    addressee: str = ""
    referent: str = ""
    referent_text: str = ""
    addressee_text: str = ""
    given: bool = False
    called: bool = False

    @property
    def to_outside(self) -> bool:
        """Whether an in-group member speaks to somebody outside."""
        return self.addressee == "out"

    @property
    def addressee_raised(self) -> bool:
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


def scene_of(context: Mapping[str, object] | None) -> Scene:
    """Roles of a context; unknown keys are ignored, values may be missing."""
    if not context:
        return EMPTY
    values = {key: normalise(str(context.get(key) or "")).text.strip() for key in ("speaker", "addressee", "referent")}
    if not any(values.values()):
        return EMPTY
    roles = {key: context_role(value) if value else "" for key, value in values.items()}
    for key in ("speaker", "addressee"):
        if roles[key] in {"self", "addressee"}:  # 顧客(聞き手): the other word says who that is
            parts = [context_role(part) for part in _PARTS.split(values[key])]
            roles[key] = next((role for role in parts if role not in {"self", "addressee", ""}), "")
    if values["referent"]:
        # The same words name the same person: {"addressee": "部長", "referent": "部長"}.
        plain = _ONESELF.sub("", values["referent"])
        if plain == values["addressee"]:
            roles["referent"] = "addressee"
        elif plain in {values["speaker"], *_PARTS.split(values["speaker"])}:
            roles["referent"] = "self"
    if roles["addressee"] == "in_superior":
        roles["addressee"] = "superior"
    if (
        roles["speaker"] == "out"
        and roles["addressee"] in {"in", "superior"}
        and re.search(r"行員|窓口|担当|店員|社員|職員|係|スタッフ|オペレーター", values["addressee"])
    ):
        roles["addressee"] = "peer"
    return Scene(
        roles["speaker"], roles["addressee"], roles["referent"], values["referent"], values["addressee"], given=True
    )


def raised_name(phrase: str) -> bool:
    """Whether the phrase itself raises its person (a title after a name, 様, さん)."""
    return bool(_HONORIFIC.search(phrase))


def join(surfaces: Sequence[str]) -> str:
    return "".join(surfaces)
