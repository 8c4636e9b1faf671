"""The regulation part of the report: where a model knows the law, and how far prompts and positions move the score."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from jeval.domain.section import Cell, Section, Table
from jeval.domain.summary import Row, TaskSamples, estimate, grouped
from jeval.finreg import bank
from jeval.finreg.answer import judge
from jeval.finreg.guessers import HELD, modal_figure, run
from jeval.finreg.themes import themes
from jeval.statistics import wilson

_KINDS = {
    "statement": ("正誤記述対", "statement pairs"),
    "choice": ("四択", "choices"),
    "figure": ("数値", "figures"),
    "case": ("事例", "cases"),
}
_RANGE_OF_THREE = 1.693  # expected range of three standard normal values (Tippett 1925)
_FEW = 5  # fewer items than this say too little to stand in a row of their own


def sections(samples: Sequence[TaskSamples], lang: str) -> list[Section]:
    """The regulation part of the report."""
    ja = lang == "ja"
    tasks = [task for task in samples if task.kind in _KINDS and task.scored]
    if not tasks:
        return []
    everything = [row for task in tasks for row in task.scored]
    clustered = (
        "区間は95％Wilson区間で、同じ条文に基づく問題をまとめたクラスターに対して頑健です。"
        if ja
        else "Intervals are 95 % Wilson intervals, robust to clusters: items resting on one article count as dependent."
    )
    result = [
        Section(
            "法令別・分野別" if ja else "By law and theme",
            [clustered, _mixed(ja)],
            [
                _by(everything, "law", "法令別" if ja else "By law", ja),
                _by(everything, "theme", "分野別" if ja else "By theme", ja),
                _by(
                    everything,
                    "difficulty",
                    "難易度別（1 基本～3 応用）" if ja else "By difficulty (1 basic to 3 hard)",
                    ja,
                ),
            ],
        ),
        Section(
            "書式による差" if ja else "Spread between prompt templates",
            [
                "各問題は三つの固定書式の一つに均等に割り当てられ、得点はその平均です。差は最高の書式と最低の書式の得点差で、「偶然だけの差」は書式に影響がないときに標本の揺れだけで生じる差の期待値です。"
                if ja
                else "Each item has one of three fixed templates, assigned evenly; the score averages over them. "
                "The spread is the best template's score minus the worst's; “by sampling alone” is its expectation if templates made no difference."
            ],
            [_templates(tasks, ja)],
        ),
    ]
    if options := [task for task in tasks if task.kind in ("choice", "case")]:
        result.append(_positions(options, ja))
    if figures := [task for task in tasks if task.kind == "figure"]:
        result.append(_figures(figures, ja))
    result.append(_guessers(tasks, ja))
    result.append(_wordings(everything, ja))
    return result


def _title(task: TaskSamples, ja: bool) -> str:
    search = (" (探索用)" if ja else " (search)") if task.suite == "search" else ""
    return _KINDS[task.kind][0 if ja else 1] + search


def _mixed(ja: bool) -> str:
    return (
        "行は種類の異なる問題を合わせたもので、「偶然」はその組合せで当てずっぽうが得る得点です。"
        if ja
        else "Rows pool kinds of items; “chance” is what guessing earns on that mixture."
    )


def _estimate(rows: Iterable[Row]) -> list[Cell]:
    """n, articles, score, low, high, chance."""
    kept = list(rows)
    found = estimate(kept)
    chance = sum(float(doc.get("chance", 0.0)) for doc, _ in kept) / len(kept)
    return [found.n, found.clusters, found.score, found.low, found.high, chance]


def _columns(first: str, ja: bool) -> list[str]:
    rest = (
        ["問題数", "条文数", "得点", "下限", "上限", "偶然"]
        if ja
        else ["n", "articles", "score", "low", "high", "chance"]
    )
    return [first, *rest]


def _by(rows: Sequence[Row], facet: str, caption: str, ja: bool) -> Table:
    groups = grouped(rows, facet)
    small = [name for name, group in groups.items() if len(group) < _FEW]
    if len(small) > 1:
        other = (
            f"その他（{len(small)}項目、各{_FEW}問未満）"
            if ja
            else f"others ({len(small)}, fewer than {_FEW} items each)"
        )
        groups[other] = [row for name in small for row in groups.pop(name)]
    order = sorted(
        groups, key=lambda name: (name not in groups or name.startswith(("その他", "others")), -len(groups[name]), name)
    )
    if facet == "difficulty":
        order = sorted(groups)
    titles = {theme.id: theme.ja if ja else theme.en for theme in themes()} if facet == "theme" else {}
    return Table(caption, _columns("", ja), [[titles.get(name, name), *_estimate(groups[name])] for name in order])


def _wordings(rows: Sequence[Row], ja: bool) -> Section:
    """Items by the days on which their wording begins and ends, where known."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for doc, score in rows:
        dates = str(doc.get("in_force_from") or ""), str(doc.get("in_force_until") or "")
        groups.setdefault(dates, []).append((doc, score))
    newest = max(str(doc.get("as_of") or "") for doc, _ in rows)
    text = (
        f"問題は、照合した条文に基づきます（最も新しい改正の施行日は{newest}）。施行の初日又は末日が分かる条文の問題を、日付ごとに示します。ある日に施行されていない条文の問題は jeval run --as-of 日付 で除けます。"
        if ja
        else f"Items rest on the wording they were checked against (newest amendment in force from {newest}). Where the first or last day of a wording is "
        "known, items are shown by it; jeval run --as-of DATE leaves out those not in force on a day."
    )
    first, last, none = ("施行の初日", "施行の末日", "記録なし") if ja else ("first day", "last day", "not recorded")
    lines = [[begins or none, ends or none, *_estimate(groups[begins, ends])] for begins, ends in sorted(groups)]
    return Section(
        "条文の時点" if ja else "Dates of the wordings",
        [text],
        [Table("施行日別" if ja else "By date of the wording", [first, *_columns(last, ja)], lines)],
    )


