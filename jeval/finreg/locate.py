"""Where in the statutes an item rests: the law, the article in the wording it is about, the words."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from jeval.finreg.guideline import same_edition
from jeval.finreg.schema import AnyItem
from jeval.finreg.statutes import Statutes
from jeval.finreg.wording import Article, Law, Wording, normalised
from jeval.record.schema import Written

FindingKind = Literal[
    "amended",
    "words missing",
    "no such place",
    "no digest",
    "unknown law",
    "unreadable file",
    "missing article",
    "held twice",
    "another edition",
    "moved",
    "coming change",
]


class Finding(Written):
    """One result of the check of an item.

    Attributes:
        id, law, article: the item and what it cites.
        kind: "amended", "words missing", "no such place", "no digest" (failures, exit code 1); "unknown law", "unreadable
            file", "missing article", "held twice" (the law, by two folders), "another edition" and "moved" (of guidelines: the
            edition given is not the item's; its words stand in another clause) (the item cannot be checked, exit code 2);
            "coming change" (a note).
        reason: the finding in words.
        old, new: the days on which the wording the item was written for, and the wording found, took effect ("" where not
            known).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    law: str
    article: str
    kind: FindingKind
    reason: str
    old: str = ""
    new: str = ""

    @classmethod
    def of(cls, item: AnyItem, kind: FindingKind, reason: str, old: str = "", new: str = "") -> Finding:
        """A finding on an item."""
        return cls(id=item.id, law=item.law, article=item.article, kind=kind, reason=reason, old=old, new=new)

    def line(self) -> str:
        """Item, article and reason in one line."""
        return f"{self.id}: {self.law} {self.article}: {self.reason}"


def locate(item: AnyItem, statutes: Statutes) -> tuple[Law, Article] | Finding:
    """The law and the article in the wording that the item is about, or why the item cannot be checked."""
    kind: FindingKind
    law = statutes.laws.get(item.law_id)
    if reason := statutes.twice.get(item.law_id, ""):
        kind = "held twice"
    elif law is None:
        kind, reason = "unknown law", statutes.reason_missing(item.law_id)
    elif reason := statutes.reason_unreadable(item.law_id):
        kind = "unreadable file"
    elif reason := _other_edition(item, law):
        kind = "another edition"
    elif item.tier != "law" and (reason := _moved(item, applicable(item, law))):
        kind = "moved"
    elif article := applicable(item, law).articles.get(item.article):
        return law, article
    else:
        as_of = f" as of {law.as_of}" if law.as_of else ""
        one = "article" if item.tier == "law" else "clause"
        kind, reason = "missing article", f"missing {one}: {law.short_title}{as_of} has no {one} {item.article}"
    return Finding.of(item, kind, reason)


def _other_edition(item: AnyItem, law: Law) -> str:
    """Why the guideline given is not of the item's edition; "" where it is."""
    text = applicable(item, law)
    day = text.as_of if isinstance(text, Law) else text.since
    if item.tier == "law" or same_edition(item.edition, text.edition, day):
        return ""
    stands = _standing(item, text)
    where = f"its words stand in clause {', '.join(stands)} there" if stands else "its words are not there"
    return (
        f"the item rests on the edition {item.edition}, the text given is the edition {text.edition}; {where}: "
        "read the item again by that text and name its edition, or give the item's"
    )


def _moved(item: AnyItem, text: Law | Wording) -> str:
    """Where the words of a clause stand now, if not in it; "" where they do, or nowhere."""
    stands = _standing(item, text)
    if item.article in stands or not stands:
        return ""
    return f"the clause moved: the words it rests on stand in clause {', '.join(stands)}, not in {item.article}"


def _standing(item: AnyItem, text: Law | Wording) -> list[str]:
    """The clauses that hold the words the item rests on."""
    words = normalised(item.basis)
    return [number for number, clause in text.articles.items() if words in normalised(clause.text)]


def applicable(item: AnyItem, law: Law) -> Law | Wording:
    """The text that the item is about.

    The main one, unless the item's last day lies before it (then the earlier wording that the statute file keeps) or
    its first day after it (then the coming wording); an earlier or coming wording counts only where it has the article.
    """
    for earlier in law.previous:
        if (
            item.in_force_until
            and earlier.until
            and item.in_force_until < earlier.until
            and item.article in earlier.articles
        ):
            return earlier
    for coming in law.later:
        begins = coming.since and law.as_of and coming.since > law.as_of
        known = begins and item.article in coming.articles
        if known and item.in_force_from and coming.since and item.in_force_from >= coming.since:
            return coming
    return law


def words_in(item: AnyItem, article: Article) -> bool:
    """Whether the words the item rests on stand in the paragraph (or article) it cites."""
    part = article.part(item.paragraph)
    return part is not None and normalised(item.basis) in normalised(part)
