"""All runs below a folder, in the order in which they ended: which weights, which scores, which verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from jeval.errors import InputError
from jeval.output import one_line
from jeval.pipeline import domains
from jeval.record.schema import RunRecord
from jeval.record.store import RECORD, read_record
from jeval.report.catalogue import strings
from jeval.report.charts import Moment, drawn, over_time
from jeval.report.page import template
from jeval.report.results import Card, cards
from jeval.report.view import moment
from jeval.version import __version__
from jeval.writing import write_text

PAGE = "history.html"


@dataclass(frozen=True)
class Entry:
    """A run: where it lies below the folder, its record, and its domains by name."""

    number: int
    folder: str
    record: RunRecord
    cards: dict[str, Card]

    @property
    def same_items(self) -> str:
        """Twelve digits of what was asked: runs that share them are of the same tasks and data."""
        return self.record.task_pack.get("data", "")[:12]


@dataclass(frozen=True)
class History:
    """The runs below a folder, the oldest first; ``unread``: folders that hold a record which cannot be read, and why."""

    runs: Sequence[Entry]
    unread: dict[str, str]


def history(folder: Path, lang: str = "ja") -> History:
    """Read all runs below a folder.

    Raises:
        InputError: no such folder, or no run below it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; expected one that holds run folders of `jeval run`")
    if (folder / RECORD).exists():
        raise InputError(f"{folder} is a run itself; give the folder that holds the runs: {folder.absolute().parent}")
    found: list[tuple[str, str, RunRecord]] = []
    unread: dict[str, str] = {}
    for path in sorted(folder.rglob(RECORD)):
        name = path.parent.relative_to(folder).as_posix()
        try:
            record = read_record(path.parent)
        except InputError as err:
            unread[name] = one_line(str(err), 200)
            continue
        found.append((record.timing.finished, name, record))
    if not found:
        hint = f" ({len(unread)} cannot be read: {next(iter(unread.values()))})" if unread else ""
        raise InputError(f"no run below {folder}{hint}; expected run folders of `jeval run`")
    runs = [
        Entry(number, name, record, {card.name: card for card in cards(record, lang)})
        for number, (_, name, record) in enumerate(sorted(found, key=lambda one: one[:2]), start=1)
    ]
    return History(runs, unread)


def write_history(folder: Path, out: Path | None, lang: str) -> tuple[Path, History]:
    """Write the page of all runs below a folder (default: ``history.html`` in it).

    Raises:
        InputError: see :func:`history`.
    """
    found = history(folder, lang)
    target = out or folder / PAGE
    write_text(target, page(found, lang))
    return target, found


def page(found: History, lang: str) -> str:
    """The page of a history."""
    words = strings(lang)
    names = sorted({name for run in found.runs for name in run.cards}, key=domains.place)
    return str(
        template("history.html.j2").render(
            lang=lang,
            t=words,
            title=words["history"],
            runs=[],
            edition=__version__,
            found=found,
            names=names,
            chart=_chart(found, names, lang),
            label=lambda name: domains.title(name, lang),
            moment=lambda text: moment(text, lang),
        )
    )


def _chart(found: History, names: Sequence[str], lang: str) -> Markup | None:
    marks = [
        Moment(run.number, domains.title(name, lang), result.score, result.interval[0], result.interval[1])
        for name in names
        for run in found.runs
        if (card := run.cards.get(name)) is not None and card.complete
        if (result := card.result).score is not None and result.interval is not None
    ]
    words = strings(lang)
    return drawn(lambda: over_time(marks, run=words["run_number"], score=words["score"])) if marks else Markup("")
