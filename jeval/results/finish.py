"""Write a finished run: samples, record, manifest, report."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.models.identity import file_digest
from jeval.results.store import write_json, write_samples, write_text
from jeval.taskpack import resolve_hook

if TYPE_CHECKING:
    from jeval.evaluation import ItemResult
    from jeval.results.schema import RunRecord
    from jeval.taskpack import LoadedTasks


def write_run(
    folder: Path,
    record: RunRecord,
    loaded: LoadedTasks,
    items: dict[str, list[ItemResult]],
    *,
    reveal: str | None,
    lang: str,
) -> None:
    """Write the run folder; the record goes last but for the report, so that ``run.json`` means "complete".

    Args:
        reveal: who asked to keep personal data in model output readable; ``None`` masks it.
    """
    for name, results in items.items():
        explain = loaded.metadata(name).get("explain")
        hook = resolve_hook(explain) if explain else None
        private = bool(loaded.metadata(name).get("apart"))  # items made from the user's own canaries or documents
        write_samples(folder, name, [_row(item, hook, mask=reveal is None, private=private) for item in results])
    write_json(folder / "run.json", record.model_dump(mode="json"))
    from jeval.report.page import render

    write_text(folder / "report.html", render([folder], lang=lang, reveal=reveal))
    write_json(folder / "manifest.json", manifest(folder, record, reveal))


def _row(item: ItemResult, explain: Any, *, mask: bool, private: bool = False) -> dict[str, Any]:
    evidence = explain(item.doc, item.outputs) if explain else None
    outputs: Any = item.outputs
    if mask and item.loglikelihoods is None:
        outputs, evidence = _masked(outputs), _masked(evidence)
    prompts, doc = (_masked(item.prompts), _masked(item.doc)) if mask and private else (item.prompts, item.doc)
    return {
        "id": item.id,
        "cluster": item.cluster,
        "prompt": prompts,
        "outputs": outputs,
        "loglikelihoods": item.loglikelihoods,
        "score": item.score,
        "metrics": item.metrics,
        "evidence": evidence,
        "doc": doc,
    }


def _masked(value: Any) -> Any:
    """Mask personal data in every string of a nested value."""
    from jeval.leak import mask

    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _masked(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(entry) for entry in value]
    return value


@lru_cache(maxsize=1)
def _dictionary_digest() -> str:
    import unidic_lite

    return file_digest(Path(unidic_lite.DICDIR) / "sys.dic")


def manifest(folder: Path, record: RunRecord, reveal: str | None) -> dict[str, Any]:
    """SHA-256 of every file of the run folder and of everything the numbers rest on."""
    files = {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {"manifest.json", ".started.json"} and path.suffix != ".part"
    }
    return {
        "schema_version": record.schema_version,
        "files": files,
        "model": record.model.identity,
        "task_pack": record.task_pack,
        "packages": record.packages,
        "dictionary": {"unidic-lite sys.dic": _dictionary_digest()},
        "revealed_by": reveal,
    }
