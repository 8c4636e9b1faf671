"""The keigo part of the report: by misuse and by target, scenes, guessers, and how good the instrument is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jeval.domain.section import Cell, Section, Table
from jeval.domain.summary import Row, TaskSamples, estimate_cells, grouped
from jeval.evidence.guesser import share_of_right
from jeval.evidence.instrument import instruments
from jeval.reading import read_json
from jeval.resources import data_path

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


def sections(samples: Sequence[TaskSamples], lang: str) -> list[Section]:
    """The keigo part of the report."""
    ja = lang == "ja"
    samples = [task for task in samples if task.scored]
    if not samples:
        return []
    tables: list[Table] = []
    for task in samples:
        kind, found = task.kind, task.scored
        suite = ("（探索用）" if ja else " (search)") if task.suite == "search" else ""
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
            tables.append(_reply(task, ("返事の内訳" if ja else "Parts of the replies") + suite, ja))
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
    guessers = _guessers(samples, ja)
    if guessers:
        result.append(guessers)
    if any(task.kind in {"convert", "correct", "reply"} for task in samples):
        result.append(_quality(ja))
    return result


def _by(rows: Sequence[Row], facet: str, caption: str, ja: bool, names: Mapping[str, str]) -> Table:
    groups = grouped(rows, facet)
    order = [name for name in names if name in groups] + sorted(set(groups) - set(names))
    columns = ["", "問題数", "得点", "下限", "上限"] if ja else ["", "n", "score", "low", "high"]
    return Table(caption, columns, [[names.get(k, k) if ja else k, *estimate_cells(groups[k])] for k in order])


def _reply(task: TaskSamples, caption: str, ja: bool) -> Table:
    parts = {
        "answered": "返事になっている", "polite": "敬体で一貫", "sides": "ウチ・ソトを守る", "errors_per_utterance": "一文あたりの誤用",
    }  # fmt: skip
    lines: list[list[Cell]] = []
    for column, name in parts.items():
        if values := task.metric(column):
            lines.append([name if ja else column.replace("_", " "), len(values), sum(values) / len(values)])
    return Table(caption, ["", "問題数", "平均"] if ja else ["", "n", "mean"], lines)


# ---------------------------------------------------------------------- guessers
def shorter(doc: Mapping[str, Any]) -> float:
    """What "the shorter member" earns on a pair."""
    return {"wrong": 1.0, "right": 0.0}.get(str(doc.get("longer")), 0.5)


def more_honorific(doc: Mapping[str, Any]) -> float:
    """What "the member with more honorific morphemes" earns on a pair."""
    return {"right": 1.0, "wrong": 0.0}.get(str(doc.get("more_honorific")), 0.5)


def _by_length(sign: int) -> Callable[[Mapping[str, Any]], float]:
    def earn(doc: Mapping[str, Any]) -> float:
        return share_of_right([sign * len(text) for text in doc["choices"]], int(doc["answer"]))

    return earn


shortest, longest = _by_length(-1), _by_length(1)


def _guessers(samples: Sequence[TaskSamples], ja: bool) -> Section | None:
    lines: list[list[Cell]] = []
    plans = {
        "pairs": (
            (shorter, "短い方", "the shorter one"),
            (more_honorific, "敬語の形態素が多い方", "more honorific morphemes"),
        ),
        "choice": ((shortest, "最も短いもの", "the shortest"), (longest, "最も長いもの", "the longest")),
    }
    for task in samples:
        name, found = task.name, task.scored
        for earn, in_ja, in_en in plans.get(task.kind, ()):
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
def _quality(ja: bool) -> Section:
    lines: list[list[Cell]] = []
    for kind, part in read_json(data_path("keigo", "measured", "analysis.json"))["errors"].items():
        lines.append(
            [ERRORS_JA.get(kind, kind) if ja else kind, part["n"], part["precision"], part["recall"], part["f1"]]
        )
    columns = ["誤用", "正例数", "適合率", "再現率", "F値"] if ja else ["misuse", "n", "precision", "recall", "F1"]
    judge = instruments("keigo")["convert"]
    cells: list[Cell] = [judge.n_positive + judge.n_negative, judge.sensitivity, judge.specificity]
    of_judge = ["答えの数", "感度", "特異度"] if ja else ["answers", "sensitivity", "specificity"]
    text = (
        "生成課題の得点は、形態素解析に基づく分析器と判定器による測定値です。下の表は、判定を見ずに付けたラベルと比べた測定器の質です。"
        if ja
        else "Generative scores are measurements by the analyser and the judge; this is how they compare with labels written before its verdicts were seen."
    )
    tables = [
        Table("分析器の質（公開ラベル集）" if ja else "Quality of the analyser (own label set)", columns, lines),
        Table("書き換え判定の質" if ja else "Quality of the conversion judge", of_judge, [cells]),
    ]
    return Section("測定器の質" if ja else "Quality of the instrument", [text], tables)
