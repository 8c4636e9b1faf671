"""lm-eval's own command finds jeval-hf in an installed jeval."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "jeval" / "models" / "plugin"


def in_site(tmp_path: Path, code: str) -> list[str]:
    """Run ``code`` in a fresh Python that has the plugin's two files in a site folder."""
    for file in FOLDER.glob("jeval_lm_eval.p*"):
        shutil.copy(file, tmp_path)
    start = f"import site, sys; site.addsitedir({str(tmp_path)!r})\n"
    done = subprocess.run([sys.executable, "-c", start + code], check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_lm_eval_resolves_the_name_when_the_files_lie_in_site_packages(tmp_path: Path) -> None:
    code = "from lm_eval.api.registry import get_model; print(get_model('jeval-hf').__module__, 'hf' in sys.modules)"
    assert in_site(tmp_path, code) == ["jeval.models.hf", "False"]


def test_waiting_imports_nothing_and_leaves_the_other_models_alone(tmp_path: Path) -> None:
    code = (
        "print(any(m in sys.modules for m in ('jeval', 'torch', 'lm_eval')))\n"
        "import lm_eval.models\n"
        "from lm_eval.api.registry import model_registry as r\n"
        "print(sorted(set(r.keys()) - set(lm_eval.models.MODEL_MAPPING)), 'jeval' in sys.modules)\n"
        "print(sum(getattr(f, '__name__', '') == '_Waiting' for f in sys.meta_path))"
    )
    assert in_site(tmp_path, code) == ["False", "['jeval-hf']", "False", "0"]


def test_importing_jeval_s_class_first_is_no_conflict(tmp_path: Path) -> None:
    code = (
        "import jeval.models.hf, jeval_lm_eval\n"
        "from lm_eval.api.registry import get_model\n"
        "print(get_model('jeval-hf') is jeval.models.hf.JevalHF)"
    )
    assert in_site(tmp_path, code) == ["True"]
