"""What stock lm-eval has to be told to give the same numbers; the report makes its command from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lm_eval.tasks import TaskManager

from jeval.audit.options import RunOptions
from jeval.models.source import ModelSource
from jeval.pipeline import domains
from jeval.pipeline.taskpack import LoadedTasks
from jeval.record.schema import Stock


def stock_of(source: ModelSource | None, lm: Any, loaded: LoadedTasks, options: RunOptions) -> Stock:
    """What the record keeps for reproduction.

    Args:
        source: ``None`` for a model behind another process.
        lm: the loaded model.
    """
    base = tokenizer = None
    resized = False
    if source is not None:
        base = str(source.base) if source.kind == "lora" else None
        tokenizer = str(source.tokenizer) if source.tokenizer != source.base else None
        resized = source.kind == "lora" and len(lm.tokenizer) != int(lm.model.get_input_embeddings().weight.shape[0])
    return Stock(
        base=base,
        tokenizer=tokenizer,
        resized=resized,
        folders=_folders(list(loaded.tasks), options.include),
        plain=[name for name in loaded.tasks if not loaded.meta(name).chat_template],
        metadata=options.metadata(source.tokenizer if source is not None else None),
        batch_size=options.batch_size,
        add_bos_token=getattr(lm, "add_bos_token", None) if source is None else None,
        trust_remote_code=options.trust_remote_code,
    )


def _folders(tasks: Sequence[str], include: Sequence[Path]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    left = list(tasks)
    for folder in (*domains.task_folders(), *include):
        here = set(TaskManager(include_path=str(folder), include_defaults=False).all_tasks)
        if own := [name for name in left if name in here]:
            found[str(folder.resolve())] = own
        left = [name for name in left if name not in here]
    return {"": left, **found} if left else found
