"""Themes: which articles belong together in the report."""

from __future__ import annotations

import pytest

from jeval.finreg import bank
from jeval.finreg.laws import known_documents, known_laws
from jeval.finreg.themes import Theme, theme_of, themes


@pytest.mark.parametrize(
    ("law", "article", "theme"),
    [
        ("金商法", "167の2", "insider"),
        ("金商法", "35", "licence"),
        ("金商法", "36", "conduct"),
        ("金商法", "37の6", "solicitation"),
        ("金商法", "27の26", "takeover"),
        ("金商法", "24の4の4", "disclosure"),
        ("犯収法", "4", "verification"),
        ("犯収法", "26", "penalties"),
        ("犯収法", "999", ""),
        ("主要行監督指針", "V-3-2-2", "licence"),
        ("主要行監督指針", "VIII-3-2-1-1", "licence"),
        ("個人情報保護法ガイドライン（通則編）", "3-5-3-4", "data_security"),
        ("民法", "1", ""),
    ],
)
def test_an_article_belongs_to_the_first_theme_that_takes_it_in(law: str, article: str, theme: str) -> None:
    assert theme_of(law, article) == theme


def test_a_span_ends_with_the_branches_of_its_last_article() -> None:
    theme = Theme("x", "x", "x", {"法": (((3,), (4, 2)),)})
    assert [a for a in ("2", "2の9", "3", "3の2", "4", "4の2", "4の2の3", "4の3", "5") if theme.takes("法", a)] == [
        "3",
        "3の2",
        "4",
        "4の2",
        "4の2の3",
    ]


def test_every_theme_names_known_laws_and_holds_items() -> None:
    known = {text.short_title for text in (*known_laws(), *known_documents())}
    assert {law for theme in themes() for law in theme.spans} <= known
    assert {theme.id for theme in themes()} == {theme_of(item.law, item.article) for item in bank.load()}
    assert len({(theme.ja, theme.en) for theme in themes()}) == len(themes())
