"""How articles and the places in them are cited: their order, and whether a place that a text names is there."""

from __future__ import annotations

import re

from jeval.finreg.schema import AnyItem
from jeval.finreg.wording import Article
from jeval.japanese.numerals import KANJI, value

Place = tuple[int, ...]
Spans = tuple[tuple[Place, Place], ...]

_ROMAN = {"I": 1, "V": 5, "X": 10}

# 第36条の3第2項第1号の2ただし書
_CITED = re.compile(r"第(\d+条(?:の\d+)*)(?:第(\d+)項)?(?:第(\d+)号((?:の\d+)*))?(ただし書|本文|後段|前段)?")
# What a 項 holds that has this part: a proviso begins with ただし, a second sentence follows a full stop.
_SIGNS = {"ただし書": "ただし、", "本文": "ただし、", "後段": "。", "前段": "。"}


def place(article: str) -> Place:
    """The numbers of an article or clause, by which they are ordered: 36の3 is (36, 3), V-3-6 is (5, 3, 6), a schedule without a
    number ().
    """
    numbers = re.findall(r"\d+|[IVX]+", article)
    return tuple(int(number) if number.isdecimal() else _roman(number) for number in numbers)


def spans(text: str) -> Spans:
    """The first and last places of ``36, 39..44``."""
    ends = [part.partition("..") for part in text.split(", ")]
    return tuple((place(first), place(last or first)) for first, _, last in ends)


def within(given: Spans, here: Place) -> bool:
    """Whether a place lies in one of the spans; a span ends with the branches of its last place (37の6 in 36..37)."""
    return any(first <= here and here[: len(last)] <= last for first, last in given)


def _roman(number: str) -> int:
    values = [_ROMAN[letter] for letter in number]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def missing_places(item: AnyItem, article: Article) -> list[str]:
    """Places of the cited article that the item's texts name (第3項第2号ただし書) and that the article does not have."""
    asked = (item.true, item.false) if item.kind == "statement" else (item.question,)
    missing = []
    for cited in (match for text in (*asked, item.why, *item.why_wrong) for match in _CITED.finditer(text)):
        number, paragraph, row, branch, sentence = cited.groups()
        before = cited.string[: cited.start()]
        elsewhere = before.endswith(("法", "令", "則")) and not before.endswith((item.law, "同法", "同令", "同規則"))
        if number.replace("条", "") != item.article or elsewhere:
            continue
        part = article.part(paragraph or "") or ""
        if not (
            part
            and (not row or has_row(part, row, branch))
            and (not sentence or _SIGNS[sentence] in part.rstrip().removesuffix("。"))
        ):
            missing.append(cited[0])
    return missing


def has_row(part: str, number: str, branch: str) -> bool:
    """Whether a 号 of this number (第2号の3: branch "の3") begins a line of the text."""
    wanted = [int(number), *map(int, re.findall(r"\d+", branch))]
    titles = re.findall(rf"^[\s　]*([{KANJI}][{KANJI}の]*)[\s　]", part, re.MULTILINE)
    return any([value(n) for n in title.split("の")] == wanted for title in titles)
