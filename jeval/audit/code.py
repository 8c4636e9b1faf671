"""What judged: digests of the task pack, of jeval's own code, and of the code of others that tasks name."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jeval.digests import combined, file_digest, tree_digest
from jeval.pipeline import domains
from jeval.pipeline.taskpack import LoadedTasks, resolve_hook
from jeval.pipeline.trust import pack_name
from jeval.pipeline.yamlfile import outside
from jeval.resources import data_path, tasks_path

_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = {"lm_eval", "datasets", "numpy", "torch", "transformers", *sys.stdlib_module_names}


def task_pack(include: Sequence[Path]) -> dict[str, str]:
    """Digests of jeval's tasks and data, of every folder of tasks of others, and of each file that one includes from elsewhere."""
    pack = {"tasks": tree_digest(tasks_path()), "data": tree_digest(data_path())}
    for folder in (*domains.task_folders(), *include):
        name, again = f"include:{pack_name(folder)}", 2
        while name in pack:
            name, again = f"include:{pack_name(folder)}#{again}", again + 1
        pack[name] = tree_digest(folder)
        for file in outside(folder):
            pack[f"{name}/{os.path.relpath(file, folder.resolve())}"] = file_digest(file)
    return pack


@lru_cache(maxsize=1)
def own_code() -> str:
    """Digest of jeval's modules and templates."""
    files = [file for file in _PACKAGE.rglob("*") if file.suffix in {".py", ".j2"} and file.is_file()]
    own = [(file.relative_to(_PACKAGE).as_posix(), file) for file in files]
    return combined([(name, file_digest(file)) for name, file in own if not name.startswith("_pack/")])


def code_digests(loaded: LoadedTasks, include: Sequence[Path]) -> dict[str, str]:
    """Digest of jeval's own code, and of each module of another package that a task or domain of this run names."""
    inside = [_PACKAGE, *(folder.resolve() for folder in (*domains.task_folders(), *include))]
    found = {"jeval": own_code()}
    for hook in _hooks(loaded):
        module = sys.modules.get(getattr(inspect.unwrap(hook), "__module__", None) or "")
        file = getattr(module, "__file__", None)
        if module is None or file is None or module.__name__.partition(".")[0] in _LIBRARIES:
            continue
        path = Path(file).resolve()
        if not any(folder in path.parents for folder in inside):
            package = path.parent if path.name == "__init__.py" else path
            found[f"module:{module.__name__}"] = tree_digest(package) if package.is_dir() else file_digest(path)
    return dict(sorted(found.items()))


def _hooks(loaded: LoadedTasks) -> Iterator[Callable[..., Any]]:
    for domain in domains.domains().values():
        yield domain.sections
    for name, task in loaded.tasks.items():
        yield from type(task).__mro__
        if explain := loaded.meta(name).explain:
            yield resolve_hook(explain)
        waiting: list[Any] = [vars(task.config)]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                waiting += one.values()
            elif isinstance(one, (list, tuple)):
                waiting += one
            elif callable(one):
                yield one
