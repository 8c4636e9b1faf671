"""What a process may write once code of others runs in it: the kernel holds it to a few folders (Linux, Landlock).

Code of a task pack or of a model has the rights of the user, and so the path of every file of the user's: of the answer cache, whose
rows and copies later runs read, of other runs, of shell profiles. Nothing that is stored for this user is closed to it, no key either;
only the kernel can take the right to write away, from the process, its threads and its children, for ever. Reading is left as it is.
Source: Linux, userspace-api/landlock; no privilege is needed. Python's own threads and those of libraries do not take on what holds
one of them, so the process is held before there are any.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jeval.resources import answers_path

_CREATE, _ADD, _RESTRICT = (
    444,
    445,
    446,
)  # landlock_create_ruleset, _add_rule, _restrict_self: the same number everywhere
_VERSION, _BENEATH, _NO_NEW_PRIVS = 1, 1, 38
_WRITE_FILE, _REFER, _TRUNCATE = 1 << 1, 1 << 13, 1 << 14
_REMOVE_FOLDER, _OF_FILES = 1 << 4, _WRITE_FILE | _TRUNCATE
_CHANGES = sum(1 << bit for bit in range(4, 13))  # remove a folder or file, make one of any kind
_SINCE = {2: _REFER, 3: _TRUNCATE}  # version of the interface that knows it
_COMPILERS = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH", "NUMBA_CACHE_DIR", "MPLCONFIGDIR")


@dataclass(frozen=True)
class Confinement:
    """Whether the kernel holds this process to ``folders``; ``why``: why it does not."""

    held: bool
    folders: list[Path] = field(default_factory=list)
    why: str = ""


_state = Confinement(False, why="the process is not the command's own")


def confinement() -> Confinement:
    """How this process is held now."""
    return _state


def confine(*, out: Path | None, model: str | None = None, also: Iterable[Path | None] = ()) -> None:
    """From now on this process, its threads and its children write nothing but the run folder, temporary files of their own, private
    copies of the model, and what the hub's libraries keep. Calling again changes nothing.

    Args:
        out: run folder; ``None`` for the folder in which run folders are made by default.
        model: its files may be written and linked, so that large ones need not be copied; none may be added or taken away.
        also: further folders.
    """
    global _state
    if _state.held:
        return
    here = out or Path("reports")
    new = not here.exists()
    caches = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    named = [os.environ[name] for name in ("HF_MODULES_CACHE", "HF_DATASETS_CACHE") if os.environ.get(name)]
    temporary = _temporary()
    wanted = [here, *also, answers_path().parent / "snapshots", caches, *named, temporary, "/dev/shm"]
    folders = list(dict.fromkeys(found for one in wanted if one is not None and (found := _made(Path(one)))))
    cache = Path(os.path.realpath(answers_path().expanduser()))
    if within := next((one for one in folders if one in cache.parents), None):
        _state = Confinement(False, why=f"the answer cache lies in {within}, where the run has to write")
        return
    rules = dict.fromkeys(folders, _WRITE_FILE | _CHANGES | _REFER | _TRUNCATE)
    emptied = [temporary.parent, *([here.absolute().parent] if new else [])]
    files = [Path("/dev"), *([Path(model).expanduser()] if model else [])]
    for places, right in ((emptied, _REMOVE_FOLDER), (files, _WRITE_FILE | _REFER | _TRUNCATE)):
        for place in (Path(os.path.realpath(one)) for one in places if one.exists()):
            rules[place] = rules.get(place, 0) | right
    try:
        _restrict(rules)
    except OSError as err:
        _state = Confinement(False, why=err.strerror or str(err))
        return
    _state = Confinement(True, folders)
    if new:
        atexit.register(_gone, here.absolute())


def _made(folder: Path) -> Path | None:
    """The folder by its real path, made where it is not there; ``None`` where it cannot be."""
    with contextlib.suppress(OSError, RuntimeError):  # no home
        found = folder.expanduser()
        found.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Path(os.path.realpath(found))
    return None


def _temporary() -> Path:
    """A folder of this process's own for temporary files, and for what compilers of libraries keep; it goes when it is empty."""
    root = tempfile.mkdtemp(prefix="jeval-temporary-")
    os.environ["TMPDIR"] = tempfile.tempdir = root
    atexit.register(_gone, Path(root))
    for name in _COMPILERS:
        if name not in os.environ:
            os.environ[name] = os.path.join(root, name.lower())
            atexit.register(shutil.rmtree, os.environ[name], ignore_errors=True)
    return Path(root)


def _gone(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _restrict(rules: Mapping[Path, int]) -> None:
    """Allow below each path what its number says, and elsewhere nothing of the kind.

    Raises:
        OSError: the kernel cannot be asked.
    """
    if not sys.platform.startswith("linux"):
        raise OSError(0, f"{sys.platform} has no Landlock")
    if (threads := len(os.listdir("/proc/self/task"))) > 1:
        raise OSError(0, f"the process has {threads} threads already")
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *args: object) -> int:
        done = int(libc.syscall(ctypes.c_long(number), *args))
        if done < 0:
            raise OSError(0, f"Landlock: {os.strerror(ctypes.get_errno())}")
        return done

    version = call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_int(_VERSION))
    known = _WRITE_FILE | _CHANGES | sum(right for since, right in _SINCE.items() if version >= since)
    handle = call(_CREATE, struct.pack("=Q", known), ctypes.c_size_t(8), ctypes.c_int(0))
    try:
        for path, right in rules.items():
            place = os.open(path, os.O_PATH)
            try:
                allowed = right & known & (~0 if path.is_dir() else _OF_FILES)
                rule = struct.pack("=Qi", allowed, place)
                call(_ADD, ctypes.c_int(handle), ctypes.c_int(_BENEATH), rule, ctypes.c_int(0))
            finally:
                os.close(place)
        if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(0, f"no_new_privs: {os.strerror(ctypes.get_errno())}")
        call(_RESTRICT, ctypes.c_int(handle), ctypes.c_int(0))
    finally:
        os.close(handle)
