"""The item bank itself: sound, disjoint, without shortcuts, and true to the statutes."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from jeval.bank import handbook
from jeval.finreg import bank, coverage, guessers, lint, readings
from jeval.finreg.schema import CHANCE, KINDS, SUITES

#: Audit items per kind at least; the search suite is half as large.
LEAST = {"statement": 150, "figure": 150, "choice": 150, "case": 120}
#: What a bank, broker or lender meets daily; orders count with their law.
DAILY = {
    "金商法": ("金商法", "金商業等府令"),
    "銀行法": ("銀行法",),
    "犯収法": ("犯収法", "犯収法施行令", "犯収法施行規則"),
    "個人情報保護法": ("個人情報保護法",),
    "貸金業法": ("貸金業法",),
}


def test_no_item_breaks_a_rule_of_the_bank() -> None:
    assert lint.problems(bank.load()) == []


def test_ids_are_unique_and_every_kind_has_items_in_both_suites() -> None:
    items = bank.load()
    assert len({item.id for item in items}) == len(items)
    assert {(item.kind, item.suite) for item in items} == {(k, s) for k in KINDS for s in SUITES}


def test_the_bank_is_as_large_as_its_intervals_need() -> None:
    items = bank.load()
    suites = Counter(item.suite for item in items)
    kinds = Counter((item.kind, item.suite) for item in items)
    assert suites["audit"] >= 600
    assert suites["search"] >= 300
    assert {kind: n for kind, n in LEAST.items() if kinds[kind, "audit"] < n} == {}


def test_daily_laws_have_sixty_items_and_every_law_has_some() -> None:
    from jeval.finreg.statutes import known_laws

    laws = Counter(item.law for item in bank.load())
    assert {name: n for name, of in DAILY.items() if (n := sum(laws[law] for law in of)) < 60} == {}
    assert {law.short_title for law in known_laws()} == set(laws)


def test_the_suites_share_no_article() -> None:
    suites: dict[str, set[str]] = defaultdict(set)
    for item in bank.load():
        suites[item.cluster].add(item.suite)
    assert {cluster for cluster, found in suites.items() if len(found) > 1} == set()


def test_every_item_carries_the_digest_of_its_article() -> None:
    assert [item.id for item in bank.load() if not item.article_sha256] == []


def test_every_item_rests_on_the_statutes() -> None:
    folder = os.environ.get("JEVAL_STATUTES")
    if not folder:
        pytest.skip("JEVAL_STATUTES is not set: no statutes at hand to check the items against")
    from jeval.finreg.check import verify_items

    report = verify_items(Path(folder))
    assert [finding.line() for finding in (*report.errors, *report.failures)] == []
    assert report.checked == len(bank.load())


@pytest.mark.parametrize("kind", guessers.GUESSED)
def test_no_guesser_beats_chance_by_five_points(kind: str) -> None:
    items = [item for item in bank.load() if item.kind == kind]
    suites = [[item for item in items if item.suite == suite] for suite in ("audit", "search")]
    for group in (items, *suites):
        held = {
            o.guesser: round(o.accuracy, 3) for o in guessers.run(group) if o.guesser in guessers.HELD and not o.within
        }
        assert held == {}, f"see python -m jeval.finreg.guessers for the items to rewrite (n = {len(group)})"


def test_the_coverage_table_of_the_document_is_current() -> None:
    if not handbook.page("finreg").is_file():
        pytest.skip("not a checkout: docs/ is not packed in the wheel")
    assert handbook.is_current("finreg", "coverage", coverage.markdown(bank.load())), (
        "run python -m jeval.finreg.coverage --write"
    )


def test_every_item_was_read_again_in_its_present_text() -> None:
    assert readings.unread(bank.load()) == {}, (
        "read the item, append to data/finreg/labels/readings.jsonl, run jeval.finreg.readings"
    )


def test_an_edited_item_must_be_read_again() -> None:
    item = bank.load()[0]
    assert readings.unread([item.model_copy(update={"basis": item.basis + "。"})]) == {
        item.id: "changed since it was read"
    }


def test_no_reader_without_the_key_answers_otherwise() -> None:
    assert [name for name, row in readings.blind_readings(bank.load()).items() if row["blind"] != "agrees"] == []


@pytest.mark.parametrize("kind", guessers.GUESSED)
def test_what_readers_call_absurd_is_worth_less_than_five_points(kind: str) -> None:
    assert readings.layman(bank.load())[kind] <= CHANCE[kind] + guessers.TOLERANCE


def test_the_tally_of_the_document_is_current() -> None:
    if not handbook.page("finreg").is_file():
        pytest.skip("not a checkout: docs/ is not packed in the wheel")
    assert handbook.is_current("finreg", "readings", readings.markdown(bank.load())), (
        "run python -m jeval.finreg.readings --write"
    )


def test_the_counts_of_both_coverage_tables_add_up() -> None:
    items = bank.load()
    by_law, by_theme = coverage.markdown(items).split("\n\n")[1:]
    for lines in (by_law.splitlines()[2:-1], by_theme.splitlines()[2:]):
        assert sum(int(line.split("|")[-4]) for line in lines) == len(items)
    assert by_law.splitlines()[-1].startswith("| 計 |")
