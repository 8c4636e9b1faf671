"""The statute check: does every item still rest on the wording it was written for?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from jeval.finreg.bank import AnyItem, load
from jeval.finreg.statutes import Article, Law, Statutes, digest, normalised, read_statutes
from jeval.japanese.numerals import KANJI, value


@dataclass(frozen=True)
class Finding:
    """One result of the check.

    ``kind``: "amended", "words missing", "no such place", "no digest" (failures, exit code 1); "unknown law", "unreadable
    file", "missing article" (the item cannot be checked, exit code 2); "coming change" (a note). ``old`` and ``new`` are the days on
    which the wording the item was written for, and the wording found, took effect ("" where not known).
    """

    id: str
    law: str
    article: str
    kind: str
    reason: str
    old: str = ""
    new: str = ""

    def line(self) -> str:
        return f"{self.id}: {self.law} {self.article}: {self.reason}"


@dataclass
class Report:
    """Outcome for all items."""

    checked: int = 0
    laws: int = 0
    failures: list[Finding] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return 2 if self.errors else 1 if self.failures else 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "checked": self.checked,
            "laws": self.laws,
            "ok": not self.failures and not self.errors,
            **{name: [asdict(f) for f in getattr(self, name)] for name in ("failures", "errors", "notes")},
        }


def verify_items(statutes: Path | Statutes, items: Path | Iterable[AnyItem] | None = None) -> Report:
    """Check items against statutes.

    Args:
        statutes: folder of statute files, or what :func:`read_statutes` made of one.
        items: item folder, one item file, or items; default: the packed bank.

    Raises:
        InputError: the folder holds no statute, or an item breaks the schema (duplicate id, two right answers …).
    """
    found = statutes if isinstance(statutes, Statutes) else read_statutes(statutes)
    bank = load(items) if items is None or isinstance(items, Path) else tuple(items)
    report = Report(laws=len(found.laws))
    for item in bank:
        report.checked += 1
        located = locate(item, found)
        if isinstance(located, Finding):
            report.errors.append(located)
            continue
        law, wording = located
        if failure := _failure(item, law, wording):
            report.failures.append(failure)
        report.notes += _coming(item, law, wording, found.day)
    return report


def locate(item: AnyItem, statutes: Statutes) -> tuple[Law, Article] | Finding:
    """The law and the article in the wording that the item is about, or why the item cannot be checked."""
    law = statutes.laws.get(item.law_id)
    if law is None:
        kind, reason = "unknown law", statutes.reason_missing(item.law_id)
    elif reason := statutes.reason_unreadable(item.law_id):
        kind = "unreadable file"
    elif article := applicable(item, law):
        return law, article
    else:
        as_of = f" as of {law.as_of}" if law.as_of else ""
        kind, reason = "missing article", f"missing article: {law.short_title}{as_of} has no article {item.article}"
    return Finding(item.id, item.law, item.article, kind, reason)


def applicable(item: AnyItem, law: Law) -> Article | None:
    """The article in the wording that the item is about.

    The main text, unless the item's last day lies before it (then the earlier wording that the statute file keeps) or
    its first day after it (then the coming wording).
    """
    for earlier in law.previous:
        if (
            item.in_force_until
            and earlier.until
            and item.in_force_until < earlier.until
            and item.article in earlier.articles
        ):
            return earlier.articles[item.article]
    for coming in law.later:
        begins = coming.since and law.as_of and coming.since > law.as_of
        if begins and item.in_force_from and coming.since and item.in_force_from >= coming.since:
            article = coming.articles.get(item.article)
            if article is not None:
                return article
    return law.articles.get(item.article)


def words_in(item: AnyItem, article: Article) -> bool:
    """Whether the words the item rests on stand in the paragraph (or article) it cites."""
    part = article.part(item.paragraph)
    return part is not None and normalised(item.basis) in normalised(part)


_PLACE = re.compile(r"第(\d+条(?:の\d+)*)(?:第(\d+)項)?(?:第(\d+)号((?:の\d+)*))?(ただし書|本文|後段|前段)?")
_SIGNS = {"ただし書": "ただし、", "本文": "ただし、", "後段": "。", "前段": "。"}


def missing_places(item: AnyItem, article: Article) -> list[str]:
    """Places of the cited article that the item's texts name (第3項第2号ただし書) and that the article does not have."""
    texts = [getattr(item, name, "") for name in ("question", "true", "false", "why")]
    missing = []
    for place in (match for text in (*texts, *item.why_wrong) for match in _PLACE.finditer(text)):
        number, paragraph, row, branch, sentence = place.groups()
        before = place.string[: place.start()]
        elsewhere = before.endswith(("法", "令", "則")) and not before.endswith((item.law, "同法", "同令", "同規則"))
        if number.replace("条", "") != item.article or elsewhere:
            continue
        part = article.part(paragraph or "") or ""
        if not (
            part
            and (not row or _has_row(part, row, branch))
            and (not sentence or _SIGNS[sentence] in part.rstrip().removesuffix("。"))
        ):
            missing.append(place[0])
    return missing


