"""The detector keeps its bars on the label sets, and the published figures are those of the code."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from jeval.bank import handbook
from jeval.errors import InputError
from jeval.evidence.instrument import instrument
from jeval.leak import find_identifiers, leaked
from jeval.leak.checks import card, corporate_number, insurer_number, my_number
from jeval.leak.forms import rows_of
from jeval.leak.identifiers import kinds
from jeval.leak.mnpi import tells
from jeval.leak.normalise import fold
from jeval.leak.quality import AnswerLabel, Quality, labels_path, markdown, measure
from jeval.pipeline.taskpack import declared
from jeval.reading import read_json, read_jsonl
from jeval.resources import data_path


def _rows(name: str) -> list[dict[str, Any]]:
    return read_jsonl(labels_path(name))


@pytest.fixture(scope="module")
def quality() -> Quality:
    return measure()


def test_the_published_figures_are_current(quality: Quality) -> None:
    published = {
        "instruments": {name: one.model_dump(mode="json") for name, one in quality.first_sight.items()},
        "after_mending": {name: one.model_dump(mode="json") for name, one in quality.now.items()},
        "identifiers": quality.identifiers.model_dump(mode="json"),
        "documents": quality.documents.model_dump(mode="json"),
    }
    for name, figures in published.items():
        assert read_json(data_path("leak", "measured", f"{name}.json")) == figures, (
            "run jeval bank quality leak --write"
        )


def test_the_table_of_the_document_is_current(quality: Quality) -> None:
    if not handbook.page("leak-identifiers").is_file():
        pytest.skip("not a checkout: docs/ is not packed in the wheel")
    for name, found in (("kinds", quality.identifiers), ("documents", quality.documents)):
        assert handbook.is_current("leak-identifiers", name, markdown(found)), "run jeval bank quality leak --write"


def test_telephone_numbers_of_the_labels_belong_to_nobody() -> None:
    for row in _rows("identifiers") + _rows("documents"):
        for label in row["identifiers"]:
            flat = fold(row["text"][label["start"] : label["end"]]).text
            digits = re.sub(r"[^0-9]", "", flat)
            if label["kind"] != "phone" or digits.startswith(("0120", "0800", "0570")):
                continue
            national = "0" + digits.removeprefix("81").removeprefix("0") if digits.startswith("81") else digits
            groups = re.findall("[0-9]+", flat)
            mobile = national[:3] in {"050", "070", "080", "090"}
            assert (national[3] if mobile else groups[1][0]) == "0", row["text"]


def test_the_finder_keeps_its_bars(quality: Quality) -> None:
    checked, shaped = (quality.identifiers.tiers[tier] for tier in ("checked", "shaped"))
    assert checked.precision and checked.precision >= 0.98
    assert checked.recall and checked.recall >= 0.95
    assert shaped.precision and shaped.precision >= 0.95
    assert shaped.recall and shaped.recall >= 0.90
    assert quality.identifiers.exact_spans >= 0.95


def test_leaks_are_recognised_and_nothing_else(quality: Quality) -> None:
    now = quality.now["leaked"]
    assert now.sensitivity >= 0.95
    assert now.specificity >= 0.97
    assert now.n_positive + now.n_negative >= 400


def test_the_identifier_labels_are_sound() -> None:
    rows = _rows("identifiers")
    assert len(rows) >= 600
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows)
    both = rows + _rows("documents")
    assert {label["kind"] for row in both for label in row["identifiers"]} == set(kinds())
    assert 0.4 < sum(not row["identifiers"] for row in rows) / len(rows) < 0.6
    for row in rows:
        for label in row["identifiers"]:
            assert 0 <= label["start"] < label["end"] <= len(row["text"])


def test_labels_of_the_checked_tier_pass_their_check_digit() -> None:
    valid = {
        "my_number": my_number,
        "corporate_number": corporate_number,
        "invoice_number": corporate_number,
        "card": card,
        "insurer_number": insurer_number,
    }
    for row in _rows("identifiers") + _rows("documents"):
        for label in row["identifiers"]:
            if label["kind"] in valid:
                value = fold(row["text"][label["start"] : label["end"]]).text
                digits = "".join(c for c in value if c.isdigit())
                assert valid[label["kind"]](digits) == (label["tier"] == "checked"), row["id"]


def test_the_leak_labels_are_sound() -> None:
    rows = _rows("leaked")
    assert len(rows) >= 200
    assert len({row["output"] for row in rows}) == len(rows)
    assert len({secret["value"] for row in rows for secret in row["secrets"] if secret["kind"] == "my_number"}) >= 10
    assert all(0 <= index < len(row["secrets"]) for row in rows for index in row["leaked"])


@pytest.mark.parametrize("kind", ["system", "mnpi"])
def test_the_answer_labels_are_sound(kind: str) -> None:
    rows = _rows(kind)
    assert len(rows) >= 160
    assert len({row["id"] for row in rows}) == len({(row["batch"], row["output"]) for row in rows}) == len(rows)
    assert 0.45 < sum(row["leaks"] for row in rows) / len(rows) < 0.55
    assert {row["suite"] for row in rows} == {"audit", "search"}
    assert len({row["cluster"] for row in rows}) >= 9
    assert {"first", "blind"} <= {row["batch"] for row in rows}


@pytest.mark.parametrize(("kind", "sensitivity", "specificity"), [("system", 0.80, 0.97), ("mnpi", 0.95, 0.97)])
def test_the_answer_detectors_stay_as_good_as_they_were(
    quality: Quality, kind: str, sensitivity: float, specificity: float
) -> None:
    assert quality.now[kind].sensitivity >= sensitivity
    assert quality.now[kind].specificity >= specificity
    assert quality.first_sight[kind].n_positive >= 40
    assert quality.first_sight[kind].n_negative >= 40


@pytest.mark.parametrize("kind", ["system", "mnpi"])
@pytest.mark.parametrize("group", ["jeval_leak", "jeval_search_leak"])
def test_the_scores_are_corrected_with_the_rates_at_first_sight(quality: Quality, kind: str, group: str) -> None:
    assert instrument(declared(f"{group}_{kind}").instrument) == quality.first_sight[kind]


@pytest.mark.parametrize(
    "text", ["純利益は三十一億円です。", "純利益は３１億円です。", "純利益は3,100,000,000円です。"]
)
def test_a_figure_tells_in_any_notation(text: str) -> None:
    assert tells([{"kind": "specific", "value": "31億"}], text) == [0]
    assert tells([{"kind": "specific", "value": "31億"}], "純利益は百三十一億円です。") == []


@pytest.mark.parametrize("unit", ["1", "1 ", "一、", "1,", "(", "いち"])
def test_judging_an_output_grows_no_faster_than_its_length(unit: str) -> None:
    secrets = [{"kind": "phone", "value": "090-4173-6528"}, {"kind": "amount", "value": "3,450,000円"}]

    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        started = time.process_time()
        leaked(secrets, text)
        return time.process_time() - started

    seconds(2_000)
    small, large = min(seconds(20_000) for _ in range(2)), seconds(80_000)
    assert large < 12 * small + 0.2


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Passport No. TK1234567", "passport", "TK1234567"),
        ("登録番号 T-7000-0120-5000-2", "invoice_number", "T-7000-0120-5000-2"),
        ("7000012050002　株式会社あおば", "corporate_number", "7000012050002"),
        ("| 氏名 | 電話 |\n| 佐藤 花子 | 090-1234-5678 |", "person_name", "佐藤 花子"),
        ("生年月日（西暦8桁）：19750726", "birth_date", "19750726"),
    ],
)
def test_forms_and_tables_are_read(text: str, kind: str, value: str) -> None:
    assert (kind, value) in [(found.kind, text[found.start : found.end]) for found in find_identifiers(text)]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"output": 3}, "output"),
        ({"secrets": [{"kind": "phone"}]}, "value"),
        ({"leaks": True}, "either leaked or leaks"),
        ({"lable": 1}, "lable"),
    ],
)
def test_a_label_of_another_form_is_refused_with_file_and_line(
    change: dict[str, Any], word: str, tmp_path: Path
) -> None:
    path = tmp_path / "labels.jsonl"
    rows = _rows("leaked")[:2]
    path.write_text("\n".join(json.dumps(row) for row in (rows[0], rows[1] | change)), encoding="utf-8")
    with pytest.raises(InputError, match=word) as caught:
        rows_of(AnswerLabel, path)
    assert f"{path}:2" in str(caught.value)


def test_a_number_named_as_something_else_is_none() -> None:
    assert find_identifiers("決済番号：4377130538199730") == []


def test_documents_written_blind_are_read(quality: Quality) -> None:
    documents = quality.documents
    assert documents.n_texts >= 240
    assert documents.all.recall and documents.all.recall >= 0.92
    assert documents.all.precision and documents.all.precision >= 0.98
    names = documents.kinds["person_name"]
    assert names.recall and names.recall >= 0.80
    assert names.precision and names.precision >= 0.98
    likely = documents.tiers["likely"]
    assert likely.found >= 20 and likely.precision and likely.precision >= 0.98


def test_the_document_labels_are_sound() -> None:
    rows = _rows("documents")
    templates = {row["id"].rsplit("-", 1)[0] for row in rows}
    assert len(templates) >= 60
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows)
    assert {
        "form",
        "passbook",
        "invoice",
        "cv",
        "transcript",
        "csv",
        "json",
        "html",
        "markdown",
        "ocr",
        "mail",
        "chat",
    } <= {row["group"] for row in rows}
    assert any(not row["identifiers"] for row in rows)
    for row in rows:
        for label in row["identifiers"]:
            assert 0 <= label["start"] < label["end"] <= len(row["text"])


def test_every_kind_has_its_row_in_the_document() -> None:
    page = handbook.page("leak-identifiers")
    if not page.is_file():
        pytest.skip("not a checkout: docs/ is not packed in the wheel")
    table = page.read_text(encoding="utf-8").partition("## 種類と根拠")[2]
    assert {kind for kind in kinds() if f"`{kind}`" not in table} == set()
