"""Write the digests of the cited articles into the item files: ``python -m jeval.finreg.digest --statutes DIR``.

Sets ``article_sha256`` and ``as_of`` from the statutes, and the dates between which the wording is in force where the
statutes (or ``data/finreg/knowledge/changes.tsv``) tell them and the item does not. Run it after writing or re-reading items, never
to silence the statute check: a new digest says that somebody has read the new wording.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import InputError
from jeval.finreg.bank import item_files, item_folder, read_rows
from jeval.finreg.check import Finding, locate, words_in
from jeval.finreg.statutes import Article, Law, Statutes, Wording, digest, normalised, read_statutes
from jeval.resources import data_path

if TYPE_CHECKING:
    from jeval.finreg.bank import AnyItem

_ORDER = ("as_of", "article_sha256", "in_force_from", "in_force_until")


def stamp(path: Path, statutes: Statutes) -> tuple[int, list[str]]:
    """Rewrite one item file in place.

    Returns:
        The number of changed lines, and the problems (law or article unknown, words not found, schema).
    """
    from jeval.finreg.schema import parse_item

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


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m jeval.finreg.digest", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--statutes", type=Path, required=True, help="folder of statute files")
    parser.add_argument("--items", type=Path, default=None, help="item folder or one item file; default: the bank")
    options = parser.parse_args(arguments)
    try:
        statutes = read_statutes(options.statutes)
        target = options.items or item_folder()
        files = [target] if target.is_file() else item_files(target)
        if not files:
            raise InputError(f"no item files in {target}; expected <kind>.<suite>.<part>.jsonl")
        total, problems = 0, []
        for path in files:
            changed, found = stamp(path, statutes)
            total += changed
            problems += [f"{path.name}: {problem}" for problem in found]
    except InputError as err:
        print(f"jeval: {err}", file=sys.stderr)
        return 2
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{total} items stamped in {len(files)} files; {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
