"""Racing: a candidate is asked item after item and stopped as soon as it can no longer be as good as the incumbent.

Let ``d`` be what an item earns the candidate more than the incumbent, and ``a`` what the item counts in the score, so that the
sum of ``a · d`` over all items is the difference of the two scores. Items are drawn one after the other without replacement, each
with a probability in proportion to its ``u``, by a generator that the seed and the candidate's weights start. Given what was
drawn before, the expectation of ``z = a · d · U / u`` (``U``: the sum of ``u`` over the items not drawn yet) is the difference
less what the drawn ones have already settled. Under the hypothesis that the candidate is at least as good, wealth that is
bet on it falling short is therefore a nonnegative supermartingale, and reaches ``1 / alpha`` with probability ``alpha`` at most,
however often one looks (Ville's inequality). Betting: Waudby-Smith & Ramdas, JRSS-B 2024; without replacement and weighted:
Shekhar, Xu, Lipton, Liang & Ramdas, "Risk-limiting financial audits via weighted sampling without replacement", UAI 2023.

The error is over the draw of the items, for a fixed suite: nothing is assumed of how items depend on each other. It says nothing of
how the suite stands for other items. An order fixed once for all candidates would need no tokenisation anew, but a
search that adapts to what its first items showed would no longer be covered; so each candidate has its own draw.

``u`` may be anything known before the draw: ``a`` times what the task's items have told of the candidates seen so far, by the
square root of what they cost (Neyman's allocation), so that cheap items that tell much are asked first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: What a generated item costs, in items with given answers.
GENERATED = 4.0
#: A task's items are asked at least this much as often as those of the task that tells most, before costs.
LEAST = 0.25
#: Shares of the largest allowed bet; wealth is spread over them evenly.
_BETS = np.array([0.03, 0.06, 0.12, 0.25, 0.5, 0.9])
_FIRST, _GROWTH = 64, 1.5  # items until the first look, and how much longer each stretch is than the one before

Key = tuple[str, str]
"""Task and id of an item."""


@dataclass(frozen=True)
class Draw:
    """Items in the order in which a candidate is asked.

    Attributes:
        keys: the items.
        a: what each counts in the score.
        u: in proportion to what each was drawn.
        incumbent: what each earned the incumbent.
    """

    keys: list[Key]
    a: np.ndarray
    u: np.ndarray
    incumbent: np.ndarray

    def looks(self) -> list[slice]:
        """The stretches after each of which the evidence is looked at."""
        found, start, length = [], 0, float(_FIRST)
        while start < len(self.keys):
            stop = min(len(self.keys), start + round(length))
            if len(self.keys) - stop < _FIRST:
                stop = len(self.keys)
            found.append(slice(start, stop))
            start, length = stop, length * _GROWTH
        return found


def draw(
    incumbent: Mapping[str, Mapping[str, float | None]],
    shares: Mapping[str, float],
    pull: Mapping[str, float],
    seed: Sequence[int],
) -> Draw:
    """Draw the order of one candidate.

    Args:
        incumbent: its score of each item; items that it has none of are not drawn.
        shares: what each task counts.
        pull: how much rather than others a task's items are drawn, beyond what they count.
        seed: starts the generator.
    """
    keys, a, u, earned = [], [], [], []
    for task, share in shares.items():
        known = [(name, score) for name, score in incumbent.get(task, {}).items() if score is not None]
        for name, score in known:
            if share > 0:
                keys.append((task, name))
                a.append(share / len(known))
                u.append(share / len(known) * pull[task])
                earned.append(score)
    waits = np.random.default_rng(list(seed)).exponential(size=len(keys)) / np.array(u)
    order = np.argsort(waits, kind="stable")  # successive sampling in proportion to u (Efraimidis & Spirakis 2006)
    return Draw([keys[i] for i in order], np.array(a)[order], np.array(u)[order], np.array(earned)[order])


def pulls(
    seen: Sequence[Mapping[str, Mapping[str, float | None]]],
    tasks: Sequence[str],
    generated: Callable[[str], bool],
) -> dict[str, float]:
    """How much the items of each task are drawn beyond what they count: by how far the candidates seen differ on an item of it, at
    least :data:`LEAST`, and by the root of what it costs. With fewer than three candidates seen, by cost alone.
    """
    told = {task: _spread([one.get(task, {}) for one in seen]) if len(seen) >= 3 else 1.0 for task in tasks}
    most = max(told.values(), default=0.0)
    return {
        task: (max(LEAST, told[task] / most) if most > 0 else 1.0) / math.sqrt(GENERATED if generated(task) else 1.0)
        for task in tasks
    }


def _spread(seen: Sequence[Mapping[str, float | None]]) -> float:
    """Root mean square, over items, of the standard deviation of their scores between candidates."""
    scores = np.array([[one.get(name) for name in seen[0]] for one in seen], dtype=float)  # None becomes NaN
    known = scores[:, (~np.isnan(scores)).sum(axis=0) > 1]
    return math.sqrt(float(np.nanvar(known, axis=0).mean())) if known.size else 0.0


class Evidence:
    """Evidence against "the candidate is at least as good as the incumbent", item after item in the order of the draw.

    Args:
        gain: the hypothesis is instead that its score is higher by this much; smaller gains are not worth finding.

    Attributes:
        wealth: the e-value at this moment; its largest so far is in ``most``.
        lost: the candidate cannot win even if it earned all that is left.
    """

    def __init__(self, drawn: Draw, gain: float = 0.0) -> None:
        self._drawn = drawn
        self._left = np.cumsum(drawn.u[::-1])[::-1]  # U before each item
        room = drawn.a * (1.0 - drawn.incumbent)
        self._room = np.append(np.cumsum(room[::-1])[::-1], 0.0)  # most that can still be gained, before each item
        self._peak = np.maximum.accumulate((room / drawn.u)[::-1])[::-1]  # largest a · d / u among the items left
        self._wealths = np.full(len(_BETS), 1.0 / len(_BETS))
        self._settled, self._next = -gain, 0
        self.most = 1.0

    @property
    def wealth(self) -> float:
        return float(self._wealths.sum())

    @property
    def lost(self) -> bool:
        return self._settled + float(self._room[self._next]) < -1e-12

    def add(self, scores: Sequence[float | None]) -> None:
        """The candidate's scores of the next items; one that was not scored counts as earned."""
        here = slice(self._next, self._next + len(scores))
        a, u, left = self._drawn.a[here], self._drawn.u[here], self._left[here]
        d = np.array([1.0 if score is None else score for score in scores]) - self._drawn.incumbent[here]
        settled = self._settled + np.concatenate([[0.0], np.cumsum(a * d)])
        highest = left * self._peak[here] + settled[:-1]
        # Where nothing that is left can make good what is settled there is no bet: see lost.
        bets = np.where(highest > 1e-12, 1.0 / np.maximum(highest, 1e-12), 0.0)[:, None] * _BETS
        paths = self._wealths * np.cumprod(
            np.maximum(0.0, 1.0 - bets * (a * d * left / u + settled[:-1])[:, None]), axis=0
        )
        self._wealths, self._settled, self._next = paths[-1], float(settled[-1]), here.stop
        self.most = max(self.most, float(paths.sum(axis=1).max()))
