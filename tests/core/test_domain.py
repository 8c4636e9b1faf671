"""A domain of somebody else: a package with an entry point, and nothing of jeval changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jeval.record.samples import read_samples
from jeval.record.store import read_record

PACKAGE = """
from pathlib import Path
from jeval.domain import Domain, Section, Table

def sections(samples, lang):
    rows = [[task.kind, len(task.scored), sum(score for _, score in task.scored)] for task in samples]
    title = "社内規程の用語" if lang == "ja" else "Words of the house"
    return [Section(title, ["社内規程第5条による。"], [Table("", ["kind", "n", "right"], rows)])]

def mask(text):
    return text.replace("社外秘", "●●●")

def dataset(suite="audit", **_):
    import datasets
    rows = [{"id": f"house-{n}", "cluster": str(n), "text": f"{n}番の書類は"} for n in range(3)]
    return {"test": datasets.Dataset.from_list(rows)}

def text(doc):
    return doc["text"]

def target(doc):
    return ""

def results(doc, outputs):
    return {"score": 1.0}

def explain(doc, outputs):
    return {"spans": [], "reasons": ["社外秘の書類"]}

DOMAIN = Domain("house_style", "社内規程", "House rules", sections, mask=mask,
                tasks=Path(__file__).parent / "tasks", groups={"audit": ["bank_style"]})
"""
TASK = """
task: bank_style_words
custom_dataset: !function bank_style.dataset
test_split: test
output_type: generate_until
doc_to_text: !function bank_style.text
doc_to_target: !function bank_style.target
generation_kwargs: {until: ["。"], max_gen_toks: 4, do_sample: false}
process_results: !function bank_style.results
metric_list: [{metric: score, aggregation: mean, higher_is_better: true}]
metadata: {version: "1.0", domain: house_style, kind: words, chance: 0.0, title_ja: 用語, title_en: Words, explain: bank_style.explain}
"""
GROUP = "group: bank_style\ntask: [bank_style_words]\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with one that brings a domain."""
    folder = tmp_path_factory.mktemp("site")
    files = {
        "bank_style/__init__.py": PACKAGE,
        "bank_style/tasks/words.yaml": TASK,
        "bank_style/tasks/group.yaml": GROUP,
        "bank_style-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: bank-style\nVersion: 1.0\n",
        "bank_style-1.0.dist-info/entry_points.txt": "[jeval.domains]\nhouse_style = bank_style:DOMAIN\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def jeval(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "jeval", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})


def test_a_run_scores_it_and_the_report_shows_it_beside_the_three(site: Path, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = jeval(site, "run", "--model", tiny_model, "--device", "cpu", "--limit", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    record = read_record(out)
    assert set(record.domains) == {"keigo", "finreg", "leak", "house_style"}
    assert record.domains["house_style"].n == 2
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "社内規程第5条による。" in page
    assert page.count("<h2>詳細: 社内規程") == 1
    (first, _) = read_samples(out, "bank_style_words")
    assert first.evidence is not None
    assert first.evidence.reasons == ["●●●の書類"], "the domain's own mask"
    assert jeval(site, "verify", out).returncode == 0


def test_a_package_that_cannot_be_loaded_is_named(site: Path, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "bad-1.0.dist-info").mkdir()
    (tmp_path / "bad-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (tmp_path / "bad-1.0.dist-info" / "entry_points.txt").write_text("[jeval.domains]\nbad = no_such_module:DOMAIN\n")
    done = jeval(tmp_path, "run", "--model", tiny_model, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "entry point 'bad' of bad (jeval.domains) cannot be loaded" in " ".join(done.stderr.split())