def _has_row(part: str, number: str, branch: str) -> bool:
    """Whether a 号 of this number (第2号の3: branch "の3") begins a line of the text."""
    wanted = [int(number), *map(int, re.findall(r"\d+", branch))]
    titles = re.findall(rf"^[\s　]*([{KANJI}][{KANJI}の]*)[\s　]", part, re.MULTILINE)
    return any([value(n) for n in title.split("の")] == wanted for title in titles)


def _failure(item: AnyItem, law: Law, article: Article) -> Finding | None:
    def finding(kind: str, reason: str, new: str = "") -> Finding:
        return Finding(item.id, item.law, item.article, kind, reason, item.as_of.isoformat(), new)

    words = words_in(item, article)
    if item.article_sha256 and digest(article.text) != item.article_sha256:
        new = _new_date(item, law)
        shown = f"to {new}" if new else "to a text without a date"
        if new and date.fromisoformat(new) < item.as_of:
            reason = f"the statute given, of {new}, is older than the item's, of {item.as_of}, and reads differently"
        else:
            state = (
                "the words it rests on are still there" if words else f"the words it rests on are gone: {item.basis}"
            )
            ended = item.in_force_until and (not new or date.fromisoformat(new) > item.in_force_until)
            left = f"; the item records {item.in_force_until} as the last day of its wording" if ended else ""
            reason = f"amended since the item was written (from {item.as_of} {shown}); {state}{left}"
        return finding("amended", reason, new)
    if not words:
        place = f"paragraph {item.paragraph}" if item.paragraph else "the article"
        return finding("words missing", f"the words it rests on are not in {place}: {item.basis}")
    if missing := missing_places(item, article):
        return finding("no such place", f"the article has no {missing[0]}")
    if not item.article_sha256:
        return finding("no digest", "no digest of the article is recorded; run python -m jeval.finreg.digest")
    return None


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
    """Notes on enacted changes of the cited article that the item does not record; those in force by ``day`` ask for newer files."""
    notes = []
    for coming in law.later:
        if coming.since is None or (item.in_force_until and item.in_force_until < coming.since):
            continue
        if item.in_force_from and item.in_force_from >= coming.since:
            continue
        changed = coming.articles.get(item.article)
        if item.article not in coming.gone and (changed is None or digest(changed.text) == digest(now.text)):
            continue
        kept = changed is not None and words_in(item, changed)
        begun = coming.since <= day
        when = f"{'changed' if begun else 'changes'} {'on' if coming.fixed else 'by'} {coming.since}"
        fate = "the words it rests on stay" if kept else "the words it rests on go or move"
        newer = "; the statute given is older, check against the one in force" if begun else ""
        reason = f"article {when}; {fate}{newer}"
        notes.append(
            Finding(
                item.id,
                item.law,
                item.article,
                "coming change",
                reason,
                item.as_of.isoformat(),
                coming.since.isoformat(),
            )
        )
    return notes
