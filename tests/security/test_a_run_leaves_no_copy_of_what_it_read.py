"""Hostile: whoever uses the machine next. Attack: read in a cache or a folder what an evaluation has left there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = {
    "task": "task: own_one\ndataset_path: json\ndataset_kwargs: {data_files: {test: FILE}}\nREST",
    "member of a group": "group: own_group\ntask:\n  - {task: own_one, dataset_path: json, dataset_kwargs: {data_files: {test: FILE}}, REST}",
    "folder": "task: own_one\ndataset_path: FOLDER\nREST",
}
REST = ["test_split: test", "output_type: multiple_choice", "doc_to_text: '{{a}}'", "doc_to_choice: ['甲', '乙']",
        "doc_to_target: 0", "metric_list: [{metric: acc}]"]  # fmt: skip
CODE = """
import sys
from pathlib import Path
from jeval.pipeline.taskpack import load_tasks
from jeval.offline import set_hub_variables
loaded = load_tasks([sys.argv[2]], include=(Path(sys.argv[1]),))
print([doc["a"] for name in loaded.tasks for doc in loaded.docs(name)])
"""


def test_data_of_a_task_is_not_left_in_the_hubs_cache(tmp_path: Path) -> None:
    for what, text in PLACES.items():
        place = tmp_path / what.replace(" ", "-")
        pack, data, home, scratch = place / "pack", place / "data", place / "home", place / "tmp"
        for folder in (pack, data, home, scratch):
            folder.mkdir(parents=True)
        (data / "test.jsonl").write_text('{"a": "秘密の問い"}\n')
        rest = ", ".join(REST) if what.startswith("member") else "\n".join(REST)
        text = text.replace("FILE", str(data / "test.jsonl")).replace("FOLDER", str(data)).replace("REST", rest)
        (pack / "own.yaml").write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(pack), "own_group" if "group" in what else "own_one"],
            env={**os.environ, "HF_HOME": str(home), "TMPDIR": str(scratch), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=False, cwd=place,
        )  # fmt: skip
        assert "秘密の問い" in done.stdout, (what, done.stderr[-2000:])
        left = [path for path in (*home.rglob("*"), *scratch.rglob("*")) if path.is_file()]
        assert [path for path in left if "秘密の問い".encode() in path.read_bytes()] == [], what
