"""What the item bank covers, by law and by theme: the tables of ``docs/finreg.md``.

``jeval bank coverage`` prints it, ``--write`` puts it into the document; a test holds the document current.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from jeval.finreg.kinds import kind_names
from jeval.finreg.laws import known_laws
from jeval.finreg.schema import KINDS, SUITES, AnyItem
from jeval.finreg.themes import theme_of, themes


def markdown(items: Sequence[AnyItem]) -> str:
    """Two coverage tables, by law and by theme: audit + search items of each kind, the articles they rest on, the other grouping."""
    titles = {theme.id: theme.ja for theme in themes()}

    def theme(item: AnyItem) -> str:
        return titles.get(theme_of(item.law, item.article), "-")

    by_law: dict[str, list[AnyItem]] = {law.short_title: [] for law in known_laws()}
    by_theme: dict[str, list[AnyItem]] = {title: [] for title in titles.values()}
    for item in items:
        by_law.setdefault(item.law, []).append(item)
        by_theme.setdefault(theme(item), []).append(item)
    lines = [
        "監査用＋探索用の問題数 (audit + search items)。",
        "",
        *_table("法令", "分野", by_law, theme),
        _row("計", items, ""),
        "",
        *_table("分野", "法令", by_theme, lambda item: item.law),
    ]
    return "\n".join(lines)


def _table(
    first: str, last: str, groups: Mapping[str, Sequence[AnyItem]], within: Callable[[AnyItem], str]
) -> list[str]:
    lines = [
        f"| {first} | {' | '.join(kind_names()[kind].short for kind in KINDS)} | 計 | 条文 | {last} |",
        f"| --- |{' --- |' * (len(KINDS) + 3)}",
    ]
    for name, here in groups.items():
        count = Counter(within(item) for item in here)
        lines.append(_row(name, here, "、".join(f"{group} {n}" for group, n in count.most_common())))
    return lines


def _row(name: str, here: Sequence[AnyItem], last: str) -> str:
    count = Counter((item.kind, item.suite) for item in here)
    cells = ["＋".join(str(count[kind, suite]) for suite in SUITES) for kind in KINDS]
    return f"| {name} | {' | '.join(cells)} | {len(here)} | {len({item.cluster for item in here})} | {last} |"
