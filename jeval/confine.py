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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jeval.offline.kernel import give_up_privileges, leave_terminal
from jeval.resources import answers_path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BIG = 1 << 26  # bytes from which a file of a model is rather linked than copied
SNAPSHOTS, SNAPSHOT, LOCK = "snapshots", "model-", "lock"  # copies of models: their folder, each one's name, who lives

# landlock_create_ruleset, _add_rule, _restrict_self: the same number everywhere
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_WRITE_FILE, _REFER, _TRUNCATE = 1 << 1, 1 << 13, 1 << 14
_REMOVE_FOLDER, _OF_FILES = 1 << 4, _WRITE_FILE | _TRUNCATE
_CHANGES = sum(1 << bit for bit in range(4, 13))  # remove a folder or file, make one of any kind
_SINCE = {2: _REFER, 3: _TRUNCATE}  # version of the interface that knows it
# What they keep is native code, which later processes run: the user's own is neither read nor written.
_COMPILERS = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH", "NUMBA_CACHE_DIR")
_DATA = {"HF_DATASETS_CACHE": "datasets", "HF_EVALUATE_CACHE": "evaluate", "HF_METRICS_CACHE": "metrics"}
_MODULES = ("evaluate_modules", "datasets_modules")  # code that hub libraries have unpacked and look for offline
_NOT_FILES = {"mem", "kmem", "port", "uinput", "input", "mapper", "block"}  # of /dev: memory, keys, disks


@dataclass(frozen=True)
class Confinement:
    """Whether the kernel holds this process to ``folders``; ``why``: why it does not; ``snapshots``: where its copies of models go."""

    held: bool
    folders: list[Path] = field(default_factory=list)
    why: str = ""
    snapshots: Path | None = None


_state = Confinement(False, why="the process is not the command's own")


def confinement() -> Confinement:
    """How this process is held now."""
    return _state


def confine(*, out: Path | None, model: str | None = None, also: Iterable[Path | None] = ()) -> None:
    """From now on this process, its threads and its children write nothing but the run folder, temporary files of their own, private
    copies of the model, and data that the hub's libraries keep. It types nothing into the terminal either. Calling again changes nothing.

    Args:
        out: run folder; ``None`` for the folder in which run folders are made by default.
        model: its large files may be written and linked, so that they need not be copied; none may be added or taken away.
        also: further folders.
    """
    global _state
    if _state.held:
        return
    here = out or Path("reports")
    new = not here.exists()
    hub = Path(os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface"))
    data = [os.environ.get(name) or hub / own for name, own in _DATA.items()]
    copies, temporary = _copies(), _temporary(hub)
    wanted = [here, *also, copies, *data, temporary, "/dev/shm"]
    folders = list(dict.fromkeys(found for one in wanted if one is not None and (found := _made(Path(one)))))
    cache = Path(os.path.realpath(answers_path().expanduser()))
    if within := next((one for one in folders if one in cache.parents), None):
        _state = Confinement(False, why=f"the answer cache lies in {within}, where the run has to write")
        return
    rules = dict.fromkeys(folders, _WRITE_FILE | _CHANGES | _REFER | _TRUNCATE)
    emptied = [temporary.parent, *([copies.parent] if copies else []), *([here.absolute().parent] if new else [])]
    for place, right in (*_linked(model), *_devices(), *((one, _REMOVE_FOLDER) for one in emptied)):
        if not place.exists():
            continue
        real = Path(os.path.realpath(place))
        rules[real] = rules.get(real, 0) | right
    try:
        _restrict(rules)
        leave_terminal()
    except OSError as err:
        _state = Confinement(False, why=err.strerror or str(err))
        return
    _state = Confinement(True, folders, snapshots=copies)
    if new:
        atexit.register(_gone, here.absolute())


def _copies() -> Path | None:
    """A folder of this process's own for private copies of models; after a kill, a later run removes it as it does its own kind."""
    root = _made(answers_path().parent / SNAPSHOTS)
    if root is None:
        return None
    try:
        made = Path(tempfile.mkdtemp(prefix=SNAPSHOT, dir=root))
        atexit.register(_gone, root)
        atexit.register(_removed, str(made), os.getpid())
        hold(made)  # as long as the process lives
    except OSError:  # a home that is read-only
        return None
    return made


def hold(folder: Path) -> int:
    """Say that who made a folder of copies lives; the descriptor that says so until it is closed."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _linked(model: str | None) -> Iterator[tuple[Path, int]]:
    """Files of the model that are so large that they are linked; to link one is to be allowed to write it."""
    if model is None:
        return
    with contextlib.suppress(OSError, RuntimeError):
        given = Path(model).expanduser()
        for file in given.iterdir() if given.is_dir() else [given]:
            if file.is_file() and file.stat().st_size >= BIG:
                real = Path(os.path.realpath(file))  # the hub's cache has links only
                yield real, _OF_FILES
                yield real.parent, _REFER


def _devices() -> Iterator[tuple[Path, int]]:
    """Accelerators, terminals, nothing; no disk and no memory, to which root has the right."""
    with contextlib.suppress(OSError):
        for one in Path("/dev").iterdir():
            if not (one.is_symlink() or one.is_block_device() or one.name in _NOT_FILES):
                yield one, _OF_FILES


def _made(folder: Path) -> Path | None:
    """The folder by its real path, made where it is not there; ``None`` where it cannot be."""
    with contextlib.suppress(OSError, RuntimeError):  # no home
        found = folder.expanduser()
        found.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Path(os.path.realpath(found))
    return None


def _temporary(hub: Path) -> Path:
    """A folder of this process's own for temporary files, for what compilers of libraries keep, and for the code that the hub's
    libraries unpack and import: in a shared one it would be run by whoever imports from there next. It goes with the process.
    """
    root = tempfile.mkdtemp(prefix="jeval-temporary-")
    os.environ["TMPDIR"] = tempfile.tempdir = root
    atexit.register(_removed, root, os.getpid())
    modules = Path(os.environ.get("HF_MODULES_CACHE") or hub / "modules")
    for name in ("HF_MODULES_CACHE", *_COMPILERS, *({"MPLCONFIGDIR"} - set(os.environ))):
        os.environ[name] = os.path.join(root, name.lower())
    for part in _MODULES:
        with contextlib.suppress(OSError, RuntimeError):  # none is there
            shutil.copytree(modules.expanduser() / part, Path(os.environ["HF_MODULES_CACHE"], part))
    return Path(root)


def _gone(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _removed(folder: str, process: int) -> None:
    if os.getpid() == process:  # a child that ends leaves its parent's
        shutil.rmtree(folder, ignore_errors=True)


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
        give_up_privileges(libc)
        call(_RESTRICT, ctypes.c_int(handle), ctypes.c_int(0))
    finally:
        os.close(handle)
