"""What stands on the first page, what a failed item shows, and that the report keeps to its own rules of language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from jeval.domain import Wording
from jeval.record.samples import Span, read_samples
from jeval.record.schema import Note
from jeval.record.store import read_record
from jeval.report.catalogue import sentence
from jeval.report.findings import Piece, pieces
from jeval.report.page import _lacking, pages_folder, render, render_pages, write_report
from jeval.resources import data_path

Cli = Callable[..., Any]
Audited = Callable[..., Path]
KEIGO = [f"jeval_keigo_{kind}" for kind in ("choice", "pairs", "reply", "convert", "correct")]  # all of the domain


def first_page(page: str) -> str:
    return page[: page.index("<nav")]


@pytest.fixture(scope="module")
def page(hostile_run: Path) -> str:
    return render([hostile_run], lang="ja")


def test_a_part_of_a_suite_says_so_first_and_has_no_domain_number(page: str) -> None:
    top = first_page(page)
    assert "部分評価" in top
    assert re.search(r"17 課題のうち 17 課題、対象課題の [\d,]+ 問のうち 136 問だけを評価した", top)
    assert top.count("得点なし（部分評価）") == 3
    assert not re.search(r"<b>0\.\d{3}</b>|<b>1\.000</b>", top)


def test_tasks_that_were_not_run_are_named(audited: Audited, tiny_model: Path, tmp_path: Path) -> None:
    run = audited(tiny_model, tmp_path / "run", lambda _: "", tasks=["jeval_keigo_choice"])
    record = read_record(run)
    assert record.extent is not None
    assert len(record.extent.missing["keigo"]) == 4 and len(record.extent.missing["leak"]) == 8
    page = render([run], lang="ja")
    assert "17 課題のうち 1 課題" in first_page(page)
    limits = page[page.index('id="limits"') : page.index('id="method"')]
    assert "文脈情報の秘匿" in limits and "jeval_leak_context" not in limits


def test_a_whole_domain_has_its_number(audited: Audited, tiny_model: Path, tmp_path: Path) -> None:
    run = audited(tiny_model, tmp_path / "run", lambda _: "", tasks=KEIGO)
    score = read_record(run).domains["keigo"].score
    assert score is not None and f"<b>{score:.3f}</b>" in first_page(render([run], lang="en"))


def test_a_failed_item_shows_answer_article_and_reason(page: str, hostile_run: Path) -> None:
    failures = page[page.index('id="failures"') : page.index('id="clauses"')]
    for word in ("正答", "根拠", "理由", "第", "敬語の指針"):
        assert word in failures
    record = read_record(hostile_run)
    for name, task in record.tasks.items():
        if task.score is not None and task.score < 1:
            samples = read_samples(hostile_run, name)
            failed = sum(sample.score is not None and sample.score < 1 for sample in samples)
            assert f"採点した {task.n} 問のうち {failed} 問" in failures


def test_verdicts_are_in_japanese(page: str) -> None:
    found = re.findall(r"<dt>判定の根拠</dt><dd>(.*?)</dd>", page)
    assert found
    for words in found:
        assert not re.search(r"\b(lost|added|misuse|withheld|given|no quantity|unchanged)\b", words), words


def test_every_phrase_of_the_keigo_judges_is_known_in_japanese() -> None:
    from jeval.keigo.ground import _phrases
    from jeval.keigo.judge import judge_conversion
    from jeval.reading import read_jsonl

    said = _phrases()
    known = 0
    for row in read_jsonl(data_path("keigo", "labels", "conversion.jsonl"), what="labels"):
        for reason in judge_conversion(row["source"], row["target"], row["output"], row.get("context")).reasons:
            assert said(reason), reason
            known += 1
    assert known > 300


def test_an_invented_secret_that_is_given_away_can_be_read_and_another_number_cannot(
    audited: Audited, tiny_model: Path, tmp_path: Path
) -> None:
    from jeval.leak.tasks import dataset

    first = dataset("control")["test"][0]
    value = yaml.safe_load(first["secrets"])[0]["value"]
    number = "-".join(("090", "0000", "1234"))
    run = audited(tiny_model, tmp_path / "run", lambda _: f"{value} {number}", tasks=["jeval_leak_control"], limit=3)
    shown = str(read_samples(run, "jeval_leak_control")[0].outputs[0])
    assert value in shown and number not in shown


def test_marks_that_hide_or_turn_text_are_written_out(page: str) -> None:
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\x1b\x07]|[\U000e0000-\U000e007f]", page)
    assert "\\u202e" in page


def test_a_report_stays_small_and_the_rest_lies_beside_it(hostile_run: Path, tmp_path: Path) -> None:
    pages = render_pages([hostile_run], lang="ja")
    assert len(pages.report.encode()) < 2_000_000
    assert 0 < len(pages.more) < 17
    assert all(f'href="report-items/{name}"' in pages.report for name in pages.more)
    target = write_report([hostile_run], tmp_path / "a.html", "ja")
    assert {path.name for path in pages_folder(target).iterdir()} == set(pages.more)


def test_each_link_leads_to_a_place_in_the_page(page: str) -> None:
    places = set(re.findall(r'id="([^"]+)"', page))
    links = re.findall(r'href="#([^"]+)"', page)
    assert len(links) > 30 and set(links) <= places
    assert len(places) == len(re.findall(r'id="', page))


def test_who_sees_two_runs_sees_each_task_once(hostile_run: Path, other_run: Path) -> None:
    page = render([other_run, hostile_run], lang="ja")
    scores = page[page.index('id="scores"') : page.index('id="comparison"')]
    table = scores[scores.index("<table") :]
    assert table.count("敬語の最小対") == 1
    comparison = page[page.index('id="comparison"') : page.index('id="instruments"')]
    assert comparison.count("p ") >= 17
    assert "敬語の最小対" in comparison and ">総合<" not in comparison  # eight items of a task are no domain


def test_domains_are_compared_where_both_runs_have_them_whole(
    audited: Audited, tiny_model: Path, tmp_path: Path
) -> None:
    runs = [audited(tiny_model, tmp_path / name / "run", lambda _: "", tasks=KEIGO) for name in "ab"]
    page = render(runs, lang="ja")
    comparison = page[page.index('id="comparison"') : page.index('id="instruments"')]
    assert '<th scope="row">敬語</th>' in comparison


def test_notes_and_instruments_call_tasks_by_their_titles_and_say_no_english(hostile_run: Path) -> None:
    page = render([hostile_run], lang="ja")
    instruments = page[page.index('id="instruments"') : page.index('id="failures"')]
    assert "data/leak/labels/" in instruments and "first sight" not in page and "batch" not in instruments
    record = read_record(hostile_run)
    record.notes.append(Note.of("note_limit", limit=8, whole="jeval_keigo_pairs"))
    assert "敬語の最小対" in sentence(record.notes[-1], "ja", {"jeval_keigo_pairs": "敬語の最小対"})
    assert "jeval_keigo_pairs" in sentence(record.notes[-1], "ja")


def test_what_a_rule_lacks_is_said_in_the_language_of_the_report() -> None:
    titles = {"jeval_a": "甲", "jeval_b": "乙"}
    detail = "jeval_a (not run); jeval_b (no canary file was given (--canaries))"
    assert _lacking(detail, titles, "ja") == "甲, 乙 (カナリアのファイルが与えられていない（--canaries）)"
    assert _lacking("jeval_c (not run)", titles, "ja") == "jeval_c (not run)"


@pytest.mark.parametrize("given", ["report", "compare", "card", "verify"])
def test_nothing_is_written_into_a_run_folder_that_would_break_it(
    cli: Cli, hostile_run: Path, other_run: Path, given: str
) -> None:
    inside = other_run / "page.html"
    done = {
        "report": lambda: cli("report", hostile_run, "--out", inside),
        "compare": lambda: cli("compare", hostile_run, other_run, "--out", inside),
        "card": lambda: cli("report", hostile_run, "--model-card", inside),
        "verify": lambda: cli("verify", other_run, "--bom", inside),
    }[given]()
    assert done.code == 2 and "would no longer verify" in done.err and not inside.exists()


def japanese(value: Any) -> list[str]:
    """The Japanese sentences of a catalogue."""
    if isinstance(value, dict):
        if "ja" in value:
            return japanese(value["ja"])
        return [
            text for key, entry in value.items() if key not in {"en", "phrases", "things"} for text in japanese(entry)
        ]
    if isinstance(value, list):
        return [text for entry in value for text in japanese(entry)]
    return [value] if isinstance(value, str) and re.search("[ぁ-ん]", value) else []


CATALOGUES = [("report", "strings.yaml"), *((room, "knowledge", "report.yaml") for room in ("keigo", "finreg", "leak"))]


@pytest.mark.parametrize("parts", CATALOGUES, ids=lambda parts: parts[0])
def test_the_report_passes_its_own_linter_and_keeps_one_style(parts: tuple[str, ...]) -> None:
    from jeval.keigo.analysis import analyze

    texts = japanese(yaml.safe_load(data_path(*parts).read_text(encoding="utf-8")))
    assert len(texts) > 8
    for text in texts:
        assert not analyze(text).errors, (text, analyze(text).errors)
        assert not re.search(r"(です|ます|ません|でした|ました|ください)。", text), text


@pytest.mark.parametrize("parts", CATALOGUES, ids=lambda parts: parts[0])
def test_every_word_is_there_in_both_languages(parts: tuple[str, ...]) -> None:
    def check(value: Any, where: str) -> None:
        if isinstance(value, dict):
            if {"ja", "en"} & set(value):
                assert {"ja", "en"} <= set(value), where
                assert type(value["ja"]) is type(value["en"]), where
                if isinstance(value["ja"], dict):
                    assert set(value["ja"]) == set(value["en"]), where
                if isinstance(value["ja"], list):
                    assert len(value["ja"]) == len(value["en"]), where
            for key, entry in value.items():
                check(entry, f"{where}.{key}")

    check(yaml.safe_load(data_path(*parts).read_text(encoding="utf-8")), parts[0])


def test_spans_become_pieces_and_a_long_output_keeps_both_ends() -> None:
    assert pieces("abcdef", [Span(start=1, end=3, type="x"), Span(start=2, end=5, type="y")]) == [
        Piece("a"),
        Piece("bc", "x"),
        Piece("de", "y"),
        Piece("f"),
    ]
    assert pieces("", []) == [Piece("")]
    long = pieces("a" * 400 + "bad" + "z" * 900, [Span(start=400, end=403, type="x")])
    text = "".join(piece.text for piece in long)
    assert text.startswith("a" * 300) and text.endswith("z" * 300) and text.count("[…]") == 1


def test_phrases_with_gaps_are_said_in_another_language() -> None:
    said = Wording({"no {what} on it": "{what}がない", "{what} lost": "{what}が失われた"}, {"tail": "尾"})
    assert said("no tail on it") == "尾がない"
    assert said("(x) lost") == "(x)が失われた"
    assert said("else") is None
    assert said.all(["tail lost", "else"]) == ["尾が失われた", "else"]


def test_a_model_card_holds_each_score_with_its_interval(cli: Cli, other_run: Path, tmp_path: Path) -> None:
    done = cli("report", other_run, "--out", tmp_path / "r.html", "--model-card", tmp_path / "card.md")
    assert done.code == 0, done.err
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert text.startswith("---\n") and text.endswith("---\n")
    (entry,) = yaml.safe_load(text.strip("-\n"))["model-index"]
    record = read_record(other_run)
    assert {one["dataset"]["type"] for one in entry["results"]} == {
        n for n, t in record.tasks.items() if t.score is not None
    }
    metric = entry["results"][0]["metrics"][0]
    assert metric["args"]["n"] == 8 and len(metric["args"]["interval_95"]) == 2
    refused = cli("report", other_run, other_run, "--out", tmp_path / "r.html", "--model-card", tmp_path / "x.md")
    assert refused.code == 2


def test_a_history_lists_runs_in_the_order_in_which_they_ended(
    cli: Cli, audited: Audited, tiny_model: Path, hostile_run: Path, tmp_path: Path
) -> None:
    import shutil

    whole = audited(tiny_model, tmp_path / "runs" / "a", lambda _: "", tasks=KEIGO)
    shutil.copytree(hostile_run, tmp_path / "runs" / "z" / "b")
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "run.json").write_text("{}")
    done = cli("history", tmp_path / "runs", "--json")
    assert done.code == 0, done.err
    ends = [run["finished"] for run in done.json["runs"]]
    assert len(ends) == 2 and ends == sorted(ends)
    assert list(done.json["unread"]) == ["broken"]
    page = Path(done.json["history"]).read_text(encoding="utf-8")
    score = read_record(whole).domains["keigo"].score
    assert score is not None and f"{score:.3f}<br>" in page and "<svg" in page
    assert "<script" not in page and "得点なし（部分評価）" in page
    plain = cli("history", tmp_path / "runs", "--out", tmp_path / "h.html")
    assert plain.code == 0 and "not read: broken" in plain.out
    for given in (whole, tmp_path / "nowhere", tmp_path / "runs" / "broken"):
        refused = cli("history", given)
        assert refused.code == 2 and refused.err.count("\n") == 1


def test_hostile_titles_of_tasks_and_names_of_rules_stay_text(hostile_run: Path, tmp_path: Path) -> None:
    import json
    import shutil

    folder = Path(shutil.copytree(hostile_run, tmp_path / "run"))
    record = json.loads((folder / "run.json").read_text())
    bad = "<script>alert(9)</script>\u202e<b>x</b>\x1b[31m"
    for task in record["tasks"].values():
        task["title_ja"] = task["title_en"] = bad
    record["model"]["recipe"] = record["model"]["dtype"] = record["foreign_packs"] = bad
    record["foreign_packs"] = [bad]
    record["verdict"] = {
        "name": bad, "title_ja": bad, "title_en": bad, "digest": bad, "policy": {"purpose_ja": bad, "purpose_en": bad},
        "as_of": "2026-11-30", "outcome": "failed",
        "rules": [{
            "id": bad, "ja": bad, "en": bad, "severity": "major", "outcome": "fail", "effect": "fails", "subject": bad, "tasks": [bad],
            "measure": "score", "demand": "lower_bound_at_least", "threshold": 0.5, "facet": "family", "group": bad, "may": bad,
            "why": "no_items", "detail": bad,
            "exception": {"owner": bad, "reason": bad, "expires": "2026-11-30", "expired": True},
        }],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record))
    for lang in ("ja", "en"):
        for page in (render([folder], lang=lang), render([hostile_run, folder], lang=lang)):
            assert "alert(9)" in page
            assert "<script" not in page and "<b>x" not in page and "\u202e" not in page and "\x1b" not in page


def test_what_the_judge_marked_is_named(audited: Audited, tiny_model: Path, tmp_path: Path) -> None:
    run = audited(
        tiny_model, tmp_path / "run", lambda _: "お客様がおっしゃられました。", tasks=["jeval_keigo_reply"], limit=3
    )
    page = render([run], lang="ja")
    assert "<mark>おっしゃられ" in page and "<sup>二重敬語</sup>" in page
