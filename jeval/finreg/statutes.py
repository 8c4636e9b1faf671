"""The statutes of a folder: which revision of each law counts on a day."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from jeval.errors import InputError
from jeval.finreg.lawfile import read_law
from jeval.finreg.wording import Law, Wording, normalised


@dataclass
class Statutes:
    """The statutes of one folder as of ``day``; ``unreadable`` maps a file to the reason it was left out."""

    day: date
    laws: dict[str, Law] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)

    def reason_unreadable(self, law_id: str) -> str:
        """Why a file named after ``law_id`` cannot be read; "" where all can."""
        for path, reason in self.unreadable.items():
            if law_id in path.name or law_id in path.parent.name:
                return f"statute file {path} cannot be read: {reason}"
        return ""

    def reason_missing(self, law_id: str) -> str:
        """Why ``law_id`` is not there: a file of that name that cannot be read, or none at all."""
        if reason := self.reason_unreadable(law_id):
            return reason
        others = "; ".join(f"{path.name}: {reason}" for path, reason in self.unreadable.items())
        return f"unknown law {law_id}: no file for it in the statutes given" + (
            f" (unreadable: {others})" if others else ""
        )


def read_statutes(folder: Path, today: date | None = None) -> Statutes:
    """Read every XML and JSON file below ``folder``.

    A file that cannot be read is listed, not raised: it matters only to the items that cite its law. JSON that is no
    statute is passed over. Where a law occurs in several revisions the newest that is in force on ``today`` (default: the
    day of the call) is the main text; older ones become earlier wordings, enacted ones that begin later coming wordings.

    Raises:
        InputError: no such folder, or no statute in it.
    """
    if not folder.is_dir():
        raise InputError(f"--statutes {folder}: no such folder; expected e-Gov XML or JSON files of statutes")
    found = Statutes(today or date.today())
    revisions: dict[str, list[Law]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".xml", ".json"}):
        try:
            law = read_law(path)
        except (ValueError, OSError) as err:
            found.unreadable[path] = " ".join(str(err).split())
            continue
        if law is None:
            continue
        same_day = next((held for held in revisions.get(law.law_id, []) if held.as_of == law.as_of), None)
        if same_day is None:
            revisions.setdefault(law.law_id, []).append(law)
        elif not _reads_alike(same_day, law):
            day = law.as_of or "no date"
            found.unreadable[path] = (
                f"{law.law_id} of {day} reads differently in {Path(same_day.source).name}; keep one"
            )
    for law_id, laws in revisions.items():
        found.laws[law_id] = _merge(laws, found.day)
    if not found.laws and not found.unreadable:
        raise InputError(
            f"--statutes {folder}: no statute found; expected e-Gov XML, e-Gov API v2 JSON or jeval's JSON"
        )
    return found


def _reads_alike(one: Law, other: Law) -> bool:
    return one.articles.keys() == other.articles.keys() and all(
        normalised(article.text) == normalised(other.articles[number].text) for number, article in one.articles.items()
    )


def _merge(laws: list[Law], today: date) -> Law:
    ordered = sorted(laws, key=lambda law: law.as_of or date.min)
    begun = [law for law in ordered if law.as_of is None or law.as_of <= today] or ordered[:1]
    main = begun[-1]
    earlier = tuple(Wording(old.articles, since=old.as_of, until=new.as_of) for old, new in pairwise(begun))
    coming = tuple(
        Wording(new.articles, since=new.as_of, gone=frozenset(main.articles.keys() - new.articles.keys()))
        for new in ordered[len(begun) :]
    )
    return replace(main, previous=(*main.previous, *earlier), later=(*main.later, *coming))
