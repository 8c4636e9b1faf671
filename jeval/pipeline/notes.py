"""The limits of a run as notes of its record: what did not fit the model's window, how tasks of others are scored, and where
the model thought aloud.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jeval.pipeline.judged import Judged, fault_note
from jeval.pipeline.taskpack import LoadedTasks
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


def example_notes(loaded: LoadedTasks) -> list[Note]:
    """Tasks that show solved examples because the run was told to."""
    shown: dict[int, list[str]] = {}
    for name, n in loaded.shots.items():
        shown.setdefault(n, []).append(name)
    return [Note.of("note_examples", n=n, task=", ".join(names)) for n, names in shown.items()]


def task_notes(judged: Mapping[str, Judged]) -> list[Note]:
    """By which metric and filter tasks of others are scored, or why not."""
    return [note for one in judged.values() for note in one.notes]


def tool_notes(tasks: Mapping[str, TaskResult]) -> list[Note]:
    """How tools' responses were asked of a model with a chat template; without one there is text alone."""
    found: dict[str, dict[str, int]] = {}
    for name, task in tasks.items():
        if task.tools is not None:
            found.setdefault(task.tools.form, {})[name] = task.tools.n
    return [Note.of(f"note_tool_{form}", n=sum(of.values()), task=", ".join(of)) for form, of in found.items()]


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
