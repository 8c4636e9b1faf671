"""What a candidate is worth."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Score, and every objective, of a candidate that could not be scored: below any score of :class:`~jeval.fitness.Fitness`, and
#: finite, because several optimisers cannot rank infinities.
BROKEN = -1.0


@dataclass(frozen=True)
class Difference:
    """Score of a candidate minus that of the incumbent on the items that both were scored on, with its paired 95 % interval."""

    score: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Race:
    """How a candidate was raced against the incumbent; see :mod:`jeval.fitness.race`.

    Attributes:
        alpha: the most probable share of candidates better by ``gain`` that are stopped all the same, over all looks.
        gain: what a candidate must be better by to be worth finding; 0: candidates as good as the incumbent.
        asked, items: items asked, and items there are.
        looks: how often there was a look at the evidence.
        evidence: the largest e-value against "as good as the incumbent"; it stops at ``1 / alpha``.
        less: tasks asked less, because they cost much or have told candidates apart least; task → share of its items asked.
    """

    alpha: float
    gain: float
    asked: int
    items: int
    looks: int
    evidence: float
    less: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FitnessResult:
    """What a candidate is worth.

    Attributes:
        score: weighted mean of the objectives, in [0, 1] unless adjusted for chance, higher is better; :data:`BROKEN` if it could
            not be scored. Of a candidate stopped early it is an estimate, at most the incumbent's score and ``gain``.
        objectives: score per domain (``keigo``, ``finreg``, ``leak``, as far as the tasks cover them).
        constraints: per constraint by how much it is missed, in its own unit: at most 0 is feasible.
        stderr: standard error of ``score``; ``None`` for a broken candidate and for one stopped early.
        per_item: task → item id → score (``None``: not scored). Items that were not asked are not there.
        n_items: items scored.
        seconds: wall-clock seconds of this call.
        stopped_early: whether not all items were asked, because the candidate cannot win.
        error: why the candidate could not be scored, else ``None``.
        difference: from the incumbent, where there is one.
        race: how it was raced, if it was.
        efficiency: ``bytes`` of the weights and ``tokens_per_second`` of this call (``None`` where nothing was computed), on
            request.
        neutral_text: nats per character that ordinary Japanese costs the model, where a constraint asks for it.
        digest: SHA-256 of the weights; "" for a broken candidate.
        recalled: items whose result was not computed now but kept from an equal candidate.

    Results are equal whatever they cost: ``seconds``, ``efficiency`` and ``recalled`` are not compared.
    """

    score: float
    objectives: dict[str, float]
    constraints: dict[str, float]
    stderr: float | None
    per_item: dict[str, dict[str, float | None]]
    n_items: int
    seconds: float = field(compare=False)
    stopped_early: bool = False
    error: str | None = None
    difference: Difference | None = None
    race: Race | None = None
    efficiency: dict[str, float | None] = field(default_factory=dict, compare=False)
    neutral_text: float | None = None
    digest: str = ""
    recalled: int = field(default=0, compare=False)

    def __float__(self) -> float:
        return self.score

    @property
    def feasible(self) -> bool:
        """All constraints hold and the candidate could be scored."""
        return self.error is None and all(value <= 0 for value in self.constraints.values())
