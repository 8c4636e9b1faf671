"""What stands on the first page, what a failed item shows, and that the report keeps to its own rules of language."""

from __future__ import annotations

import json
import re
import shutil
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


def test_a_record_that_does_not_say_how_much_there_is_is_given_no_count_of_it(other_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(other_run, tmp_path / "run")
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "extent": None}))  # as earlier versions wrote it
    top = first_page(render([folder], lang="ja"))
    assert top.count("得点なし（部分評価）") == 3
    assert "各課題の一部の問題だけを評価した" in top and not re.search(r"\d+ 問", top[top.index('class="cards"') :])


def test_tasks_that_were_not_run_are_named(audited: Audited, tiny_model: Path, tmp_path: Path) -> None:
    run = audited(tiny_model, tmp_path / "run", lambda _: "", tasks=["jeval_keigo_choice"])
    record = read_record(run)
    assert record.extent is not None
    assert len(record.extent.missing["keigo"]) == 4 and len(record.extent.missing["leak"]) == 8
    page = render([run], lang="ja")
    assert "17 課題のうち 1 課題" in first_page(page)
    limits = page[page.index('id="limits"') : page.index('id="method"')]
    assert "文脈情報の秘匿" in limits and "jeval_leak_context" not in limits


@pytest.fixture(scope="module")
def keigo_run(audited: Audited, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a whole domain."""
    return audited(tiny_model, tmp_path_factory.mktemp("keigo") / "run", lambda _: "", tasks=KEIGO)


def test_a_whole_domain_has_its_number(keigo_run: Path) -> None:
    score = read_record(keigo_run).domains["keigo"].score
    assert score is not None and f">{score:.3f}</a></b>" in first_page(render([keigo_run], lang="en"))


def test_items_that_depend_on_each_other_are_counted_beside_their_number(keigo_run: Path, tmp_path: Path) -> None:
    record = read_record(keigo_run)
    counts = {(task.n, task.clusters) for task in record.tasks.values() if task.clusters < task.n}
    assert counts
    for n, clusters in counts:
        assert f"{n}<br><small>まとまり数 {clusters}</small>" in render([keigo_run], lang="ja")
    both = render([keigo_run, Path(shutil.copytree(keigo_run, tmp_path / "run"))], lang="ja")
    for n, clusters in counts:
        assert f"(n {n}、まとまり数 {clusters})" in both


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


def test_domains_are_compared_where_both_runs_have_them_whole(keigo_run: Path, tmp_path: Path) -> None:

    page = render([keigo_run, Path(shutil.copytree(keigo_run, tmp_path / "run"))], lang="ja")
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
    from huggingface_hub import ModelCard

    data: Any = ModelCard(text, ignore_metadata_errors=False).data  # the parser of the hub
    read = data.eval_results
    assert {one.dataset_type for one in read} == {one["dataset"]["type"] for one in entry["results"]}
    assert all(isinstance(one.metric_value, float) and one.metric_args["n"] for one in read)
    metric = entry["results"][0]["metrics"][0]
    assert metric["args"]["n"] == 8 and len(metric["args"]["interval_95"]) == 2
    refused = cli("report", other_run, other_run, "--out", tmp_path / "r.html", "--model-card", tmp_path / "x.md")
    assert refused.code == 2


def test_a_history_lists_runs_in_the_order_in_which_they_ended(
    cli: Cli, keigo_run: Path, hostile_run: Path, tmp_path: Path
) -> None:

    whole = Path(shutil.copytree(keigo_run, tmp_path / "runs" / "a"))
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


def judged(run: Path, folder: Path, rules: int, **fields: Any) -> Path:
    """A copy of a run with a verdict of so many rules on a domain and one on a task."""

    shutil.copytree(run, folder)
    record = json.loads((folder / "run.json").read_text())
    rule = {
        "ja": "規則。", "en": "A rule.", "severity": "minor", "outcome": "fail", "effect": "warns", "tasks": ["jeval_leak_context"],
        "subject": "domain=leak side=withheld", "measure": "failure", "demand": "upper_bound_at_most", "threshold": 0.05,
        "value": 0.123, "interval": [0.111, 0.135], "n": 8, "clusters": 8, **fields,
    }  # fmt: skip
    weighs = {"severity": "critical", "effect": "fails", "value": 0.456, "interval": [0.444, 0.468]}
    task = {**rule, "id": "task", "en": "Of a task.", "subject": "task=jeval_leak_context", **weighs}
    record["verdict"] = {
        "name": "mine", "title_ja": "方針", "title_en": "Mine", "digest": "0" * 64, "as_of": "2026-11-30", "outcome": "failed",
        "policy": {"purpose_ja": "試す。", "purpose_en": "To try.", "owner": "審査部長"},
        "rules": [{**rule, "id": f"r{number}"} for number in range(rules)] + [task],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record))
    return folder


@pytest.fixture(scope="module")
def judged_page(other_run: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A partial run under a policy of many rules, in English."""
    may = {"may": "試すものがない。", "may_en": "There is nothing to try."}
    return render([judged(other_run, tmp_path_factory.mktemp("judged") / "run", 40, **may)], lang="en")


def test_the_verdict_keeps_to_half_a_page_whatever_the_policy(judged_page: str) -> None:
    top = first_page(judged_page)
    verdict = top[top.index('class="verdict') : top.index('<ul class="cards"')]
    assert verdict.count("<li>") == 6 and "and 36 more" in verdict and "審査部長" in verdict
    assert verdict.index("Of a task.") < verdict.index("A rule.")  # what weighs most comes first
    table = judged_page[judged_page.index('<section id="rules"') : judged_page.index('<section id="subject"')]
    assert table.count("<tr id=") == 41 and "<table" not in verdict


def test_a_run_of_a_part_shows_no_number_of_a_domain_in_verdict_or_clauses(judged_page: str) -> None:
    assert "0.123" not in judged_page and "0.111" not in judged_page
    assert "0.456" in first_page(judged_page)  # of a task, which was asked what it was asked
    clauses = judged_page[judged_page.index('id="clauses"') : judged_page.index('id="statements"')]
    assert "No score (partial)" in clauses and not re.search(r"\b[01]\.\d{3}\b", clauses)
    assert judged_page.count("no score of the domain") == 3


def test_every_number_of_the_verdict_leads_to_its_evidence(keigo_run: Path, tmp_path: Path) -> None:
    fields = {"subject": "domain=keigo", "tasks": KEIGO}
    top = first_page(render([judged(keigo_run, tmp_path / "copy", 2, **fields)], lang="ja"))
    verdict = top[top.index('class="verdict') : top.index('<ul class="cards"')]
    numbers = re.findall(r"\d\.\d{3}", verdict)
    linked = "".join(re.findall(r'<a href="#rule-\d+">(.*?)</a>', verdict))
    assert len(numbers) == 9 and re.findall(r"\d\.\d{3}", linked) == numbers
    assert re.search(r'<a href="#rules">3 項目中', verdict)
    assert re.search(r'<b><a href="#domain-1">\d\.\d{3}</a></b>', top)


def test_verdicts_side_by_side_have_their_numbers_too(keigo_run: Path, other_run: Path, tmp_path: Path) -> None:
    fields = {"subject": "domain=keigo", "tasks": KEIGO, "effect": "fails"}
    whole, part = judged(keigo_run, tmp_path / "whole", 1, **fields), judged(other_run, tmp_path / "part", 1, **fields)
    page = render([whole, part], lang="en")
    table = page[page.index('id="verdict"') : page.index('id="subject"')]
    # The other run has its domain in part.
    assert table.count('<a href="#scores">failure rate 0.123 (0.111–0.135)</a>') == 1
    assert table.count("0.456 (0.444–0.468)</a>") == 2


def test_an_english_page_says_nothing_in_japanese_that_has_english(judged_page: str) -> None:
    assert "There is nothing to try." in judged_page and "試すものがない" not in judged_page
    heads = re.findall(r"<p>[^<]* ・ [^<]* ・ checked", judged_page)
    assert len(heads) > 20 and not re.search("[ぁ-ん一-龠]", "".join(heads))


def test_the_terminal_has_no_number_of_a_domain_either(
    other_run: Path, keigo_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from jeval.cli import _print_table

    def domains_of(run: Path) -> list[str]:
        _print_table(read_record(run))
        return [line for line in capsys.readouterr().out.splitlines() if "(all)" in line]

    part = domains_of(other_run)
    assert len(part) == 3 and all("partial" in line and not re.search(r"\d\.\d", line) for line in part)
    (whole,) = domains_of(keigo_run)
    assert re.search(r"\d\.\d{3}–\d\.\d{3}", whole)


def test_search_and_audit_are_held_together_only_where_both_are_whole(hostile_run: Path) -> None:
    from jeval.report.results import gaps

    record = read_record(hostile_run)
    whole = record.model_copy(update={"extent": None, "settings": record.settings.model_copy(update={"limit": None})})
    both = {
        "keigo": record.domains["keigo"],
        "keigo_search": record.domains["keigo"].model_copy(update={"suite": "search"}),
    }
    assert len(gaps(whole.model_copy(update={"domains": both}))) == 1
    assert gaps(record.model_copy(update={"domains": both})) == []


def test_sections_name_the_viewpoints_on_which_they_bear(page: str) -> None:
    leaks = page[page.index('id="domain-1"') : page.index('id="domain-2"')]
    link = re.search(r'評価観点：<a href="#(framework-\d+)">AIセーフティに関する評価観点ガイド (.*?)</a>', leaks)
    assert link and link[2] == "観点5、観点6" and f'id="{link[1]}"' in page


def test_long_tables_are_folded_and_short_ones_are_not() -> None:
    from jeval.domain.section import Table
    from jeval.report.page import template

    macros = template("macros.j2").make_module({"t": {"bracketed": "({text})", "rows": "{n} rows"}})
    rows: list[list[Any]] = [[str(number), 0.5] for number in range(13)]
    assert "<summary>laws(13 rows)</summary>" in macros.table(Table("laws", ["a", "b"], rows), "", True)
    assert "<details" not in macros.table(Table("laws", ["a", "b"], rows[:12]), "", True)
    assert "<details" not in macros.table(Table("laws", ["a", "b"], rows), "", False)


def test_hostile_titles_of_tasks_and_names_of_rules_stay_text(hostile_run: Path, tmp_path: Path) -> None:

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
