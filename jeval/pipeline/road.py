"""The one road that an audit and a fitness call share: items chosen, evaluated, scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lm_eval.api.model import LM

from jeval.models.cache import AnswerStore, StoredLM
from jeval.models.hf import JevalHF
from jeval.pipeline.evaluate import Chosen, evaluate, seed_everything
from jeval.pipeline.score import domain_results, task_results
from jeval.pipeline.taskpack import LoadedTasks
from jeval.record.samples import Sample
from jeval.record.schema import DomainResult, TaskResult


@dataclass(frozen=True)
class Scored:
    """Scored items, and the results of their tasks and domains."""

    samples: dict[str, list[Sample]]
    tasks: dict[str, TaskResult]
    domains: dict[str, DomainResult]


def score(
    lm: LM,
    loaded: LoadedTasks,
    chosen: Chosen,
    *,
    seed: int,
    chat_template: bool,
    store: AnswerStore | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scored:
    """Evaluate the chosen items and score tasks and domains.

    Args:
        lm: any lm-eval model.
        seed: seeds every random generator first, so that equal models get equal numbers.
        store: where answers are looked up and kept; ``None`` keeps none.
        progress: called with what is done and what there is to do.

    Raises:
        ModelError: a log-likelihood is NaN or +Inf, or the model cannot be scored for another reason.
    """
    seed_everything(seed)
    if isinstance(lm, JevalHF):
        lm.answer_store, lm.progress = store, progress
    elif store is not None or progress is not None:
        lm = StoredLM(lm, store, progress=progress)
    samples = evaluate(lm, loaded, chosen.rows, chat_template=chat_template)
    tasks = task_results(loaded, samples, chosen.left_out)
    return Scored(samples, tasks, domain_results(loaded, tasks))
