"""Which paragraphs of the statutes the two models read: those that items cite, and as many of the same laws that none cites."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jeval.errors import InputError
from jeval.finreg.locate import locate
from jeval.finreg.schema import AnyItem
from jeval.finreg.statutes import Statutes
from jeval.finreg.wording import Law

#: Characters of a paragraph: shorter ones say nothing, longer ones are lists that would cost most of the time.
SHORTEST, LONGEST = 25, 200


@dataclass(frozen=True)
class Passage:
    """One 項 of a statute; ``law`` is the short title, ``article`` as items write it ("36の3"), ``text`` without its number."""

    law_id: str
    law: str
    article: str
    paragraph: str
    text: str

    @property
    def cite(self) -> str:
        """As items cite it: 金商法第36条の3第1項."""
        number, *branch = self.article.split("の")
        where = f"第{number}条" + "".join(f"の{part}" for part in branch) if number.isdigit() else self.article
        return f"{self.law}{where}" + (f"第{self.paragraph}項" if self.paragraph else "")


def cited(items: Iterable[AnyItem], statutes: Statutes) -> list[Passage]:
    """The paragraphs of statutes that the items cite, each once, in the wording they are about; guidelines have none.

    Raises:
        InputError: the folder lacks the article of an item.
    """
    found: dict[tuple[str, str, str], Passage] = {}
    for item in items:
        if item.tier != "law":
            continue
        located = locate(item, statutes)
        if not isinstance(located, tuple):
            raise InputError(f"--statutes: {located.line()}; `jeval items verify --statutes DIR` checks the folder")
        text = plain(located[1].part(item.paragraph) or "")
        if SHORTEST <= len(text) <= LONGEST:
            passage = Passage(item.law_id, item.law, item.article, item.paragraph, text)
            found.setdefault((item.law_id, item.article, item.paragraph), passage)
    return list(found.values())


def others(read: list[Passage], items: Iterable[AnyItem], statutes: Statutes, seed: int = 0) -> list[Passage]:
    """As many paragraphs of articles that no item cites: of the same laws as far as they have them, nearest in length."""
    taken = {(item.law_id, item.article) for item in items}
    names = {passage.law_id: passage.law for passage in read}
    free = {law_id: list(_paragraphs(statutes.laws[law_id], names[law_id], taken)) for law_id in sorted(names)}
    rng = random.Random(seed)
    for passages in free.values():
        rng.shuffle(passages)
    chosen: list[Passage] = []
    for passage in read:
        # A short law whose articles are nearly all cited is made up for by the one that has most left.
        pool = free[passage.law_id] or max(free.values(), key=len)
        if not pool:
            raise InputError("--statutes: too few articles that no item cites; give the whole statutes")
        nearest = min(pool, key=lambda other: abs(len(other.text) - len(passage.text)))
        pool.remove(nearest)
        chosen.append(nearest)
    return chosen


def _paragraphs(law: Law, name: str, taken: set[tuple[str, str]]) -> Iterator[Passage]:
    for number, article in law.articles.items():
        if (law.law_id, number) in taken or not number[0].isdigit():
            continue
        parts = article.paragraphs
        for index, part in enumerate(parts, 1):
            text = plain(part)
            if SHORTEST <= len(text) <= LONGEST:
                yield Passage(law.law_id, name, number, str(index) if len(parts) > 1 else "", text)


def plain(text: str) -> str:
    """A paragraph without its number."""
    return re.sub(r"^[０-９0-9]+　", "", text).strip()


def laws_of(passages: Iterable[Passage]) -> dict[str, int]:
    """How many passages of each law, most first."""
    return dict(Counter(passage.law for passage in passages).most_common())
