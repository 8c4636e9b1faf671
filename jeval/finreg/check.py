"""The statute check: does every item still rest on the wording it was written for?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from jeval.finreg.bank import load
from jeval.finreg.citation import missing_places
from jeval.finreg.locate import Finding, FindingKind, locate, words_in
from jeval.finreg.schema import AnyItem
from jeval.finreg.statutes import Statutes, read_statutes
from jeval.finreg.wording import Article, Law, Wording, digest, figures
from jeval.record.schema import Written


class Report(Written):
    """Outcome for all items: how many were checked against how many laws and guidelines, and what was found."""

    checked: int
    laws: int
    guidelines: int = 0
    ok: bool
    failures: list[Finding]
    errors: list[Finding]
    notes: list[Finding]

    @property
    def exit_code(self) -> int:
        """What the command line returns: 1 for an item that fails, 2 for one that cannot be checked."""
        return 2 if self.errors else 1 if self.failures else 0


def verify_items(statutes: Path | Sequence[Path] | Statutes, items: Path | Iterable[AnyItem] | None = None) -> Report:
    """Check items against statutes and guidelines.

    Args:
        statutes: folders of statutes and guidelines, or what :func:`~jeval.finreg.statutes.read_statutes` made of them.
        items: item folder, one item file, or items; default: the packed bank.

    Raises:
        InputError: the folder holds no statute, or an item breaks the schema (duplicate id, two right answers …).
    """
    found = statutes if isinstance(statutes, Statutes) else read_statutes(statutes)
    bank = load(items) if items is None or isinstance(items, Path) else tuple(items)
    failures: list[Finding] = []
    errors: list[Finding] = []
    notes: list[Finding] = []
    for item in bank:
        located = locate(item, found)
        if isinstance(located, Finding):
            errors.append(located)
            continue
        law, wording = located
        if failure := _failure(item, law, wording):
            failures.append(failure)
        notes += _coming(item, law, wording, found.day)
    return Report(
        checked=len(bank),
        laws=sum(not law.edition for law in found.laws.values()),
        guidelines=sum(bool(law.edition) for law in found.laws.values()),
        ok=not failures and not errors,
        failures=failures,
        errors=errors,
        notes=notes,
    )


def _failure(item: AnyItem, law: Law, article: Article) -> Finding | None:
    """Why the item does not stand, ``None`` where it does."""
    if item.article_sha256 and digest(article.text) != item.article_sha256:
        new = _new_date(item, law)
        return Finding.of(item, "amended", _amended(item, new, words_in(item, article)), item.as_of.isoformat(), new)
    kind: FindingKind
    if not words_in(item, article):
        place = f"paragraph {item.paragraph}" if item.paragraph else "the article"
        kind, reason = "words missing", f"the words it rests on are not in {place}: {item.basis}"
    elif missing := missing_places(item, article):
        kind, reason = "no such place", f"the article has no {missing[0]}"
    elif not item.article_sha256:
        kind, reason = "no digest", "no digest of the article is recorded; run jeval bank digest"
    else:
        return None
    return Finding.of(item, kind, reason, item.as_of.isoformat())


def _amended(item: AnyItem, new: str, words: bool) -> str:
    """How the wording changed: from when to when, and whether the words the item rests on are still there."""
    if new and date.fromisoformat(new) < item.as_of:
        return f"the statute given, of {new}, is older than the item's, of {item.as_of}, and reads differently"
    shown = f"to {new}" if new else "to a text without a date"
    said = f"amended since the item was written (from {item.as_of} {shown})"
    if new == item.as_of.isoformat():
        said = f"the text given, of {new}, reads differently from the one of that day that the item was written from"
    state = "the words it rests on are still there" if words else f"the words it rests on are gone: {item.basis}"
    ended = item.in_force_until and (not new or date.fromisoformat(new) > item.in_force_until)
    left = f"; the item records {item.in_force_until} as the last day of its wording" if ended else ""
    return f"{said}; {state}{left}"


def _new_date(item: AnyItem, law: Law) -> str:
    """The day the wording changed: exact where an earlier wording on file is the item's, else the statute's own date."""
    ends = [
        earlier.until
        for earlier in law.previous
        if earlier.until
        and (article := earlier.articles.get(item.article))
        and digest(article.text) == item.article_sha256
    ]
    last = max(ends, default=law.as_of)
    return last.isoformat() if last else ""


def _coming(item: AnyItem, law: Law, now: Article, day: date) -> list[Finding]:
    """Notes on enacted changes of the cited article: those that the item does not record, those in force by ``day`` (which ask for
    newer files), and within twelve months also those that it records.
    """
    notes = []
    for coming in law.later:
        if coming.since is None or (item.in_force_from and item.in_force_from >= coming.since):
            continue
        soon = (coming.since.year, coming.since.month, coming.since.day) <= (day.year + 1, day.month, day.day)
        begun = coming.since <= day
        recorded = item.in_force_until is not None and item.in_force_until < coming.since
        changed = coming.articles.get(item.article)
        if (recorded and (begun or not soon)) or (
            item.article not in coming.gone and (changed is None or figures(changed.text) == figures(now.text))
        ):
            continue
        reason = _change(item, coming, changed, begun=begun, soon=soon) + ("; the item records it" if recorded else "")
        notes.append(Finding.of(item, "coming change", reason, item.as_of.isoformat(), coming.since.isoformat()))
    return notes


def _change(item: AnyItem, coming: Wording, changed: Article | None, *, begun: bool, soon: bool) -> str:
    """When the article changes and what becomes of the words the item rests on, read with numbers as figures."""
    part = changed.part(item.paragraph) if changed else None
    kept = part is not None and figures(item.basis) in figures(part)
    when = f"{'changed' if begun else 'changes'} {'on' if coming.fixed else 'by'} {coming.since}"
    far = "" if soon else ", more than twelve months away"
    fate = "the words it rests on stay" if kept else "the words it rests on go or move"
    newer = "; the statute given is older, check against the one in force" if begun else ""
    return f"{'article' if item.tier == 'law' else 'clause'} {when}{far}; {fate}{newer}"
