"""A domain of somebody else: a package with an entry point, and nothing of jeval changed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from jeval.record.samples import read_samples
from jeval.record.store import read_record
from tests.core.recipes import recipes


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the one of the recipe in CONTRIBUTING.md, which brings a domain."""
    folder = tmp_path_factory.mktemp("site")
    for block in recipes()["A domain"]:
        if block.path.startswith("bank_style/bank_style/"):
            path = folder / block.path.partition("/")[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    info = folder / "bank_style-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bank-style\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jeval.domains]\nhouse_style = bank_style:DOMAIN\n")
    return folder


def jeval(python: list[str], site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [*python, "-m", "jeval", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})


def test_a_run_scores_it_and_the_report_shows_it_beside_the_three(
    site: Path, tiny_model: Path, tmp_path: Path, warm: list[str]
) -> None:
    out = tmp_path / "run"
    done = jeval(warm, site, "run", "--model", tiny_model, "--device", "cpu", "--limit", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    record = read_record(out)
    assert set(record.domains) == {"keigo", "finreg", "leak", "house_style"}
    assert record.domains["house_style"].n == 2
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "社内規程第5条による。" in page
    assert page.count("<h2>内訳：社内規程") == 1
    (first, _) = read_samples(out, "bank_style_words")
    assert first.evidence is not None
    assert first.evidence.reasons == ["●●●の書類"], "the domain's own mask"
    assert jeval(warm, site, "verify", out).returncode == 0


def test_a_package_that_cannot_be_loaded_is_named(
    site: Path, tmp_path: Path, tiny_model: Path, warm: list[str]
) -> None:
    (tmp_path / "bad-1.0.dist-info").mkdir()
    (tmp_path / "bad-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (tmp_path / "bad-1.0.dist-info" / "entry_points.txt").write_text("[jeval.domains]\nbad = no_such_module:DOMAIN\n")
    done = jeval(warm, tmp_path, "run", "--model", tiny_model, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "entry point 'bad' of bad (jeval.domains) cannot be loaded" in " ".join(done.stderr.split())
