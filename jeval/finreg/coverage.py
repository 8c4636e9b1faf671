"""What the item bank covers, by law and topic: the table of ``docs/finreg.md``.

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


def counts(items: Sequence[AnyItem]) -> dict[str, Counter[tuple[str, str]]]:
    """Items per law id, kind and suite."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    for item in items:
        found.setdefault(item.law_id, Counter())[item.kind, item.suite] += 1
    return found


def markdown(items: Sequence[AnyItem]) -> str:
    """The coverage table: audit + search items per law and kind, articles cited, topics."""
    from jeval.finreg.statutes import known_laws

    found = counts(items)
    names = {"statement": "正誤対", "choice": "四択", "figure": "数値", "case": "事例"}
    lines = [
        "監査用＋探索用の問題数 (audit + search items)。",
        "",
        f"| 法令 | {' | '.join(names[kind] for kind in KINDS)} | 計 | 条文 | 論点 |",
        f"| --- |{' --- |' * (len(KINDS) + 3)}",
    ]
    total: Counter[tuple[str, str]] = Counter()
    for law in known_laws():
        here = found.get(law.law_id, Counter())
        total += here
        mine = [item for item in items if item.law_id == law.law_id]
        topics = Counter(item.topic for item in mine)
        listed = "、".join(f"{topic} {n}" for topic, n in sorted(topics.items(), key=lambda kv: (-kv[1], kv[0])))
        articles = len({item.article for item in mine})
        lines.append(f"| {law.short_title} | {_cells(here)} | {sum(here.values())} | {articles} | {listed} |")
    articles = len({item.cluster for item in items})
    lines.append(f"| 計 | {_cells(total)} | {sum(total.values())} | {articles} | |")
    return "\n".join(lines)


def _cells(here: Counter[tuple[str, str]]) -> str:
    return " | ".join("＋".join(str(here[kind, suite]) for suite in SUITES) for kind in KINDS)


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
