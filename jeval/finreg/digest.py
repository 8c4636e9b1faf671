"""Write the digests of the cited articles into the item files: ``jeval bank digest --statutes DIR``.

Sets ``article_sha256`` and ``as_of`` from the statutes, and the dates between which the wording is in force where the
statutes (or ``data/finreg/knowledge/changes.tsv``) tell them and the item does not. Run it after writing or re-reading
items, never to silence the statute check: a new digest says that somebody has read the new wording.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from jeval.errors import InputError
from jeval.finreg.bank import item_files
from jeval.finreg.changes import known_changes
from jeval.finreg.locate import Finding, locate, words_in
from jeval.finreg.schema import AnyItem, parse_item
from jeval.finreg.statutes import Statutes
from jeval.finreg.wording import Article, Law, Wording, digest, normalised
from jeval.reading import Row, dump_jsonl, numbered_jsonl
from jeval.writing import SHARED, write_text

_STAMPED = ("as_of", "article_sha256", "clause_sha256", "in_force_from", "in_force_until")


def stamp_all(items: Path | None, statutes: Statutes) -> tuple[int, int, list[str]]:
    """Stamp one item file, or all of a folder (default: the packed bank).

    Returns:
        The numbers of changed lines and of files, and the problems.

    Raises:
        InputError: no item file there, or one that is not JSON Lines.
    """
    files = item_files(items)
    changed = 0
    problems: list[str] = []
    for path in files:
        some, found = stamp(path, statutes)
        changed += some
        problems += [f"{path.name}: {problem}" for problem in found]
    return changed, len(files), problems


def stamp(path: Path, statutes: Statutes) -> tuple[int, list[str]]:
    """Rewrite one item file in place; the order of its lines stays.

    Returns:
        The number of changed lines, and the problems (law or article unknown, words not found, schema).

    Raises:
        InputError: the file is not JSON Lines.
    """
    problems: list[str] = []
    rows: list[Row] = []
    changed = 0
    for number, row in numbered_jsonl(path, what="item file"):
        stamped, problem = _stamped(row, f"{path.name}:{number}", statutes)
        rows.append(stamped)
        changed += stamped != row
        problems += [problem] if problem else []
    text = dump_jsonl(rows)
    if changed and text != path.read_text(encoding="utf-8"):
        write_text(path, text, mode=SHARED)
    return changed, problems


def _stamped(row: Row, where: str, statutes: Statutes) -> tuple[Row, str]:
    """The row with what the statutes say of its article, and what does not fit; as it was where it cannot be checked."""
    try:
        item = parse_item(row, where)
    except InputError as err:
        return row, str(err)
    located = locate(item, statutes)
    if isinstance(located, Finding):
        return row, located.line()
    law, article = located
    facts = {"article_sha256" if item.tier == "law" else "clause_sha256": digest(article.text)}
    if law.as_of and article is law.articles.get(item.article):
        facts["as_of"] = law.as_of.isoformat()
    facts.update(_dates(item, law, article))
    lost = (
        ""
        if words_in(item, article)
        else f"{item.id}: words not in {item.law} {item.article} {item.paragraph}: {item.basis}"
    )
    return _merged(row, facts), lost


def _dates(item: AnyItem, law: Law, article: Article) -> dict[str, str]:
    dates: dict[str, str] = {}
    if item.in_force_from is None:
        begins = [earlier.until for earlier in law.previous if earlier.until and _differs(item, article, earlier)]
        begins += [change.since for change in known_changes() if change.concerns(item)]
        if begins and (item.in_force_until is None or max(begins) <= item.in_force_until):
            dates["in_force_from"] = max(begins).isoformat()
    for coming in sorted((c for c in law.later if c.since and c.fixed), key=lambda c: c.since or date.max):
        if coming.since is None:
            continue
        gone = _differs(item, article, coming)
        if item.in_force_until is None and gone and not (item.in_force_from and item.in_force_from >= coming.since):
            dates["in_force_until"] = (coming.since - timedelta(days=1)).isoformat()
            break
        if item.in_force_until == coming.since:
            dates["in_force_until"] = (coming.since - timedelta(days=1)).isoformat()
    return dates


def _differs(item: AnyItem, article: Article, other: Wording) -> bool:
    """The other wording changes or drops the paragraph (or article) that the item cites."""
    if item.article in other.gone:
        return True
    there = other.articles.get(item.article)
    if there is None:
        return False
    here, part = article.part(item.paragraph), there.part(item.paragraph)
    return here is not None and (part is None or normalised(part) != normalised(here))


def _merged(row: Row, facts: dict[str, str]) -> Row:
    """The row with the facts where ``as_of`` stands."""
    merged: Row = {}
    for key, old in row.items():
        if key == "as_of":
            known = {name: facts.get(name) or row.get(name) for name in _STAMPED}
            merged.update({name: value for name, value in known.items() if value})
        elif key not in _STAMPED:
            merged[key] = old
    return merged