def _templates(tasks: Sequence[TaskSamples], ja: bool) -> Table:
    lines: list[list[Cell]] = []
    for task in tasks:
        rows = task.scored
        groups = grouped(rows, "template")
        scores = []
        for name in sorted(groups):
            cells = _estimate(groups[name])
            scores.append(float(cells[2] or 0))
            lines.append([_title(task, ja), name, cells[0], *cells[2:5], None, None])
        mean = sum(score for _, score in rows) / len(rows)
        by_chance = _RANGE_OF_THREE * math.sqrt(mean * (1 - mean) * len(groups) / len(rows))
        label = "差" if ja else "spread"
        lines.append([_title(task, ja), label, len(rows), None, None, None, max(scores) - min(scores), by_chance])
    columns = (
        ["課題", "書式", "問題数", "得点", "下限", "上限", "差", "偶然だけの差"]
        if ja
        else ["task", "template", "n", "score", "low", "high", "spread", "by sampling alone"]
    )
    return Table("書式別の得点" if ja else "Score by template", columns, lines)


def _positions(tasks: Sequence[TaskSamples], ja: bool) -> Section:
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
            lines.append([_title(task, ja), place + 1, len(picked), share, low, high, len(here), hit])
    columns = (
        ["課題", "位置", "問題数", "選んだ割合", "下限", "上限", "正解がここにある問題", "その得点"]
        if ja
        else ["task", "position", "n", "chosen", "low", "high", "items right here", "their score"]
    )
    text = (
        "正解は各位置に均等に置かれています。特定の位置を選ぶ癖は得点になりませんが、癖の有無はここに表れます（偏りがなければ0.25）。"
        if ja
        else "Right answers stand evenly at all positions: a habit earns nothing, but it shows here (none: 0.25 each)."
    )
    return Section(
        "位置の癖" if ja else "Position preference",
        [text],
        [Table("選んだ位置" if ja else "Positions chosen", columns, lines)],
    )


def _figures(tasks: Sequence[TaskSamples], ja: bool) -> Section:
    names = {
        "equal": "正しい数量",
        "another value": "別の値",
        "wrong unit": "単位が違う",
        "several values": "複数の異なる値を挙げた",
        "wrong bound": "以上・超などが違う",
        "no quantity": "単位の付いた数量がない",
        "only repeated": "問いの数量の復唱か否定だけ",
    }
    lines: list[list[Cell]] = []
    for task in tasks:
        tally = Counter(judge(one.doc, str(one.outputs[0]) if one.outputs else "").outcome for one in task.samples)
        total = sum(tally.values())
        for key, count in sorted(tally.items(), key=lambda kv: -kv[1]):
            lines.append([_title(task, ja), names[key] if ja else key, count, count / total])
    columns = ["課題", "判定", "件数", "割合"] if ja else ["task", "verdict", "n", "share"]
    text = (
        "生成された答えから数量を読み取り、正確な値として比べます。二割と20％は同じ、単位違いと複数回答は誤りです。"
        if ja
        else "The quantity is read from the generated answer and compared exactly: 二割 equals 20％; wrong units and hedges are wrong."
    )
    return Section(
        "数値の答え方" if ja else "How figures were answered",
        [text],
        [Table("判定の内訳" if ja else "Verdicts", columns, lines)],
    )


def _guessers(tasks: Sequence[TaskSamples], ja: bool) -> Section:
    lines: list[list[Cell]] = []
    items = {item.id: item for item in bank.load()}
    for task in tasks:
        rows = task.scored
        shown = [items[doc["id"]] for doc, _ in rows if doc["id"] in items]
        if not shown:
            continue
        model = sum(score for _, score in rows) / len(rows)
        if task.kind == "figure":
            n, accuracy = modal_figure(shown)
            lines.append([_title(task, ja), "最頻値" if ja else "commonest value", n, accuracy, None, model])
        lines += [
            [_title(task, ja), _guesser(o.guesser, ja), o.n, o.accuracy, o.chance, model]
            for o in run(shown)
            if o.guesser in HELD
        ]
    columns = (
        ["課題", "推測器", "問題数", "得点", "偶然", "このモデル"]
        if ja
        else ["task", "guesser", "n", "score", "chance", "this model"]
    )
    text = (
        "法令を知らない推測器が同じ問題で得る得点です。偶然から離れていれば、問題に手掛かりが漏れています。"
        if ja
        else "What guessers that know no law score on the same items. Away from chance, the items give something away."
    )
    return Section(
        "推測器との比較" if ja else "Guessers", [text], [Table("推測器" if ja else "Guessers", columns, lines)]
    )


def _guesser(name: str, ja: bool) -> str:
    japanese = {
        "longest": "最も長い",
        "shortest": "最も短い",
        "specific": "最も具体的",
        "unspecific": "最も抽象的",
        "ngram": "文字n-gram",
    }
    return japanese.get(name, name) if ja else name
