"""The one road that an audit and a fitness call share: items chosen, evaluated, scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lm_eval.api.model import LM
from lm_eval.models.huggingface import HFLM

from jeval.models.cache import AnswerStore, StoredLM
from jeval.models.hf import JevalHF
from jeval.models.recheck import Watched
from jeval.models.template import with_tools
from jeval.pipeline.evaluate import Chosen, judged, seed_everything
from jeval.pipeline.notes import (
    example_notes,
    length_notes,
    task_notes,
    thinking_notes,
    thought_notes,
    tool_notes,
    window_notes,
)
from jeval.pipeline.score import domain_results, task_results, tool_form
from jeval.pipeline.taskpack import LoadedTasks
from jeval.pipeline.thinking import ThinkingLM, manner
from jeval.pipeline.window import fit
from jeval.record.samples import Sample
from jeval.record.schema import CacheUse, DomainResult, Note, TaskResult


@dataclass(frozen=True)
class Scored:
    """Scored items, and the results of their tasks and domains; ``notes``: what kept the model from being asked or heard;
    ``cache``: answers that were not computed now.
    """

    samples: dict[str, list[Sample]]
    tasks: dict[str, TaskResult]
    domains: dict[str, DomainResult]
    notes: list[Note]
    cache: CacheUse | None = None


def score(
    lm: LM,
    loaded: LoadedTasks,
    chosen: Chosen,
    *,
    seed: int,
    chat_template: bool,
    store: AnswerStore | None = None,
    recheck: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[Note], None] = lambda note: None,
) -> Scored:
    """Evaluate the chosen items and score tasks and domains.

    Args:
        lm: any lm-eval model.
        seed: seeds every random generator first, so that equal models get equal numbers.
        store: where answers are looked up and kept; ``None`` keeps none.
        recheck: share of the answers found there that is computed again.
        progress: called with what is done and what there is to do.
        say: called with each limit of the run as soon as it is known.

    Raises:
        ModelError: a log-likelihood is NaN or +Inf, or the model cannot be scored for another reason.
        EvidenceError: the store holds an answer that the model does not give.
    """
    seed_everything(seed)
    hf = lm if isinstance(lm, HFLM) else None
    thinks, itself = manner(lm, chat_template), lm
    if isinstance(lm, JevalHF):
        lm.answer_store, lm.progress = store, progress
    elif store is not None or progress is not None:
        lm = StoredLM(lm, store, progress=progress)
    watched = None if store is None else Watched(lm, store)
    lm = ThinkingLM(watched or lm, hf, think=thinks == "on")
    fitting = fit(lm, hf, loaded, chosen.rows, chat_template=chat_template, thinks=thinks == "on")
    for note in (before := [*example_notes(loaded), *thinking_notes(thinks), *window_notes(fitting)]):
        say(note)
    found = judged(lm, loaded, fitting.rows, chat_template=chat_template)
    if isinstance(itself, JevalHF):
        itself.answer_store = itself.progress = None
    cache = None if watched is None else watched.recheck(itself, recheck)
    samples = fitting.complete({name: one.samples for name, one in found.items()})
    tasks = task_results(loaded, samples, chosen.left_out, fitting, found)
    tools = chat_template and bool(with_tools(lm.apply_chat_template))
    for name in fitting.rows:
        tasks[name].tools = tool_form(loaded, name, samples.get(name, []), tools=tools)
    for note in (
        after := [
            *task_notes(found),
            *(tool_notes(tasks) if chat_template else []),
            *thought_notes(tasks),
            *length_notes(samples),
        ]
    ):
        say(note)
    return Scored(samples, tasks, domain_results(loaded, tasks), [*before, *after], cache)
