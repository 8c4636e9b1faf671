"""One sentence and everything known of it: what form finders and rules are given."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from operator import attrgetter, or_
from typing import NamedTuple

from jeval.japanese.folding import Folded
from jeval.keigo.clause import Clause
from jeval.keigo.knowledge import Knowledge, Rule
from jeval.keigo.patterns import Match
from jeval.keigo.persons import Scene
from jeval.keigo.text import MASK, Piece

Span = tuple[int, int]  # tokens

_TESTS = attrgetter("tests")
_WIDTH = attrgetter("width")


class Form(NamedTuple):
    """An honorific expression.

    Attributes:
        start, end: its tokens.
        type: one of :data:`jeval.keigo.types.FORM_TYPES`.
        frame: how it is made: the id of a frame in ``form_frames.yaml``, or ``special``, ``word``, ``noun``, ``oru``, ….
        agent: whether it says that somebody does something.
    """

    start: int
    end: int
    type: str
    frame: str
    agent: bool

    @property
    def span(self) -> Span:
        """Its tokens, which most rules report."""
        return self.start, self.end


class Sentence:
    """A tagged sentence.

    Attributes:
        text: what was tagged.
        masked: the same with quotations blanked.
        prose: ``masked`` with what is said beside the text blanked too: remarks in （）, code, broken quotations.
        tokens: its morphemes.
        starts: where each of them starts in ``text``.
        scene: who speaks to whom about whom, as far as the context says.
        question: whether it asks.
        forms: its honorific expressions, once :class:`jeval.keigo.forms.FormFinder` has found them.
        present: tests of patterns that some token passes.
        knowledge, bits: what is known of words, and the bits of atoms in a token's mask.
    """

    def __init__(self, piece: Piece, normal: Folded, scene: Scene, knowledge: Knowledge) -> None:
        tokens = knowledge.tagger(piece.text)
        starts = list(accumulate(map(_WIDTH, tokens), initial=0))
        if " " in piece.text:
            starts = [start + token.blank for start, token in zip(starts, tokens, strict=False)]
        self.knowledge = knowledge
        self.bits = knowledge.bits
        self.text = piece.text
        self.masked = piece.masked
        self.prose = piece.prose
        self.tokens = tokens
        self.starts = starts
        self.scene = scene
        self.question = knowledge.expressions["question"].search(piece.masked) is not None
        self.forms: list[Form] = []
        self.present = reduce(or_, map(_TESTS, tokens), 0)
        self._size = len(tokens)
        self._clause: Clause | None = None
        self._piece = piece
        self._normal = normal
        as_given = piece.offsets is None and normal.starts is None
        self._shift = piece.start if as_given else -1

    @property
    def clause(self) -> Clause:
        """Its noun phrases, and who does what."""
        if self._clause is None:
            self._clause = Clause(self.tokens, self.knowledge)
        return self._clause

    def mask(self, i: int) -> int:
        """Atoms of token ``i``; 0 before the first and after the last."""
        return self.tokens[i].mask if 0 <= i < self._size else 0

    def surface(self, i: int) -> str:
        """Token ``i`` as written; ``""`` before the first and after the last."""
        return self.tokens[i].surface if 0 <= i < self._size else ""

    def tokens_of(self, atoms: int) -> list[int]:
        """The tokens for which one of these atoms holds."""
        return [i for i, token in enumerate(self.tokens) if token.mask & atoms]

    def written(self, start: int, end: int) -> str:
        """Tokens ``start:end`` as written, without the blanks between them."""
        return "".join(token.surface for token in self.tokens[max(0, start) : end])

    def has(self, start: int, end: int, atoms: int) -> bool:
        """Whether one of these atoms holds for one of the tokens ``start:end``."""
        return any(token.mask & atoms for token in self.tokens[max(0, start) : end])

    def matches(self, name: str, text: str) -> bool:
        """Whether the expression of that name (``expressions.tsv``) is found in ``text``."""
        return self.knowledge.expressions[name].search(text) is not None

    def matching(self, rules: Sequence[Rule], i: int) -> list[tuple[Rule, Match]]:
        """Those of the rules whose pattern matches at token ``i``, and where; nearly all are dismissed untried."""
        present = self.present
        following = self.tokens[i + 1].tests if i + 1 < self._size else 0
        found = []
        for rule in rules:
            pattern = rule.pattern
            if pattern is None or (pattern.second and not following & pattern.second):
                continue
            if present & pattern.needs == pattern.needs and (match := pattern.match(self.tokens, i)):
                found.append((rule, match))
        return found

    def quoted(self, i: int) -> bool:
        """Whether token ``i`` starts inside a quotation."""
        return self.masked[self.starts[i] : self.starts[i] + 1] == MASK

    def beside(self, i: int) -> bool:
        """Whether token ``i`` starts inside a quotation, or inside what stands beside the text."""
        return self.prose[self.starts[i] : self.starts[i] + 1] == MASK

    def characters(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in ``text`` of the tokens ``start:end`` (not empty)."""
        return self.starts[start], self.starts[end - 1] + len(self.tokens[end - 1].surface)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the text as given of the tokens ``start:end`` (not empty)."""
        return self.origin(*self.characters(start, end))

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the text as given of ``text[start:end]`` (not empty)."""
        if self._shift >= 0:
            return self._shift + start, self._shift + end
        return self._normal.span(*self._piece.origin(start, end))
