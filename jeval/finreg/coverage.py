"""What the item bank covers, by law and by theme: the tables of ``docs/finreg.md``.

``python -m jeval.finreg.coverage`` prints it, ``--write`` puts it into the document; a test holds the document current.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jeval.errors import InputError
from jeval.finreg.schema import KINDS, SUITES

if TYPE_CHECKING:
    from jeval.finreg.bank import AnyItem


def markdown(items: Sequence[AnyItem]) -> str:
    """Two coverage tables, by law and by theme: audit + search items of each kind, and the articles they rest on."""
    from jeval.finreg.statutes import known_laws
    from jeval.finreg.themes import theme_of, themes

    by_law: dict[str, list[AnyItem]] = {law.short_title: [] for law in known_laws()}
    by_theme: dict[str, list[AnyItem]] = {theme.id: [] for theme in themes()}
    for item in items:
        by_law[item.law].append(item)
        by_theme.setdefault(theme_of(item.law, item.article), []).append(item)
    titles = {theme.id: theme.ja for theme in themes()}
    lines = [
        "監査用＋探索用の問題数 (audit + search items)。",
        "",
        *_table("法令", [*by_law.items(), ("計", list(items))]),
        "",
        *_table("分野", [(titles.get(theme, "なし"), here) for theme, here in by_theme.items()]),
    ]
    return "\n".join(lines)


def _table(first: str, rows: Sequence[tuple[str, Sequence[AnyItem]]]) -> list[str]:
    names = {"statement": "正誤対", "choice": "四択", "figure": "数値", "case": "事例"}
    lines = [
        f"| {first} | {' | '.join(names[kind] for kind in KINDS)} | 計 | 条文 |",
        f"| --- |{' --- |' * (len(KINDS) + 2)}",
    ]
    for name, here in rows:
        count = Counter((item.kind, item.suite) for item in here)
        cells = ["＋".join(str(count[kind, suite]) for suite in SUITES) for kind in KINDS]
        lines.append(f"| {name} | {' | '.join(cells)} | {len(here)} | {len({item.cluster for item in here})} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    from jeval import handbook
    from jeval.finreg.bank import load

    parser = argparse.ArgumentParser(prog="python -m jeval.finreg.coverage", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into docs/finreg.md")
    options = parser.parse_args(arguments)
    try:
        table = markdown(load())
        if options.write:
            handbook.write("finreg", "coverage", table)
        else:
            print(table)
    except InputError as err:
        print(f"jeval: {err}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
