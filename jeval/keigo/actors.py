"""Who does it, where nobody is named: what Japanese marks beside a predicate, and how sure that makes one.

The cues are rows of ``data/keigo/knowledge/actors.yaml``: a question or a confirmation is about the addressee, an offer or a
wish about the speaker. Each cue says how often it was right on labelled sentences; below the threshold none is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, NamedTuple

from jeval.keigo.atoms import Bits
from jeval.reading import read_yaml

#: The expressions of a row, and what of the setting each is asked of.
_ASKED = {
    "form": "form",
    "head": "head",
    "tail": "tail",
    "unless": "tail",
    "unless_head": "head",
    "unless_form": "form",
}


class Setting(NamedTuple):
    """What stands around a predicate.

    Attributes:
        form, head, tail: the honorific expression, and the sentence before and after it, quotations masked.
        words: the atoms of its morphemes.
        able: whether it is the potential of お〜になる.
        named: whether a personal name stands before it, without さん or 様.
        following: ``raised`` or ``humble``, what the next predicate says of the one who acts; ``""`` where there is none.
        addressee: the role of the addressee.
        third: whether the context names a third person to be raised.
    """

    form: str
    head: str
    tail: str
    words: int
    able: bool
    named: bool
    following: str
    addressee: str
    third: bool


class Cue:
    """A row of ``actors.yaml``, compiled: ``who`` acts (``speaker``, ``addressee``, ``referent``), and how ``sure`` that is."""

    def __init__(self, fields: Mapping[str, Any], parts: Mapping[str, str], bits: Bits) -> None:
        self.id, self.who, self.sure = str(fields["id"]), str(fields["who"]), float(fields["sure"])
        self._fields = fields
        compiled = {name: re.compile(_filled(fields[name], parts)) for name in _ASKED if name in fields}
        self._wanted = [(_ASKED[name], one) for name, one in compiled.items() if not name.startswith("unless")]
        self._refused = [(_ASKED[name], one) for name, one in compiled.items() if name.startswith("unless")]
        self._verbs, self._not_verbs, self._but_verbs = (
            _any(fields.get(name, ()), bits) for name in ("verbs", "not_verbs", "but_verbs")
        )

    def holds(self, setting: Setting) -> bool:
        """Whether the setting shows the cue."""
        return self._of_persons(setting) and self._of_words(setting.words) and self._of_text(setting)

    def _of_persons(self, setting: Setting) -> bool:
        fields = self._fields
        if bool(fields.get("third")) and not setting.third:
            return False
        if fields.get("raised_referent") is False and setting.third:
            return False
        if (fields.get("named") and not setting.named) or (setting.able and not fields.get("able")):
            return False
        return bool(
            fields.get("addressee", setting.addressee) == setting.addressee
            and fields.get("next", setting.following) == setting.following
        )

    def _of_words(self, words: int) -> bool:
        if self._verbs and not words & self._verbs:
            return False
        return not words & self._not_verbs or bool(words & self._but_verbs)

    def _of_text(self, setting: Setting) -> bool:
        if not all(one.search(getattr(setting, where)) for where, one in self._wanted):
            return False
        return not any(one.search(getattr(setting, where)) for where, one in self._refused)


class Actors:
    """The cues, strongest first; ``threshold`` is the least sureness that is believed."""

    def __init__(self, path: Path, bits: Bits) -> None:
        data = read_yaml(path)
        self.threshold = float(data["threshold"])
        parts = {name: str(part) for name, part in data["parts"].items()}
        self.cues = sorted((Cue(row, parts, bits) for row in data["cues"]), key=lambda cue: -cue.sure)

    def shown(self, setting: Setting) -> Iterator[Cue]:
        """The cues that hold, the surest first."""
        return (cue for cue in self.cues if cue.holds(setting))

    def who(self, setting: Setting) -> Cue | None:
        """The surest cue, where it is sure enough and no other of those believed says otherwise."""
        believed = [cue for cue in self.shown(setting) if cue.sure >= self.threshold]
        sides = {cue.who == "speaker" for cue in believed}
        return believed[0] if len(sides) == 1 else None


def _filled(source: str, parts: Mapping[str, str]) -> str:
    for name, part in parts.items():
        source = source.replace(f"{{{name}}}", part)
    return source


def _any(names: Iterable[str], bits: Bits) -> int:
    return reduce(or_, (bits[name] for name in names), 0)
