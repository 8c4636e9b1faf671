"""The YAML files of task folders, read strictly.

lm-eval skips a file that it cannot parse, a name that it has already and a member of a group that is nowhere, each without a
word; in an audit a task that silently vanishes is a finding nobody makes. So every file is read here first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lm_eval.tasks._index import TaskIndex
from lm_eval.tasks._yaml_loader import load_yaml

from jeval.errors import InputError
from jeval.pipeline.yamlfile import check_yaml, included
from jeval.suggest import near

_DATA = ("dataset_path", "custom_dataset", "class", "include")


@dataclass
class PackFiles:
    """What the files of some folders declare.

    Attributes:
        names: task or group → the file that declares it.
        tags: tag → the tasks that carry it.
        groups: group → its members as the file has them.
        loose: files that declare nothing, which others may include.
    """

    names: dict[str, Path] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)
    groups: dict[str, list[Any]] = field(default_factory=dict)
    loose: dict[Path, list[str]] = field(default_factory=dict)


def read_pack(folders: Sequence[Path], *, foreign: Sequence[Path] = ()) -> PackFiles:
    """Read every YAML file below ``folders``.

    Args:
        foreign: those of them that people bring; names that begin as jeval's own do are not theirs to give.

    Raises:
        InputError: naming the file and what is wrong with it: a file that cannot be read or declares nothing and is included
            nowhere, a name that another file has, a member of a group that is nowhere, a name of jeval's.
    """
    pack, seen, others = PackFiles(), dict[Path, None](), dict[Path, dict[str, Any]]()
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"no task folder {folder}; expected a folder of lm-eval YAML files")
        for file in TaskIndex._iter_yaml_files(folder):
            if file.resolve() not in seen:
                seen[file.resolve()] = None
                config = _read(file)
                _enter(pack, file, config)
                if folder in foreign:
                    others[file] = config
    _check_loose(pack, seen)
    for tag in set(pack.tags) & set(pack.names):
        other = pack.names[min(pack.tags[tag])]
        raise InputError(
            f"tag {tag!r} of {other} is the name of a task or group in {pack.names[tag]}; rename one of them"
        )
    for group, members in pack.groups.items():
        _check_members(pack, pack.names[group], members)
    for group in pack.groups:
        _check_cycle(pack, group, ())
    for file, config in others.items():
        _check_names(file, config)
    return pack


def _read(file: Path, *, recursive: bool = True) -> dict[str, Any]:
    check_yaml(file)
    try:
        config: dict[str, Any] = load_yaml(file, resolve_func=False, recursive=recursive)
    except Exception as err:  # whatever YAML and lm-eval raise, the user learns which file it is
        detail = " ".join(str(err).split())[:200] or type(err).__name__
        raise InputError(f"task file {file} cannot be read: {detail}; mend or remove it") from err
    return config


def _is_official(name: Any) -> bool:
    return isinstance(name, str) and (name == "jeval" or name.startswith("jeval_"))


def _check_names(file: Path, config: Mapping[str, Any]) -> None:
    """That a file of others gives nothing a name of jeval's, and changes nothing that has one."""
    tags = config.get("tag") or []
    given = [tags] if isinstance(tags, str) else list(tags) if isinstance(tags, list) else []
    given += [config.get("group", config.get("task")) if "class" not in config else config.get("task")]
    for name in filter(_is_official, given):
        raise InputError(f"task file {file}: names that begin with jeval are jeval's own, {name!r} is one; rename it")
    _check_inside(file, config.get("task") if "group" in config else None)


def _check_inside(file: Path, members: Any) -> None:
    for member in members if isinstance(members, list) else []:
        if not isinstance(member, Mapping):
            continue
        name = member.get("group", member.get("task"))
        if _is_official(name) and len(member) > 1:
            raise InputError(
                f"task file {file}: it changes {name!r}, which is jeval's own; include its YAML under another name"
            )
        _check_inside(file, member.get("task"))


def _enter(pack: PackFiles, file: Path, config: Mapping[str, Any]) -> None:
    kind = next((key for key in ("class", "group", "task") if key in config), None)
    if kind is None:
        pack.loose[file] = [str(key) for key in config]
        return
    key = "group" if kind == "group" else "task"
    name = config.get(key)
    if not isinstance(name, str) or not name:
        given = f"{key}: {name!r}" if key in config else f"no {key!r}"
        raise InputError(f"task file {file} has {given}; expected {key}: and a name")
    if "/" in name or "\0" in name or name in {".", ".."}:
        raise InputError(f"task file {file}: the name {name!r} cannot be that of a file; rename the {key}")
    if name in pack.names:
        raise InputError(f"{key} {name!r} is declared twice, in {pack.names[name]} and in {file}; rename one of them")
    pack.names[name] = file
    if kind == "group":
        members = config.get("task")
        if not isinstance(members, list) or not members:
            raise InputError(
                f"task file {file}: group {name!r} has task: {members!r}; expected a list of tasks (a task that belongs to "
                "a group says tag: and the name)"
            )
        pack.groups[name] = members
        return
    tags = config.get("tag") or []
    for tag in [tags] if isinstance(tags, str) else tags:
        pack.tags.setdefault(str(tag), set()).add(name)


def _check_loose(pack: PackFiles, files: Iterable[Path]) -> None:
    """A file without a task of its own is one that others include."""
    if pack.loose:
        wanted = {target for file in files for target in included(file, _read(file, recursive=False))}
        for file, keys in pack.loose.items():
            if file.resolve() not in wanted:
                raise InputError(
                    f"task file {file} declares nothing: it has neither 'task' nor 'group' (keys: {', '.join(keys[:5])}), "
                    "and no other file includes it; add task: and a name, or remove it"
                )


def _check_members(pack: PackFiles, file: Path, members: Sequence[Any]) -> None:
    known = {*pack.names, *pack.tags}
    for member in members:
        if isinstance(member, Mapping) and isinstance(member.get("group"), str):
            if member["group"] not in known:
                _check_members(pack, file, member.get("task") or [])
            continue
        name = member.get("task") if isinstance(member, Mapping) else member
        if name in known or (isinstance(member, Mapping) and any(key in member for key in _DATA)):
            continue
        raise InputError(f"task file {file}: no file declares its member {name!r}; {near(str(name), known)}")


def _check_cycle(pack: PackFiles, group: str, above: tuple[str, ...]) -> None:
    if group in above:
        raise InputError(f"task file {pack.names[group]}: group {group!r} holds itself ({' > '.join((*above, group))})")
    for member in pack.groups.get(group, []):
        name = member.get("group", member.get("task")) if isinstance(member, Mapping) else member
        if isinstance(name, str):
            _check_cycle(pack, name, (*above, group))
