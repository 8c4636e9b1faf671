"""Guesses of how an answer goes on, for the model to check many tokens in one pass.

What followed the last occurrence of the newest tokens, in the prompt or in the answer itself, is guessed to follow again
(Saxena, "Prompt Lookup Decoding", 2023; the acceptance rule is that of greedy speculative decoding, Leviathan et al., 2023). A
guess only decides how much is computed at once: each token of an answer is the model's own argmax.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_GRAMS = (4, 3, 2)  # newest tokens looked up, the longest first
_MOST = 24  # tokens guessed at once
_FORGET = 0.8  # weight of what is known of a row's guesses, per pass


class Draft:
    """Guesses for one row: its tokens so far, and how often its guesses were right.

    Args:
        prompt: token ids before the answer.
    """

    def __init__(self, prompt: Sequence[int]) -> None:
        self._ids: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}  # n-gram → place of the token behind its last occurrence
        self._right = self._wrong = 1.0
        for token in prompt:
            self.append(token)

    def append(self, token: int) -> None:
        """The row has one more token."""
        for size in _GRAMS:
            if len(self._ids) >= size:
                self._after[tuple(self._ids[-size:])] = len(self._ids)
        self._ids.append(token)

    def guess(self, most: int, worth: float) -> list[int]:
        """At most ``most`` tokens that may follow; the last of them is right with a probability of at least ``worth``."""
        share = self._right / (self._right + self._wrong)
        count = min(most, _MOST, int(math.log(worth) / math.log(share)))
        if count <= 0:
            self._settle(0.1, 0.1)
            return []
        for size in _GRAMS:
            place = self._after.get(tuple(self._ids[-size:]))
            if place is not None:
                # Behind the end the guess goes on with itself: a loop.
                found: list[int] = []
                for i in range(place, place + count):
                    found.append(self._ids[i] if i < len(self._ids) else found[i - len(self._ids)])
                return found
        return []

    def checked(self, guessed: int, right: int) -> None:
        """Of ``guessed`` tokens the first ``right`` were what the model said."""
        if guessed:
            self._settle(right, float(right < guessed))

    def _settle(self, right: float, wrong: float) -> None:
        self._right = min(self._right * _FORGET + right, 50.0)
        self._wrong = max(self._wrong * _FORGET + wrong, 0.02)


def worth(rows: int) -> float:
    """The least probability at which a guessed token is cheaper to check than to leave, beside ``rows`` rows of one token.

    A pass over few rows takes the time in which the weights are read, whatever it computes: about that of 24 tokens on a CPU; and
    each row's keys and values are read once, however many tokens it feeds: about half a token.
    """
    return 1.0 / (1.5 + 24.0 / rows)
