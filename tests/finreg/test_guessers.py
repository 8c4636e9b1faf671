"""The guessers find a shortcut where there is one, and none where there is none."""

from __future__ import annotations

import random

from jeval.evidence.guesser import Candidate, Outcome, by_ngram, by_rule, telling_ngrams
from jeval.finreg import bank, guessers, shortcuts
from jeval.finreg.guessers import length, specificity


def pairs(n: int, right: str, wrong: str) -> list[Candidate]:
    rng = random.Random(0)
    subject = ["銀行", "証券会社", "貸金業者", "保険会社"]
    return [
        Candidate(
            f"s{i}", f"law:{i}", (f"{rng.choice(subject)}は{i}番の{right}", f"{rng.choice(subject)}は{i}番の{wrong}"), 0
        )
        for i in range(n)
    ]


def test_a_word_that_only_false_texts_use_is_found() -> None:
    found = by_ngram(pairs(40, "届出をする。", "許可を得る必要はない。"))
    assert found.accuracy > 0.95
    assert not found.within
    assert found.to_repair == 18
    told = telling_ngrams(pairs(40, "届出をする。", "必要はない。"))
    assert len(told) == 20
    assert {(right, wrong) for _, right, wrong in told} == {(40, 0), (0, 40)}


def test_words_used_equally_in_right_and_wrong_texts_help_nobody() -> None:
    mixed = [
        Candidate(
            f"s{i}", f"law:{i}", ("七年間とする", "七月間とする") if i % 2 else ("七月間とする", "七年間とする"), 0
        )
        for i in range(40)
    ]
    assert by_ngram(mixed).within


def test_items_of_the_same_article_do_not_teach_the_guesser() -> None:
    same = [Candidate(f"s{i}", "law:1", ("届出をする", "許可を得る"), 0) for i in range(10)]
    assert by_ngram(same).accuracy == 0.5


def test_the_length_guesser_sees_the_longest_option_and_shares_ties() -> None:
    items = [
        Candidate("a", "x", ("いちばん長い選択肢", "短い", "短い", "短い"), 0),
        Candidate("b", "y", ("同じ", "同じ", "長い選択肢", "長い選択肢"), 2),
    ]
    found = by_rule("longest", length, items)
    assert found.accuracy == 0.75
    assert [name for name, _ in found.hits] == ["a"]


def test_specificity_counts_figures_katakana_words_and_quoted_terms() -> None:
    assert specificity("年20％") == 1
    assert specificity("七年間") == 1
    assert specificity("「確認記録」をデータベースに7年保存する") == 3
    assert specificity("速やかに届け出る") == 0


def test_the_ngram_guesser_is_held_on_one_side_only() -> None:
    assert Outcome("ngram", 100, 0.35, 0.5, ()).within
    assert not Outcome("ngram", 100, 0.56, 0.5, ()).within
    assert not Outcome("longest", 100, 0.44, 0.5, ()).within


def test_the_report_names_what_it_found_in_words() -> None:
    items = [item for item in bank.load() if item.kind == "choice"][:30]
    found = shortcuts.report(items)
    assert set(found.kinds) == set(guessers.GUESSED)
    assert found.kinds["choice"].both["longest"].n == len(items)
    text = "\n".join(shortcuts.lines(found))
    assert "choice (chance 0.25" in text and "figure: commonest value" in text
