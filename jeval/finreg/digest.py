"""Write the digests of the cited articles into the item files: ``jeval bank digest --statutes DIR``.

Sets ``article_sha256`` and ``as_of`` from the statutes, and the dates between which the wording is in force where the
statutes (or ``data/finreg/knowledge/changes.tsv``) tell them and the item does not. Run it after writing or re-reading items, never
to silence the statute check: a new digest says that somebody has read the new wording.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.finreg.bank import AnyItem, item_files, item_folder, read_rows
from jeval.finreg.check import Finding, locate, words_in
from jeval.finreg.schema import parse_item
from jeval.finreg.statutes import Article, Law, Statutes, Wording, digest, normalised
from jeval.resources import data_path

_ORDER = ("as_of", "article_sha256", "in_force_from", "in_force_until")


def stamp(path: Path, statutes: Statutes) -> tuple[int, list[str]]:
    """Rewrite one item file in place.

    Returns:
        The number of changed lines, and the problems (law or article unknown, words not found, schema).
    """
    problems: list[str] = []
    lines: list[str] = []
    changed = 0
    for number, row in read_rows(path):
        try:
            item = parse_item(row, f"{path.name}:{number}")
        except InputError as err:
            problems.append(str(err))
            lines.append(_dump(row))
            continue
        located = locate(item, statutes)
        if isinstance(located, Finding):
            problems.append(located.line())
            lines.append(_dump(row))
            continue
        law, article = located
        if not words_in(item, article):
            problems.append(f"{item.id}: words not in {item.law} {item.article} {item.paragraph}: {item.basis}")
        facts: dict[str, Any] = {"article_sha256": digest(article.text)}
        if law.as_of and article is law.articles.get(item.article):
            facts["as_of"] = law.as_of.isoformat()
        facts.update(_dates(item, law, article))
        new = _insert(row, facts)
        changed += new != row
        lines.append(_dump(new))
    text = "".join(line + "\n" for line in lines)
    if changed and text != path.read_text(encoding="utf-8"):
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    return changed, problems


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


@dataclass(frozen=True)
class Change:
    """A row of ``data/finreg/knowledge/changes.tsv``: items whose basis has ``words`` hold from ``since``; "*" is any."""

    law_id: str
    article: str
    words: str
    since: date

    def concerns(self, item: AnyItem) -> bool:
        return (
            self.law_id in ("*", item.law_id)
            and self.article in ("*", item.article)
            and (self.words == "*" or self.words in item.basis)
        )


def known_changes() -> list[Change]:
    """``data/finreg/knowledge/changes.tsv``."""
    rows = []
    for line in data_path("finreg", "knowledge", "changes.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            law_id, article, words, day, _ = line.split("\t")
            rows.append(Change(law_id, article, words, date.fromisoformat(day)))
    return rows


def _insert(row: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key, old in row.items():
        if key == "as_of":
            merged.update({name: facts.get(name, row.get(name)) for name in _ORDER if facts.get(name) or row.get(name)})
        elif key not in _ORDER:
            merged[key] = old
    return merged


def _dump(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def stamp_all(items: Path | None, statutes: Statutes) -> tuple[int, int, list[str]]:
    """Stamp one item file, or all of a folder (default: the packed bank).

    Returns:
        The numbers of changed lines and of files, and the problems.

    Raises:
        InputError: no item file there.
    """
    target = items or item_folder()
    files = [target] if target.is_file() else item_files(target)
    if not files:
        raise InputError(f"no item files in {target}; expected <kind>.<suite>.<part>.jsonl")
    changed, problems = 0, []
    for path in files:
        some, found = stamp(path, statutes)
        changed += some
        problems += [f"{path.name}: {problem}" for problem in found]
    return changed, len(files), problems
