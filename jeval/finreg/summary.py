"""The regulation part of the report: where a model knows the law, and how far prompts and positions move the score.

What it says in words is ``data/finreg/knowledge/report.yaml``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from jeval.domain.section import Cell, Section, Table
from jeval.domain.summary import Row, TaskSamples, estimate, grouped
from jeval.finreg import bank
from jeval.finreg.answer import judge
from jeval.finreg.business import binds
from jeval.finreg.guessers import HELD, modal_figure, run
from jeval.finreg.kinds import kind_names
from jeval.finreg.phrases import Phrases
from jeval.finreg.schema import BUSINESSES, TIERS
from jeval.finreg.themes import themes
from jeval.statistics import wilson

_RANGE_OF_THREE = 1.693  # expected range of three standard normal values (Tippett 1925)
_HABIT = 0.9  # of the answers at one position, and a score says nothing of knowledge
_FEW = 5  # fewer items than this say too little to stand in a row of their own


def sections(samples: Sequence[TaskSamples], lang: str) -> list[Section]:
    """The regulation part of the report, in Japanese (``ja``) or English; nothing where no regulation item has a score."""
    say = Phrases("ja" if lang == "ja" else "en")
    tasks = [task for task in samples if task.kind in kind_names() and task.scored]
    if not tasks:
        return []
    everything = [row for task in tasks for row in task.scored]
    options = [task for task in tasks if task.kind in ("choice", "case")]
    result = [
        Section(
            say.text("laws_and_themes"),
            [*_habits(options, say), say.text("clustered"), say.text("mixed")],
            [_by_law(everything, say), _by_theme(everything, say), _by_difficulty(everything, say)],
        ),
        Section(
            say.text("by_business_and_tier"),
            [say.text("by_business_text"), say.text("by_tier_text")],
            [_by_business(everything, say), _by_tier(everything, say)],
        ),
        Section(say.text("templates"), [say.text("templates_text")], [_templates(tasks, say)], folded=True),
    ]
    if options:
        table = _positions(options, say)
        result.append(Section(say.text("positions"), [say.text("positions_text")], [table], folded=True))
    if figures := [task for task in tasks if task.kind == "figure"]:
        result.append(Section(say.text("figures"), [say.text("figures_text")], [_figures(figures, say)]))
    newest = max(str(doc.get("as_of") or "") for doc, _ in everything)
    return [
        *result,
        Section(say.text("guessers"), [say.text("guessers_text")], [_guessers(tasks, say)], folded=True),
        Section(
            say.text("wordings"), [say.text("wordings_text", newest=newest)], [_wordings(everything, say)], folded=True
        ),
    ]


def _title(task: TaskSamples, say: Phrases) -> str:
    if task.title:
        return task.title
    name = kind_names()[task.kind]
    return (name.ja if say.lang == "ja" else name.en) + (say.text("search") if task.suite == "search" else "")


def _estimate(rows: Iterable[Row]) -> list[Cell]:
    """n, articles, score, low, high, chance."""
    kept = list(rows)
    found = estimate(kept)
    chance = sum(float(doc.get("chance", 0.0)) for doc, _ in kept) / len(kept)
    return [found.n, found.clusters, found.score, found.low, found.high, chance]


def _by_law(rows: Sequence[Row], say: Phrases) -> Table:
    return _breakdown(say.text("by_law"), _gathered(grouped(rows, "law"), say), say)


def _by_theme(rows: Sequence[Row], say: Phrases) -> Table:
    titles = {theme.id: theme.ja if say.lang == "ja" else theme.en for theme in themes()}
    groups = _gathered(grouped(rows, "theme"), say)
    return _breakdown(say.text("by_theme"), {titles.get(name, name): group for name, group in groups.items()}, say)


def _by_business(rows: Sequence[Row], say: Phrases) -> Table:
    """Items that bind each kind of firm, "all" in every row and in one of their own."""
    groups = {kind: [row for row in rows if binds(row[0], kind)] for kind in BUSINESSES}
    return _breakdown(
        say.text("by_business"), {say.business(kind): group for kind, group in groups.items() if group}, say
    )


def _by_tier(rows: Sequence[Row], say: Phrases) -> Table:
    groups = grouped(rows, lambda doc: str(doc.get("tier") or "law"))
    return _breakdown(say.text("by_tier"), {say.tier(tier): groups[tier] for tier in TIERS if tier in groups}, say)


def _by_difficulty(rows: Sequence[Row], say: Phrases) -> Table:
    groups = _gathered(grouped(rows, "difficulty"), say)
    return _breakdown(say.text("by_difficulty"), {name: groups[name] for name in sorted(groups)}, say)


def _gathered(groups: Mapping[str, list[Row]], say: Phrases) -> dict[str, list[Row]]:
    """The groups, largest first; several too small for a row of their own are one, the last."""
    ordered = sorted(groups, key=lambda name: (-len(groups[name]), name))
    small = [name for name in groups if len(groups[name]) < _FEW]
    if len(small) < 2:
        return {name: groups[name] for name in ordered}
    found = {name: groups[name] for name in ordered if name not in small}
    found[say.text("others", n=len(small), few=_FEW)] = [row for name in small for row in groups[name]]
    return found


def _breakdown(caption: str, groups: Mapping[str, list[Row]], say: Phrases) -> Table:
    return Table(caption, ["", *say.columns("estimate")], [[name, *_estimate(group)] for name, group in groups.items()])


def _wordings(rows: Sequence[Row], say: Phrases) -> Table:
    """Items by the days on which their wording begins and ends, where known."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for doc, score in rows:
        dates = str(doc.get("in_force_from") or ""), str(doc.get("in_force_until") or "")
        groups.setdefault(dates, []).append((doc, score))
    none = say.text("not_recorded")
    lines = [[begins or none, ends or none, *_estimate(groups[begins, ends])] for begins, ends in sorted(groups)]
    return Table(say.text("wordings_table"), [*say.columns("wordings"), *say.columns("estimate")], lines)


