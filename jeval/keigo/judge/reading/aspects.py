"""What a verb after て adds: a state (〜ている), a movement (〜ていく), a trial, a preparation, a completion."""

from __future__ import annotations

from jeval.keigo.judge.morphemes import Morpheme

ASPECTS = frozenset({"state", "go", "try", "ahead", "done"})


def aspect_of(verb: Morpheme) -> frozenset[str]:
    """The aspects that ``verb`` can give after て; いらっしゃる may stand for いる and for いく."""
    return verb.kinds & ASPECTS
