"""``jeval report --pdf``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pypdf = pytest.importorskip("pypdf")
pytest.importorskip("weasyprint")

Cli = Callable[..., Any]


def test_a_pdf_is_tagged_and_has_bookmarks_and_the_letters(cli: Cli, other_run: Path, tmp_path: Path) -> None:
    done = cli("report", other_run, "--out", tmp_path / "report.html", "--pdf", "--json")
    assert done.code == 0, done.err
    paper = pypdf.PdfReader(done.json["pdf"])
    root = paper.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "ja" and root["/StructTreeRoot"]
    titles = [
        entry.title
        for part in paper.outline
        for entry in (part if isinstance(part, list) else [part])
        if not isinstance(entry, list)
    ]
    assert "判定" in titles and "承認欄" in titles
    text = paper.pages[0].extract_text()
    assert "言語モデル評価報告書" in text and f"1 / {len(paper.pages)}" in text
    fonts = {str(font) for page in paper.pages[:3] for font in (page["/Resources"].get("/Font") or {}).values()}
    assert fonts


def test_no_font_for_japanese_is_said(cli: Cli, other_run: Path, tmp_path: Path, monkeypatch: Any) -> None:
    def none(command: list[str], **_: Any) -> Any:
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr("jeval.report.pdf.shutil.which", lambda _: "/usr/bin/fc-list")
    monkeypatch.setattr("jeval.report.pdf.subprocess.run", none)
    done = cli("report", other_run, "--out", tmp_path / "report.html", "--pdf")
    assert done.code == 2 and "fonts-noto-cjk" in done.err and done.err.count("\n") == 1
    assert (tmp_path / "report.html").is_file() and not (tmp_path / "report.pdf").exists()


def test_a_missing_package_is_named(cli: Cli, other_run: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    done = cli("report", other_run, "--out", tmp_path / "report.html", "--pdf")
    assert done.code == 2 and 'pip install "jeval[pdf]"' in done.err
