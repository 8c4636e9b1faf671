"""The statutes and guidelines of folders: which revision or edition of each counts on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from jeval.errors import InputError
from jeval.finreg.guideline import read_guideline
from jeval.finreg.lawfile import read_changes, read_law
from jeval.finreg.wording import Law, Wording, normalised


@dataclass
class Statutes:
    """The statutes and guidelines of the folders given, as of ``day``; a guideline stands under the name of its document.

    ``unreadable`` maps a file to the reason it was left out, ``twice`` a law that two folders hold to a line that names both.
    """

    day: date
    laws: dict[str, Law] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)
    twice: dict[str, str] = field(default_factory=dict)

    def reason_unreadable(self, law_id: str) -> str:
        """Why ``law_id`` cannot be read (a file named after it, two folders that hold it); "" where it can."""
        if law_id in self.twice:
            return self.twice[law_id]
        for path, reason in self.unreadable.items():
            if law_id in path.name or law_id in path.parent.name:
                return f"statute file {path} cannot be read: {reason}"
        return ""

    def reason_missing(self, law_id: str) -> str:
        """Why ``law_id`` is not there: a file of that name that cannot be read, or none at all."""
        if reason := self.reason_unreadable(law_id):
            return reason
        others = "; ".join(f"{path.name}: {why}" for path, why in self.unreadable.items() if path.suffix != ".md")
        return f"unknown law {law_id}: no file for it in the statutes given" + (
            f" (unreadable: {others})" if others else ""
        )


def read_statutes(folders: Path | Sequence[Path], today: date | None = None) -> Statutes:
    """Read every XML, JSON and Markdown file below the folders.

    A file that cannot be read is listed, not raised: it matters only to the items that cite its law. Files that are neither
    statute nor guideline are passed over; a list of changes (:func:`~jeval.finreg.lawfile.read_changes`) adds coming wordings.
    Where a law occurs in several revisions the newest that is in force on ``today`` (default: the day of the call) is the main
    text; older ones become earlier wordings, enacted ones that begin later coming wordings.

    Raises:
        InputError: no such folder, or no statute in it.
    """
    given = list(dict.fromkeys([folders] if isinstance(folders, Path) else folders))
    if not given:
        raise InputError("no folder of statutes; name one with --statutes DIR or JEVAL_STATUTES")
    found = Statutes(today or date.today())
    holders: dict[str, Path] = {}
    changes: dict[str, list[Wording]] = {}
    for folder in given:
        revisions = _revisions(folder, found, changes)
        for law_id, laws in revisions.items():
            if (first := holders.setdefault(law_id, folder)) != folder:
                found.twice[law_id] = f"two folders hold {laws[0].short_title}: {first} and {folder}; give one of them"
            found.laws[law_id] = _merge(laws, found.day)
    for law_id, law in found.laws.items():
        news = tuple(
            one for one in changes.get(law_id, ()) if one.since and (law.as_of is None or one.since > law.as_of)
        )
        found.laws[law_id] = replace(law, later=(*law.later, *news))
    return found


def _revisions(folder: Path, found: Statutes, changes: dict[str, list[Wording]]) -> dict[str, list[Law]]:
    """The texts of one folder by law; what cannot be read goes to ``found``, lists of changes to ``changes``."""
    if not folder.is_dir():
        raise InputError(
            f"--statutes {folder}: no such folder; expected e-Gov XML or JSON files of statutes, or guidelines as Markdown"
        )
    revisions: dict[str, list[Law]] = {}
    broken = len(found.unreadable)
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".xml", ".json", ".md"}):
        try:
            law = read_guideline(path) if path.suffix.lower() == ".md" else read_law(path)
            if law is None and path.suffix.lower() == ".json":
                for law_id, coming in read_changes(path):
                    changes.setdefault(law_id, []).append(coming)
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
    if not revisions and len(found.unreadable) == broken:
        raise InputError(
            f"--statutes {folder}: no statute found; expected e-Gov XML, e-Gov API v2 JSON or jeval's JSON, or guidelines as Markdown"
        )
    return revisions


def _reads_alike(one: Law, other: Law) -> bool:
    return one.articles.keys() == other.articles.keys() and all(
        normalised(article.text) == normalised(other.articles[number].text) for number, article in one.articles.items()
    )


def _merge(laws: list[Law], today: date) -> Law:
    ordered = sorted(laws, key=lambda law: law.as_of or date.min)
    begun = [law for law in ordered if law.as_of is None or law.as_of <= today] or ordered[:1]
    main = begun[-1]
    earlier = tuple(
        Wording(old.articles, since=old.as_of, until=new.as_of, edition=old.edition) for old, new in pairwise(begun)
    )
    coming = tuple(
        Wording(
            new.articles,
            since=new.as_of,
            gone=frozenset(main.articles.keys() - new.articles.keys()),
            edition=new.edition,
        )
        for new in ordered[len(begun) :]
    )
    return replace(main, previous=(*main.previous, *earlier), later=(*main.later, *coming))
