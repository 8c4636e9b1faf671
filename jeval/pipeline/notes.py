"""The limits of a run as notes of its record: what did not fit the model's window, how tasks of others are scored, and where
the model thought aloud.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jeval.pipeline.judged import Judged, fault_note
from jeval.pipeline.thinking import BUDGET, Manner
from jeval.pipeline.window import Fit
from jeval.record.samples import Sample
from jeval.record.schema import Note, TaskResult
from jeval.thoughts import LONGEST, said

THINKING_OFF = "note_thinking_off"
"""Key of the note that the chat template was told to leave thoughts out; stock lm-eval must be told so too."""

_MANNERS: dict[Manner, str] = {
    "off": THINKING_OFF,
    "closed": "note_thinking_closed",
    "on": "note_thinking_on",
}


def thinking_notes(manner: Manner) -> list[Note]:
    """What was done about a model that thinks."""
    return [Note(key=_MANNERS[manner])] if manner in _MANNERS else []


def window_notes(fit: Fit) -> list[Note]:
    """Tasks and items that do not fit the window, and tasks whose requests cannot be built."""
    window = fit.window or 0
    notes = [fault_note(task, what) for task, what in fit.faults.items()]
    notes += [Note.of("note_window", task=task, tokens=n, window=window) for task, n in fit.answers.items()]
    for task, n in fit.cut.items():
        key = "note_cut_not_scored" if task in fit.unscored else "note_cut"
        notes.append(Note.of(key, task=task, n=n, window=window))
    return notes


def task_notes(judged: Mapping[str, Judged]) -> list[Note]:
    """By which metric and filter tasks of others are scored, or why not."""
    return [note for one in judged.values() for note in one.notes]


def length_notes(samples: Mapping[str, Sequence[Sample]]) -> list[Note]:
    """Tasks with answers longer than what is judged of one."""
    found = {
        name: sum(isinstance(one, str) and len(one) > LONGEST and len(said(one).text) > LONGEST for one in outputs)
        for name, outputs in (
            (name, [out for sample in some for out in sample.outputs]) for name, some in samples.items()
        )
    }
    return [Note.of("note_length", task=name, n=n, longest=LONGEST) for name, n in found.items() if n]


def thought_notes(tasks: Mapping[str, TaskResult]) -> list[Note]:
    """Tasks in which the model thought aloud."""
    return [
        Note.of("note_thoughts", task=name, n=task.thoughts, unfinished=task.unfinished, budget=BUDGET)
        for name, task in tasks.items()
        if task.thoughts
    ]
