"""``jeval.run``: an audit from Python, its options as keywords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import InputError
from jeval.offline import set_hub_variables
from jeval.record.finished import FinishedRun
from jeval.suggest import near

if TYPE_CHECKING:
    from jeval.audit.run import RunOptions

_LISTS = ("tasks", "whole", "include", "trust_packs", "allow_hosts", "business")
_PATHS = ("tokenizer", "out", "canaries", "corpus", "model_key", "sign")


def run(
    model: str | Path | None, options: RunOptions | None = None, *, silent: bool = False, **keywords: Any
) -> FinishedRun:
    """Evaluate a model and write its run folder.

    Args:
        model: a Hugging Face folder, a LoRA adapter folder, a ``.gguf`` file; ``None`` with a remote backend.
        options: see :class:`jeval.RunOptions`.
        silent: no progress on standard error.
        keywords: single options by name (``limit=20``), which go before those of ``options``. Paths and dates may be text, a
            list of one may be the one alone.

    Returns:
        The finished run: ``record, folder = jeval.run(…)``, or ``jeval.run(…).samples()``. Answers are stored as they come: the
        same call after a crash resumes.

    Raises:
        InputError: bad input, before anything is computed.
        ModelError: the model cannot be scored.
    """
    set_hub_variables()  # read by the libraries when they are imported, which is now
    from jeval.audit.run import RunOptions, run

    known = {field.name for field in fields(RunOptions)}
    for name in keywords:
        if name not in known:
            raise InputError(f"jeval.run has no option {name!r}; {near(name, known)}")
    given = replace(options or RunOptions(), **keywords)
    values = {name: _value(name, getattr(given, name)) for name in known}
    _check(values)
    return FinishedRun(*run(model, RunOptions(**values), silent=silent))


def _value(name: str, value: Any) -> Any:
    """An option as :class:`RunOptions` has it, from what people write in a notebook."""
    if value is None:
        return None
    if name in _LISTS:
        listed = [value] if isinstance(value, (str, Path)) else list(value)
        return [Path(one).expanduser() for one in listed] if name == "include" else listed
    if name in _PATHS:
        return Path(value).expanduser()
    if name == "as_of":
        return _day(value)
    if name == "limit":
        return _whole(value)
    return str(value) if name == "batch_size" else value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InputError(f"limit={value!r}: expected a whole number of items of each task, such as 100")
    return int(value)


def _day(value: Any) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError) as err:
        raise InputError(f"as_of={value!r}: expected a date like 2026-11-23") from err


def _check(values: Mapping[str, Any]) -> None:
    if values["lang"] not in ("ja", "en"):
        raise InputError(f"lang={values['lang']!r}: expected ja or en")
    for name in ("canaries", "corpus"):
        if values[name] is not None and not values[name].exists():
            raise InputError(f"{name}={str(values[name])!r}: no such file")
    if not isinstance(values["model_args"], Mapping):
        raise InputError(f"model_args={values['model_args']!r}: expected a dictionary, such as {{'max_length': 2048}}")
    lists: Sequence[Any] = [one for name in _LISTS for one in values[name] or ()]
    if wrong := [one for one in lists if not isinstance(one, (str, Path))]:
        raise InputError(f"{wrong[0]!r}: expected text in {', '.join(_LISTS)}")
