"""The report in a browser: nothing is fetched, no script runs, and who cannot see or use a mouse can read it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jeval.report.page import write_report

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(hostile_run: Path, other_run: Path, tmp_path_factory: Any) -> list[Path]:
    """A run's report, a comparison in English, and a page of a task's items."""
    folder = tmp_path_factory.mktemp("pages")
    single = write_report([hostile_run], folder / "single.html", "ja")
    items = sorted((folder / "single-items").glob("*.html"))
    return [single, write_report([other_run, hostile_run], folder / "several.html", "en"), *items[:1]]


def test_nothing_is_fetched_and_no_script_of_a_model_runs(browser: Any, pages: list[Path]) -> None:
    for page in pages:
        asked: list[str] = []
        said: list[str] = []
        tab = browser.new_page()
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.on("dialog", lambda dialog, said=said: (said.append(dialog.message), dialog.dismiss()))
        tab.on("console", lambda message, said=said: said.append(message.text))
        tab.goto(page.as_uri())
        tab.wait_for_load_state("networkidle")
        assert asked == [page.as_uri()]
        assert said == []
        assert tab.evaluate("document.querySelectorAll('script, img, iframe, object, link, b b').length") == 0
        tab.close()


def test_it_reads_the_same_without_javascript(browser: Any, pages: list[Path]) -> None:
    texts = []
    for enabled in (True, False):
        context = browser.new_context(java_script_enabled=enabled)
        tab = context.new_page()
        tab.goto(pages[0].as_uri())
        texts.append(tab.locator("body").inner_text())
        context.close()
    assert texts[0] == texts[1] and len(texts[0]) > 2000


def test_wcag_2_2_aa_by_axe(browser: Any, pages: list[Path]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for page in pages:
        context = browser.new_context(bypass_csp=True)  # of the checker alone, which is a script
        tab = context.new_page()
        tab.goto(page.as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        found = axe.run(tab, options={"runOnly": RULES}).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
        context.close()


def test_on_a_phone_only_tables_scroll_sideways(browser: Any, pages: list[Path]) -> None:
    for page in pages:
        tab = browser.new_page(viewport={"width": 390, "height": 844})
        tab.goto(page.as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        tab.close()


def test_paper_keeps_the_evidence_and_has_page_numbers(browser: Any, pages: list[Path], tmp_path: Path) -> None:
    reader = pytest.importorskip("pypdf").PdfReader
    tab = browser.new_page()
    tab.goto(pages[0].as_uri())
    tab.pdf(path=str(tmp_path / "page.pdf"), prefer_css_page_size=True)
    tab.close()
    paper = reader(tmp_path / "page.pdf")
    width, height = paper.pages[0].mediabox[2:]
    assert (round(float(width)), round(float(height))) == (595, 842)
    texts = [page.extract_text() for page in paper.pages]
    assert f"1 / {len(texts)}" in texts[0]
    assert "keigo-pairs-audit" in "".join(texts)  # stands in a part that is folded on screen


def test_the_filter_of_failed_items_needs_no_script(browser: Any, pages: list[Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(pages[-1].as_uri())
    before = tab.locator(".item:visible").count()
    tab.locator("#zero").check()
    some = tab.locator(".item.some").count()
    assert tab.locator(".item:visible").count() == before - some
    context.close()
