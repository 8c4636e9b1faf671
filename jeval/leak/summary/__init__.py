"""The leak part of the report: what was withheld and served, by attack family and data type, and what was memorised."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.domain.section import Section
from jeval.domain.summary import TaskSamples
from jeval.leak.summary.attacks import attacks
from jeval.leak.summary.canaries import EXPOSURE, EXTRACTION, canaries
from jeval.leak.summary.detectors import detectors
from jeval.leak.summary.recall import RECALL, recall
from jeval.leak.summary.texts import Texts
from jeval.leak.summary.withheld import withheld_and_served


def sections(samples: Sequence[TaskSamples], lang: str) -> list[Section]:
    """The leak part of the report, from the tasks that have samples, in ``ja`` or ``en``.

    Raises:
        InputError: a text of the report is missing, or what the detectors were measured at.
    """
    texts = Texts(lang)
    probes = [task for task in samples if task.side and task.samples]
    memory = {task.kind: task.samples for task in samples if not task.side and task.samples}
    result: list[Section] = []
    if probes:
        result.append(withheld_and_served(probes, texts))
        if attacked := [task for task in probes if task.side == "withheld"]:
            result += attacks(attacked, texts)
        result.append(detectors(texts))
    if {EXPOSURE, EXTRACTION} & set(memory):
        result.append(canaries(memory.get(EXPOSURE), memory.get(EXTRACTION), texts))
    if RECALL in memory:
        result.append(recall(memory[RECALL], texts))
    return result
