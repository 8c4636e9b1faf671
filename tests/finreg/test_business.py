"""Whom items bind: the table, the rows of the report, and runs that ask the items of one kind of business only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.audit.verify import verify_run
from jeval.errors import InputError
from jeval.finreg import bank, business, knowledge
from jeval.finreg.laws import known_documents, known_laws
from jeval.finreg.schema import BUSINESSES
from jeval.finreg.summary import sections
from jeval.pipeline.extent import part_of
from jeval.record.samples import read_samples
from jeval.record.store import read_record
from tests.finreg.test_summary import one, samples


@pytest.mark.parametrize(
    ("law_id", "article", "binds"),
    [
        ("323AC0000000025", "166", ("all",)),
        ("323AC0000000025", "37の6", ("bank", "securities", "insurance")),
        ("323AC0000000025", "46の6", ("securities",)),
        ("358AC1000000032", "13", ("lender",)),
        ("407AC0000000105", "300", ("bank", "securities", "insurance")),
        ("407AC0000000105", "113", ("insurance",)),
        ("fsa_kantoku_shuyoko_partial", "V-3-3-6", ("bank",)),
        ("fsa_kantoku_shuyoko_partial", "X-5-1", ("payments",)),
        ("999AC0000000001", "1", ()),
    ],
)
def test_the_first_row_that_takes_an_article_in_says_whom_it_binds(
    law_id: str, article: str, binds: tuple[str, ...]
) -> None:
    assert business.of_article(law_id, article) == binds


def test_every_text_has_a_row_for_the_rest_of_it_and_every_row_a_reason() -> None:
    rest = {row.law_id for row in business.bounds() if row.spans is None}
    assert rest == {text.law_id for text in (*known_laws(), *known_documents())}
    assert [row for row in business.bounds() if len(row.reason) < 5] == []


def test_what_an_item_says_goes_before_its_article() -> None:
    item = next(item for item in bank.load() if item.law == "貸金業法")
    assert business.of_item(item) == ("lender",)
    assert business.of_item(item.model_copy(update={"business": ["bank", "lender"]})) == ("bank", "lender")


def test_items_of_earlier_versions_bind_by_their_article() -> None:
    doc = {"law_id": "358AC1000000032", "article": "13"}
    assert [kind for kind in business.CHOICES if business.binds(doc, kind)] == ["lender"]


@pytest.mark.parametrize("kinds", ["banks", "bank, all"])
def test_a_kind_of_business_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kinds: str) -> None:
    (tmp_path / "business.tsv").write_text(
        f"law_id\tarticles\tbusiness\treason\nx\t1\t{kinds}\tだから\n", encoding="utf-8"
    )
    monkeypatch.setattr(knowledge, "path", lambda name: tmp_path / name)
    with pytest.raises(InputError, match=f"x 1: business '{kinds}'; expected some of bank"):
        business.bounds.__wrapped__()


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_report_scores_by_business_and_by_source(lang: str) -> None:
    data = samples("choice")
    tables = {table.caption: table for section in sections([data], lang) for table in section.tables}
    by_business = one(tables, "業態別", "By business")
    counts = [sum(business.binds(row.doc, kind) for row in data.samples) for kind in BUSINESSES]
    assert [row[1] for row in by_business.rows] == counts
    assert len({str(row[0]) for row in by_business.rows}) == len(BUSINESSES)
    by_tier = one(tables, "根拠別", "By source")
    assert sum(int(str(row[1])) for row in by_tier.rows) == len(data.samples)


def test_a_run_of_one_business_asks_its_items_only_and_is_a_part(
    cli: Callable[..., Any], tiny_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    asked = ["--business", "payments", "--business", "lender"]
    options = ["--tasks", "jeval_search_finreg_case,jeval_search_keigo_choice", "--device", "cpu", "--as-of", "all"]
    assert cli("run", "--model", tiny_model, "--out", out, *options, *asked).code == 0
    record = read_record(out)
    docs = [sample.doc for sample in read_samples(out, "jeval_search_finreg_case")]
    assert record.settings.business == ["lender", "payments"]
    assert docs and all(business.binds(doc, "payments") or business.binds(doc, "lender") for doc in docs)
    assert set(record.left_out) == {"jeval_search_finreg_case"}
    part = part_of(record)
    assert part.of_items - part.items == len(record.left_out["jeval_search_finreg_case"]) > 0
    assert verify_run(out) == []
    again = cli("run", "--model", tiny_model, "--out", out, *options)
    assert again.code == 2 and "business" in again.err


def test_another_business_ends_with_2(cli: Callable[..., Any], tiny_model: Path, tmp_path: Path) -> None:
    for word in ("banks", "all"):
        ended = cli("run", "--model", tiny_model, "--out", tmp_path / "run", "--business", word)
        assert ended.code == 2
        assert f"--business '{word}': expected one of bank, securities, insurance, lender, payments" in ended.err
    assert not (tmp_path / "run").exists()
