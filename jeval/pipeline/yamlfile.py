"""Whether a YAML file is one that may be read: small, shallow, and no bomb of anchors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from jeval.errors import InputError
from jeval.reading import check_regular

MAX_BYTES, MAX_DEPTH, MAX_NODES = 4 << 20, 40, 200_000
"""Of one file; nodes are counted as they are once aliases stand for what they name."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Plain values; what a tag would make of one is not made."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: None)


def check_yaml(file: Path, seen: set[Path] | None = None, *, what: str = "task") -> None:
    """Check a file, and those that it includes, before any of it is built.

    Args:
        seen: files that were checked; gets those that are.
        what: how an error calls what the file holds.

    Raises:
        InputError: no regular file, more bytes, levels or nodes than a task has, or no YAML.
    """
    try:
        check_regular(file, what=f"{what} file")
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise InputError(
                f"{what} file {file} has {size} bytes, more than the {MAX_BYTES} that a {what} may have"
                + ("; keep items in a data file (dataset_path: json)" if what == "task" else "; mend it")
            )
        text = file.read_bytes()
        _check_size(file, text, what)
        config = yaml.load(text, Loader=_Loader)
    except (OSError, yaml.YAMLError, RecursionError, ValueError, TypeError) as err:
        detail = " ".join(str(err).split())[:200] or type(err).__name__
        raise InputError(f"{what} file {file} cannot be read: {detail}; mend or remove it") from err
    seen = set() if seen is None else seen  # each file once, however often others include it
    seen.add(file.resolve())
    for target in included(file, config):
        if target not in seen and target.exists():  # what is wrong with others, lm-eval says
            check_yaml(target, seen, what=what)


def outside(folder: Path) -> list[Path]:
    """The files elsewhere that YAML files of a folder include, one through another.

    Raises:
        InputError: see :func:`check_yaml`.
    """
    seen: set[Path] = set()
    for file in sorted(folder.glob("**/*.yaml")):
        if file.resolve() not in seen:
            check_yaml(file, seen)
    return sorted(file for file in seen if folder.resolve() not in file.parents)


def included(file: Path, config: Any) -> list[Path]:
    """The files that ``file`` includes, by their full paths."""
    names = (config.get("include") if isinstance(config, dict) else None) or []
    return [(file.parent / str(name)).resolve() for name in (names if isinstance(names, list) else [names])]


def _check_size(file: Path, text: bytes, what: str) -> None:
    sizes: dict[str, int] = {}  # anchor → nodes under it
    opened: list[tuple[str | None, int]] = []  # collections that are open: anchor, nodes before
    nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            nodes += sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, nodes))
            nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = nodes - before
        if nodes > MAX_NODES or len(opened) > MAX_DEPTH:
            most = f"{MAX_NODES} nodes" if nodes > MAX_NODES else f"{MAX_DEPTH} levels"
            raise InputError(
                f"{what} file {file} comes to more than the {most} that a {what} may have (an alias counts as what it names); "
                "mend or remove it"
            )
