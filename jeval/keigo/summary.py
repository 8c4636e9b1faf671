"""The keigo part of the report: by misuse and by target, scenes, guessers, and how good the instrument is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from jeval.report.section import Cell, Section, Table

if TYPE_CHECKING:
    import pandas as pd

    Rows = list[tuple[dict[str, Any], float]]

ERRORS_JA = {
    "double_honorific": "二重敬語", "kenjo_for_superior": "謙譲語を立てるべき相手に", "sonkei_for_self": "自分側に尊敬語",
    "uchi_soto": "ウチ・ソト", "sa_insertion": "さ入れ", "ra_deletion": "ら抜き", "baito_keigo": "バイト敬語",
    "wrong_form": "形の誤り", "style_mix": "文体の混在", "excessive_sasete": "過剰なさせていただく", "inappropriate_word": "不適切な語",
}  # fmt: skip
_TARGETS_JA = {
    "sonkeigo": "尊敬語", "kenjogo1": "謙譲語I", "kenjogo2": "謙譲語II", "teineigo": "丁寧語", "bikago": "美化語", "plain": "常体",
}  # fmt: skip
_SETS_JA = {
    "hearsay": "人の予定を伝える", "title": "身内の呼び方", "request": "依頼", "offer": "申し出と問い", "ability": "できると知らせる",
    "answer": "引き受ける返事", "family": "家族", "company": "自社と他社", "favour": "受けた行為とした行為",
}  # fmt: skip


def sections(samples: dict[str, pd.DataFrame], lang: str) -> list[Section]:
    """Sections of the report for the keigo tasks among ``samples`` (task name → frame of items)."""
    ja = lang == "ja"
    rows = {name: _scored(frame) for name, frame in samples.items() if "keigo" in name}
    rows = {name: found for name, found in rows.items() if found}
    if not rows:
        return []
    tables: list[Table] = []
    for name, found in rows.items():
        kind = name.rpartition("_")[2]
        suite = ("（探索用）" if ja else " (search)") if "search" in name else ""
        if kind == "pairs":
            tables.append(
                _by(found, "error_type", ("最小対：誤用の種類別" if ja else "Pairs by misuse") + suite, ja, ERRORS_JA)
            )
            tables.append(
                _by(
                    found,
                    "with_scene",
                    ("最小対：場面の有無" if ja else "Pairs with and without a scene") + suite,
                    ja,
                    {"yes": "場面あり", "no": "場面なし"},
                )
            )
        elif kind == "choice":
            tables.append(
                _by(found, "set", ("場面に合う言い方：種類別" if ja else "Choices by set") + suite, ja, _SETS_JA)
            )
        elif kind == "convert":
            tables.append(
                _by(
                    found,
                    "target",
                    ("書き換え：目標の敬語別" if ja else "Conversion by target") + suite,
                    ja,
                    _TARGETS_JA,
                )
            )
        elif kind == "correct":
            tables.append(
                _by(
                    found, "error_type", ("訂正：誤用の種類別" if ja else "Correction by misuse") + suite, ja, ERRORS_JA
                )
            )
        elif kind == "reply":
            tables.append(_reply(samples[name], ("返事の内訳" if ja else "Parts of the replies") + suite, ja))
    result = [
        Section(
            "敬語の内訳" if ja else "Keigo in detail",
            [
                "規範は文化審議会答申「敬語の指針」（2007）。区間は95％Wilson区間で、同じ枠から作った問題のまとまりに対して頑健です。"
                if ja
                else "Norm: 敬語の指針 (2007). Intervals are 95 % Wilson intervals, robust to items made from one frame."
            ],
            tables,
        )
    ]
    guessers = _guessers(rows, ja)
    if guessers:
        result.append(guessers)
    quality = _quality(ja)
    if quality and any(name.rpartition("_")[2] in {"convert", "correct", "reply"} for name in rows):
        result.append(quality)
    return result


def _scored(frame: pd.DataFrame) -> Rows:
    return [
        (doc, float(score))
        for doc, score in zip(frame["doc"], frame["score"], strict=True)
        if isinstance(doc, dict) and score is not None and score == score
    ]


def _estimate(rows: Iterable[tuple[dict[str, Any], float]]) -> list[Cell]:
    from jeval.results.statistics import mean_interval

    kept = list(rows)
    found = mean_interval([score for _, score in kept], [str(doc.get("cluster") or doc["id"]) for doc, _ in kept])
    return [found.n, found.score, found.low, found.high]


def _by(rows: Rows, facet: str, caption: str, ja: bool, names: dict[str, str]) -> Table:
    groups: dict[str, Rows] = defaultdict(list)
    for doc, score in rows:
        groups[str(doc.get(facet) or "-")].append((doc, score))
    order = [name for name in names if name in groups] + sorted(set(groups) - set(names))
    columns = ["", "問題数", "得点", "下限", "上限"] if ja else ["", "n", "score", "low", "high"]
    return Table(caption, columns, [[names.get(k, k) if ja else k, *_estimate(groups[k])] for k in order])


def _reply(frame: pd.DataFrame, caption: str, ja: bool) -> Table:
    parts = {
        "answered": "返事になっている", "polite": "敬体で一貫", "sides": "ウチ・ソトを守る", "errors_per_utterance": "一文あたりの誤用",
    }  # fmt: skip
    lines: list[list[Cell]] = []
    for column, name in parts.items():
        if column in frame.columns:
            values = [float(value) for value in frame[column] if value is not None and value == value]
            if values:
                lines.append([name if ja else column.replace("_", " "), len(values), sum(values) / len(values)])
    return Table(caption, ["", "問題数", "平均"] if ja else ["", "n", "mean"], lines)


# ---------------------------------------------------------------------- guessers
def shorter(doc: dict[str, Any]) -> float:
    """What "the shorter member" earns on a pair."""
    return {"wrong": 1.0, "right": 0.0}.get(str(doc.get("longer")), 0.5)


def more_honorific(doc: dict[str, Any]) -> float:
    """What "the member with more honorific morphemes" earns on a pair."""
    return {"right": 1.0, "wrong": 0.0}.get(str(doc.get("more_honorific")), 0.5)


def _extreme(pick: Callable[[list[int]], int]) -> Callable[[dict[str, Any]], float]:
    def earn(doc: dict[str, Any]) -> float:
        sizes = [len(text) for text in doc["choices"]]
        end = pick(sizes)
        return 1 / sizes.count(end) if sizes[int(doc["answer"])] == end else 0.0

    return earn


shortest, longest = _extreme(min), _extreme(max)


def _guessers(rows: dict[str, Rows], ja: bool) -> Section | None:
    lines: list[list[Cell]] = []
    plans = {
        "pairs": (
            (shorter, "短い方", "the shorter one"),
            (more_honorific, "敬語の形態素が多い方", "more honorific morphemes"),
        ),
        "choice": ((shortest, "最も短いもの", "the shortest"), (longest, "最も長いもの", "the longest")),
    }
    for name, found in rows.items():
        kind = name.rpartition("_")[2]
        for earn, in_ja, in_en in plans.get(kind, ()):
            value = sum(earn(doc) for doc, _ in found) / len(found)
            model = sum(score for _, score in found) / len(found)
            lines.append(
                [name, in_ja if ja else in_en, len(found), value, float(found[0][0].get("chance", 0.0)), model]
            )
    if not lines:
        return None
    columns = (
        ["課題", "当て推量", "問題数", "その得点", "偶然", "モデル"]
        if ja
        else ["task", "guesser", "n", "its score", "chance", "model"]
    )
    text = (
        "敬語を知らない当て推量が、実際に採点された問題で得る得点です。偶然から離れていないことを確かめてください。"
        if ja
        else "What guessers that know no keigo earn on the items that were scored; they should stay near chance."
    )
    return Section(
        "当て推量" if ja else "Guessers", [text], [Table("当て推量の得点" if ja else "Guessers", columns, lines)]
    )


# ---------------------------------------------------------------------- instrument
def _quality(ja: bool) -> Section | None:
    from jeval.resources import data_path

    lines: list[list[Cell]] = []
    path = data_path("keigo", "measured", "analysis.json")
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        errors = found.get("errors")
        if isinstance(errors, dict):
            for kind, part in errors.items():
                if isinstance(part, dict) and "precision" in part:
                    lines.append(
                        [
                            ERRORS_JA.get(kind, kind) if ja else kind,
                            part.get("n"),
                            part["precision"],
                            part["recall"],
                            part.get("f1"),
                        ]
                    )
    tables = []
    if lines:
        columns = ["誤用", "正例数", "適合率", "再現率", "F値"] if ja else ["misuse", "n", "precision", "recall", "F1"]
        tables.append(
            Table("分析器の質（公開ラベル集）" if ja else "Quality of the analyser (own label set)", columns, lines)
        )
    judge = data_path("keigo", "measured", "instruments.json")
    if judge.is_file():
        found = json.loads(judge.read_text(encoding="utf-8"))["convert"]
        cells: list[Cell] = [found["n_positive"] + found["n_negative"], found["sensitivity"], found["specificity"]]
        columns = ["答えの数", "感度", "特異度"] if ja else ["answers", "sensitivity", "specificity"]
        tables.append(Table("書き換え判定の質" if ja else "Quality of the conversion judge", columns, [cells]))
    if not tables:
        return None
    text = (
        "生成課題の得点は、形態素解析に基づく分析器と判定器による測定値です。下の表は、判定を見ずに付けたラベルと比べた測定器の質です。"
        if ja
        else "Generative scores are measurements by the analyser and the judge; this is how they compare with labels written before its verdicts were seen."
    )
    return Section("測定器の質" if ja else "Quality of the instrument", [text], tables)