def _templates(tasks: Sequence[TaskSamples], say: Phrases) -> Table:
    lines: list[list[Cell]] = []
    for task in tasks:
        rows = task.scored
        groups = grouped(rows, "template")
        scores = []
        for name in sorted(groups):
            found = estimate(groups[name])
            scores.append(float(found.score or 0))
            lines.append([_title(task, say), name, found.n, found.score, found.low, found.high, None, None])
        mean = sum(score for _, score in rows) / len(rows)
        by_chance = _RANGE_OF_THREE * math.sqrt(mean * (1 - mean) * len(groups) / len(rows))
        apart = max(scores) - min(scores)
        lines.append([_title(task, say), say.text("spread"), len(rows), None, None, None, apart, by_chance])
    return Table(say.text("templates_table"), say.columns("templates"), lines)


def _habits(tasks: Sequence[TaskSamples], say: Phrases) -> list[str]:
    """Tasks of which nearly all answers stand at one position."""
    found = []
    for task in tasks:
        for place in range(4):
            picked = task.metric(f"picked_{place + 1}")
            if picked and (share := sum(picked) / len(picked)) >= _HABIT:
                found.append(say.text("positions_habit", task=_title(task, say), share=share, place=place + 1))
    return found


def _positions(tasks: Sequence[TaskSamples], say: Phrases) -> Table:
    lines: list[list[Cell]] = []
    for task in tasks:
        for place in range(4):
            picked = task.metric(f"picked_{place + 1}")
            here = [score for doc, score in task.scored if int(doc.get("target", -1)) == place]
            if not picked:
                continue
            share = sum(picked) / len(picked)
            low, high = wilson(share, len(picked))
            hit = sum(here) / len(here) if here else None
            lines.append([_title(task, say), place + 1, len(picked), share, low, high, len(here), hit])
    return Table(say.text("positions_table"), say.columns("positions"), lines)


def _figures(tasks: Sequence[TaskSamples], say: Phrases) -> Table:
    lines: list[list[Cell]] = []
    for task in tasks:
        tally = Counter(judge(one.doc, str(one.outputs[0]) if one.outputs else "").outcome for one in task.samples)
        lines += [[_title(task, say), say.verdict(outcome), n, n / tally.total()] for outcome, n in tally.most_common()]
    return Table(say.text("figures_table"), say.columns("figures"), lines)


def _guessers(tasks: Sequence[TaskSamples], say: Phrases) -> Table:
    lines: list[list[Cell]] = []
    items = {item.id: item for item in bank.load()}
    for task in tasks:
        rows = task.scored
        shown = [items[doc["id"]] for doc, _ in rows if doc["id"] in items]
        if not shown:
            continue
        model = sum(score for _, score in rows) / len(rows)
        if task.kind == "figure":
            modal = modal_figure(shown)
            lines.append([_title(task, say), say.guesser("commonest"), modal.n, modal.accuracy, None, model])
        lines += [
            [_title(task, say), say.guesser(o.guesser), o.n, o.accuracy, o.chance, model]
            for o in run(shown)
            if o.guesser in HELD
        ]
    return Table(say.text("guessers_table"), say.columns("guessers"), lines)
