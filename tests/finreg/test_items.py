"""The item bank itself: sound, disjoint, without shortcuts, and true to the statutes."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from jeval.bank import handbook
from jeval.errors import InputError
from jeval.evidence import reading
from jeval.evidence.guesser import TOLERANCE
from jeval.finreg import bank, coverage, guessers, laws, lint, order, readings
from jeval.finreg.check import verify_items
from jeval.finreg.citation import place
from jeval.finreg.laws import known_laws
from jeval.finreg.schema import CHANCE, KINDS, SUITES, AnyItem, Kind

#: Audit items per kind at least; the search suite is half as large.
LEAST: dict[Kind, int] = {"statement": 150, "figure": 150, "choice": 150, "case": 120}
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
    of_law = Counter(item.law for item in bank.load())
    assert {law.short_title for law in known_laws() if law.daily} == set(DAILY)
    assert {name: n for name, of in DAILY.items() if (n := sum(of_law[law] for law in of)) < 60} == {}
    assert {law.short_title for law in known_laws()} == {item.law for item in bank.load() if item.tier == "law"}


def test_every_law_has_a_file_of_its_own_sorted_by_article_and_id() -> None:
    files = bank.item_files()
    guidelines = {document.file for document in laws.known_documents()}
    assert sorted({path.name for path in files} - guidelines) == sorted(law.file for law in known_laws())
    for path in files:
        items = bank.read(path)
        assert {laws.files()[item.law_id] for item in items} == {path.name}
        assert [item.id for item in items] == [
            item.id for item in sorted(items, key=lambda item: (place(item.article), item.id))
        ]


def test_the_order_lists_every_item_once_and_the_bank_follows_it() -> None:
    assert order.read() == [item.id for item in bank.load()]
    assert Counter(order.read()) == Counter(item.id for item in bank.read())


def test_new_items_come_last_and_ids_that_are_gone_leave(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second, third, *_ = bank.read()
    path = tmp_path / "built" / "order.txt"
    monkeypatch.setattr(order, "path", lambda: path)
    with pytest.raises(InputError, match="jeval bank build"):
        order.read()
    for items, expected in (
        ([second], [second]),
        ([first, second, third], [second, first, third]),
        ([third, first], [first, third]),
    ):
        order.write(items)
        assert order.read() == ids(expected)
        assert path.read_text(encoding="utf-8").startswith("# ")
    assert ids(order.arranged([second, third, first], order.read())) == ids([first, third, second])


def ids(items: Sequence[AnyItem]) -> list[str]:
    return [item.id for item in items]


def test_the_suites_share_no_article() -> None:
    suites: dict[str, set[str]] = defaultdict(set)
    for item in bank.load():
        suites[item.cluster].add(item.suite)
    assert {cluster for cluster, found in suites.items() if len(found) > 1} == set()


def test_every_item_carries_the_digest_of_its_article() -> None:
    assert [item.id for item in bank.load() if not item.article_sha256] == []


def test_every_item_rests_on_the_statutes() -> None:
    folders = os.environ.get("JEVAL_STATUTES")
    if not folders:
        pytest.skip("JEVAL_STATUTES is not set: no statutes at hand to check the items against")
    report = verify_items([Path(folder) for folder in folders.split(os.pathsep)])
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
        assert held == {}, f"see jeval bank guessers for the items to rewrite (n = {len(group)})"


def test_the_coverage_table_of_the_document_is_current() -> None:
    if not handbook.page("finreg").is_file():
        pytest.skip("not a checkout: docs/ is not packed in the wheel")
    assert handbook.is_current("finreg", "coverage", coverage.markdown(bank.load())), "run jeval bank coverage --write"


def test_every_item_was_read_again_in_its_present_text() -> None:
    assert unread(bank.load()) == {}, (
        "read the item, append to data/finreg/labels/readings.jsonl, run jeval bank readings --close"
    )


def test_an_edited_item_must_be_read_again() -> None:
    item = bank.load()[0]
    assert unread([item.model_copy(update={"basis": item.basis + "。"})]) == {item.id: "changed since it was read"}


def unread(items: Sequence[AnyItem]) -> dict[str, str]:
    return reading.unread(readings.load(), readings.digests(items))


def test_no_reader_without_the_key_answers_otherwise() -> None:
    assert [name for name, row in readings.blind_readings(bank.load()).items() if row.blind != "agrees"] == []


@pytest.mark.parametrize("kind", guessers.GUESSED)
def test_what_readers_call_absurd_is_worth_less_than_five_points(kind: str) -> None:
    assert readings.layman(bank.load())[kind] <= CHANCE[kind] + TOLERANCE


def test_the_tally_of_the_document_is_current() -> None:
    if not handbook.page("finreg").is_file():
        pytest.skip("not a checkout: docs/ is not packed in the wheel")
    assert handbook.is_current("finreg", "readings", readings.markdown(bank.load())), "run jeval bank readings --close"


def test_the_counts_of_both_coverage_tables_add_up() -> None:
    items = bank.load()
    by_law, by_theme = coverage.markdown(items).split("\n\n")[1:]
    for lines in (by_law.splitlines()[2:-1], by_theme.splitlines()[2:]):
        assert sum(int(line.split("|")[-4]) for line in lines) == len(items)
    assert by_law.splitlines()[-1].startswith("| 計 |")
