"""What the analyser says about an utterance. The names are those of ``docs/keigo.md``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

FORM_TYPES = ("sonkeigo", "kenjogo1", "kenjogo2", "teineigo", "bikago")
STYLES = ("plain", "polite", "formal", "mixed")
ERROR_TYPES = (
    "double_honorific",
    "kenjo_for_superior",
    "sonkei_for_self",
    "uchi_soto",
    "sa_insertion",
    "ra_deletion",
    "baito_keigo",
    "wrong_form",
    "style_mix",
    "excessive_sasete",
    "inappropriate_word",
)


class HonorificForm(NamedTuple):
    """One honorific expression: ``text[start:end] == surface``, ``type`` one of :data:`FORM_TYPES`."""

    surface: str
    start: int
    end: int
    type: str

    def to_dict(self) -> dict[str, Any]:
        return {"surface": self.surface, "start": self.start, "end": self.end, "type": self.type}


@dataclass(frozen=True)
class Misuse:
    """One misuse: ``text[start:end] == surface``, ``type`` one of :data:`ERROR_TYPES`.

    ``rule`` is the id of the rule in ``data/keigo/knowledge/rules.yaml``. ``sure`` is how sure the analyser is whose act it is, between 0
    and 1, where nobody is named; else ``None``. ``trial`` finds the suggestion when it is first asked for.
    """

    type: str
    surface: str
    start: int
    end: int
    rule: str
    sure: float | None = None
    trial: Callable[[], str | None] = field(default=lambda: None, repr=False, compare=False)

    @cached_property
    def suggestion(self) -> str | None:
        """What replaces the span where the right form follows by rule and the sentence with it holds no misuse more.

        ``None`` where a person has to decide, ``""`` where the span has to go.
        """
        return self.trial()

    def __reduce__(self) -> tuple[Any, ...]:
        """For other processes: with the suggestion, without what finds it."""
        return _restored, (self.type, self.surface, self.start, self.end, self.rule, self.sure, self.suggestion)

    def to_dict(self) -> dict[str, Any]:
        known = {} if self.sure is None else {"sure": self.sure}
        place = {"surface": self.surface, "start": self.start, "end": self.end}
        return {"type": self.type, **place, "rule": self.rule, **known}


def _restored(
    type_: str, surface: str, start: int, end: int, rule: str, sure: float | None, suggestion: str | None
) -> Misuse:
    return Misuse(type_, surface, start, end, rule, sure, lambda: suggestion)


@dataclass(frozen=True)
class Analysis:
    """The honorific expressions, the style and the misuses of one utterance.

    Offsets are code points of ``text`` as it was given. ``style`` is one of :data:`STYLES`, or ``None`` when there is
    nothing to judge: no Japanese text at all.
    """

    text: str
    style: str | None
    forms: tuple[HonorificForm, ...]
    errors: tuple[Misuse, ...]

    def to_dict(self) -> dict[str, Any]:
        """The object of the JSON Lines contract, without the ``id``."""
        return {
            "text": self.text,
            "style": self.style,
            "forms": [form.to_dict() for form in self.forms],
            "errors": [error.to_dict() for error in self.errors],
        }
