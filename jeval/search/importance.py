"""What each number of the space mattered for the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optuna

from jeval.fitness import BROKEN
from jeval.search.study import result_of


def importances(study: optuna.Study, objectives: Any) -> dict[str, float]:
    """Share of the variance of the score that each number explains (fANOVA; Hutter, Hoos & Leyton-Brown 2014), the largest first.

    Of candidates that could be scored; numbers that not all of them have are left out. Empty where there are too few, or all score alike.
    """
    import optuna

    kept = optuna.create_study(directions=study.directions)
    scores = []
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)):
        if result_of(trial)["score"] > BROKEN:
            kept.add_trial(trial)
            scores.append(result_of(trial)["score"])
    if len(scores) < 4 or len(set(scores)) < 2:
        return {}
    try:
        found = optuna.importance.get_param_importances(
            kept,
            evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0),
            target=lambda trial: float(result_of(trial)["score"]),
        )
    except (ValueError, RuntimeError, ImportError):
        return {}
    return {name: float(share) for name, share in found.items()}
