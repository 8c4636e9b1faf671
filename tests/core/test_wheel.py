"""A wheel works in a fresh environment outside the checkout, with tasks and data inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_wheel_works_outside_the_checkout(tiny_model: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "env", with_pip=True)
    bin_folder = tmp_path / "env" / "bin"
    subprocess.run([bin_folder / "pip", "install", "-q", "--no-deps", wheel], check=True, capture_output=True)
    # The dependencies come from this environment, all but jeval itself, which is not importable from here.
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    code = "import jeval, jeval.resources as r; print(jeval.__file__); print(r.tasks_path(), r.data_path())"
    done = subprocess.run(
        [bin_folder / "python", "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True, env=environment
    )
    assert all(str(site) in line for line in done.stdout.split()), done.stdout
    assert not [*site.glob("jeval*.pth")], "nothing of jeval runs in a process that does not ask for it"
    command = [str(bin_folder / "jeval"), "run", "--model", str(tiny_model), "--device", "cpu", "--limit", "2",
               "--json"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"keigo", "finreg", "leak"} <= set(result["domains"])
    assert (tmp_path / result["run"] / "report.html").is_file()
