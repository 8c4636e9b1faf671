"""Runs of any scores on the items of the task pack, without a model; policies written for a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from jeval.pipeline.judged import plain
from jeval.pipeline.score import domain_results, not_scored_tasks, task_results
from jeval.pipeline.taskpack import LoadedTasks, load_tasks
from jeval.pipeline.window import Fit
from jeval.record.samples import Sample, write_samples
from jeval.record.schema import ModelInfo, Outbound, RunRecord, Settings, Timing
from jeval.writing import write_json

Score = Callable[[str, Mapping[str, Any]], float | None]
RULE = {"id": "one", "ja": "規則。", "en": "A rule.", "severity": "major"}


@pytest.fixture(scope="session")
def pack() -> LoadedTasks:
    return load_tasks(["jeval"])


@pytest.fixture(scope="session")
def items(pack: LoadedTasks) -> dict[str, list[dict[str, Any]]]:
    """What the tasks ask, read once."""
    return {one: [plain(doc) for doc in pack.docs(one)] for one in pack.tasks}


@pytest.fixture(scope="session")
def write_scored(pack: LoadedTasks, items: dict[str, list[dict[str, Any]]]) -> Callable[..., Path]:
    """Write a run into a folder in which ``score(task, item)`` is what an item earned; ``None``: not scored."""

    def make(folder: Path, score: Score, *, tasks: list[str] | None = None, finished: str = "2026-11-30") -> Path:
        chosen = LoadedTasks({one: task for one, task in pack.tasks.items() if tasks is None or one in tasks})
        samples = {one: [_sample(doc, score(one, doc)) for doc in items[one]] for one in chosen.tasks}
        results = task_results(chosen, samples, {}, Fit({}), {})
        for one, found in samples.items():
            write_samples(folder, one, found)
        record = RunRecord(
            jeval_version="0",
            model=ModelInfo(
                name=folder.name, path=None, kind="live", backend="jeval-hf", device="cpu", dtype="float32", parameters=None,
                weight_bytes=None, chat_template=False, identity=None,
            ),
            suite="audit",
            settings=Settings(
                tasks=list(chosen.tasks), suite="audit", limit=None, whole=[], seed=0, backend="jeval-hf", model_args={},
                dtype=None, device=None, as_of=None, canaries=None, corpus=None,
            ),
            domains=domain_results(chosen, results),
            tasks={**results, **not_scored_tasks({})},
            outbound=Outbound(attempts=0, targets=[], allowed_hosts=[]),
            packages={},
            task_pack={},
            timing=Timing(finished=f"{finished}T12:00:00+00:00"),
        )  # fmt: skip
        write_json(folder / "run.json", record.model_dump(mode="json"))
        return folder

    return make


@pytest.fixture
def scored_run(write_scored: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """The same in a folder of this test."""
    return lambda score, *, name="run", **given: write_scored(tmp_path / name, score, **given)


def _sample(doc: Mapping[str, Any], score: float | None) -> Sample:
    cluster = str(doc.get("cluster") or doc["id"])
    return Sample(
        id=str(doc["id"]), cluster=cluster, prompt=[], outputs=[], loglikelihoods=None, score=score, doc=dict(doc)
    )


@pytest.fixture
def policy_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a policy of these rules; what a rule does not say is as in :data:`RULE`."""

    def write(*rules: Mapping[str, Any], name: str = "mine", **fields: Any) -> Path:
        path = tmp_path / f"{name}.yaml"
        titles = {"title_ja": "試し", "title_en": "Trial", "purpose_ja": "試す。", "purpose_en": "To try."}
        document = {**titles, "rules": [{**RULE, **rule} for rule in rules], **fields}
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        return path

    return write
