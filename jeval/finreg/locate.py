"""Where in the statutes an item rests: the law, the article in the wording it is about, the words."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from jeval.finreg.schema import AnyItem
from jeval.finreg.statutes import Statutes
from jeval.finreg.wording import Article, Law, normalised
from jeval.record.schema import Written

FindingKind = Literal[
    "amended",
    "words missing",
    "no such place",
    "no digest",
    "unknown law",
    "unreadable file",
    "missing article",
    "coming change",
]


class Finding(Written):
    """One result of the check of an item.

    Attributes:
        id, law, article: the item and what it cites.
        kind: "amended", "words missing", "no such place", "no digest" (failures, exit code 1); "unknown law", "unreadable
            file", "missing article" (the item cannot be checked, exit code 2); "coming change" (a note).
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
    if law is None:
        kind, reason = "unknown law", statutes.reason_missing(item.law_id)
    elif reason := statutes.reason_unreadable(item.law_id):
        kind = "unreadable file"
    elif article := applicable(item, law):
        return law, article
    else:
        as_of = f" as of {law.as_of}" if law.as_of else ""
        kind, reason = "missing article", f"missing article: {law.short_title}{as_of} has no article {item.article}"
    return Finding.of(item, kind, reason)


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
