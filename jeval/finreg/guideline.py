"""One file of a guideline: Markdown with a header that names title and edition, and a heading for each clause.

The header stands between two lines ``---``, a line ``name: value`` each: ``title`` and ``edition``; where they differ from what the file
tells, ``document`` (else the name of the file) and ``as_of`` (else the last day that the edition names; a month counts from its first).
A clause is what stands under a heading that begins with its number (``## Ⅴ-3-3-6 …``), up to the next heading; in texts
taken from pages also a paragraph that begins with one (``VIII-3-1-2所属銀行…``), and where there are no headings ``（問１）`` or ``３ …``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from jeval.finreg.citation import place
from jeval.finreg.wording import Article, Law

_HEADING = re.compile(r"#{2,6}\s+(.+)")
_NUMBER = re.compile(r"\(?((?:第|別添|問|Q)?(?:[IVX]+|[0-9]+)(?:-(?:[0-9]+|\([0-9]+\)))*)\)?")
_PARAGRAPH = re.compile(r"^[IVX]+(?:-[0-9]+)+(?![0-9]*[)」])")
_UNMARKED = re.compile(r"\(問[0-9]+\)|[0-9]{1,2}(?= \S)")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー－", "-"))
_DAY = re.compile(r"(?:(\d{4})-(\d\d)(?:-(\d\d))?|(平成|令和) ?(\d+|元)年 ?(\d+)月(?: ?(\d+)日)?)")
_ERAS = {"平成": 1988, "令和": 2018}


def clause_number(text: str) -> str:
    """The number that a heading begins with, in the one spelling that items use (V-3-3-6, 3-5-3-4, 第4-2-(1), 問1); "" for none."""
    found = _NUMBER.match(_plain(text))
    return found[1] if found else ""


def read_guideline(path: Path) -> Law | None:
    """Read one file; ``None`` for Markdown without title and edition.

    Raises:
        ValueError: not UTF-8, or no clause in it.
        OSError: the file cannot be opened.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0].strip() != "---" or "---" not in lines[1:]:
        return None
    end = lines.index("---", 1)
    head = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:end])}
    if not head.get("title") or not head.get("edition"):
        return None
    clauses: dict[str, Article] = {}
    for number, caption, text in _clauses(lines[end + 1 :]):
        before = f"{clauses[number].text}\n" if number in clauses else ""  # one number over two headings
        clauses[number] = Article(number, caption, before + text)
    if not clauses:
        raise ValueError("a guideline without clauses; expected headings like '## 3-5 …'")
    return Law(
        law_id=head.get("document") or path.stem,
        title=head["title"],
        short_title=head["title"],
        as_of=_days(head.get("as_of", "")) or _days(head["edition"]),
        articles=clauses,
        source=str(path),
        edition=head["edition"],
    )


def same_edition(wanted: str, edition: str, day: date | None) -> bool:
    """Whether an item's edition, a name or a day, is the one of a text."""
    return _bare(wanted) == _bare(edition) or (day is not None and wanted.strip() == day.isoformat())


def _clauses(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """Number, caption and text of each clause, in order; a heading without a number stands under its words."""
    headed = any(_HEADING.match(line) for line in lines)
    number, caption, kept = "", "", list[str]()
    before = ""
    for line in lines:
        heading = _HEADING.match(line)
        if headed:
            unmarked = not before.strip() and _PARAGRAPH.match(_plain(line)) and _follows(number, clause_number(line))
        else:
            unmarked = bool(_UNMARKED.match(_plain(line)))
        if heading or unmarked:
            if number and any(kept):
                yield number, caption, "\n".join(kept).strip()
            caption = heading[1] if heading else line
            number = clause_number(caption) or caption.strip()
            number, kept = number if heading else _innermost(number, _plain(line)), []
        if not heading:
            kept.append(line)
        before = line
    if number and any(kept):
        yield number, caption, "\n".join(kept).strip()


def _innermost(number: str, line: str) -> str:
    """The last of headings that a page runs together (VIII-3-2許可申請に係る事務処理VIII-3-2-1許可申請に…): each the first part of the one before."""
    while f"{number}-1" in line and re.search(rf"{number}[^、。「(0-9-]{{1,40}}{number}-1(?![0-9])", line):
        number += "-1"
    return number


def _follows(number: str, other: str) -> bool:
    """Whether a clause may come after another: a paragraph may also begin with the number of a clause that it refers to."""
    here, there = place(number), place(other)
    return there > here and (here[:1] == there[:1] or there[1] <= 2)


def _plain(text: str) -> str:
    return re.sub(r"^\s+|(?<=[(第問別添]) +", "", unicodedata.normalize("NFKC", text).translate(_DASHES))


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _days(text: str) -> date | None:
    """The last day that a text names."""
    found = []
    for year, month, day, era, of_era, its_month, its_day in _DAY.findall(unicodedata.normalize("NFKC", text)):
        number = int(year) if year else _ERAS[era] + (1 if of_era == "元" else int(of_era))
        try:
            found.append(date(number, int(month or its_month), int(day or its_day or 1)))
        except ValueError:
            continue
    return max(found, default=None)
