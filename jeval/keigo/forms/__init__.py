"""Honorific expressions of one tagged sentence: frames, special forms, お/ご nouns, polite endings.

Frames come from ``data/keigo/knowledge/form_frames.yaml``, words from ``lexicon.tsv``. What is left to code is what a
table cannot say: whose thing or act an お/ご noun is, and whether a れる・られる is an honorific.
"""

from __future__ import annotations

from collections.abc import Callable

from jeval.keigo.forms import frames, nouns, polite, reru, verbs
from jeval.keigo.knowledge import Knowledge
from jeval.keigo.sentence import Form, Sentence

_Finder = Callable[[Sentence, int], Form | None]


class FormFinder:
    """Finds forms; one instance per knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        bits = knowledge.bits
        #: Kinds of tokens and what is asked of them outside of a frame: the first kind that a token is of decides.
        self._kinds: tuple[tuple[int, _Finder], ...] = (
            (bits.masu | bits.desu, polite.ending),
            (bits.gozaru, polite.gozaru),
            (bits.pfx, nouns.prefixed),
            (bits.sonkei_verb | bits.kenjo1_verb | bits.kenjo2_verb, verbs.special),
            (bits.sonkei_noun | bits.kenjo1_noun | bits.kenjo2_noun, nouns.special),
            (bits.oru, verbs.oru),
            (bits.mieru, verbs.mieru),
            (bits.reru, reru.honorific),
        )
        self._any_kind = 0
        for kind, _ in self._kinds:
            self._any_kind |= kind

    def __call__(self, sentence: Sentence) -> list[Form]:
        """The forms in order; none overlaps another."""
        found: list[Form] = []
        end = 0
        for i, token in enumerate(sentence.tokens):
            if i < end or not (token.mask & self._any_kind or token.frames):
                continue
            form = (frames.framed(sentence, i) if token.frames else None) or self._word(sentence, i)
            if form is not None:
                if form.type:
                    found.append(form)
                end = form.end
        return found

    def _word(self, sentence: Sentence, i: int) -> Form | None:
        mask = sentence.tokens[i].mask
        for kind, finder in self._kinds:
            if mask & kind:
                return finder(sentence, i)
        return None
