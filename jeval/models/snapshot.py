"""What is hashed is what runs: a model is opened through a private folder, whose every file is in the digest.

Between the digest and the loading of a model its files may be exchanged, and a library may read files that no digest has. So the
files of a model (:func:`jeval.models.identity.files_of`, and no others) are placed in a folder that this user alone can enter; the
digest is of the files there, only they are loaded, and it is taken again when all is scored. A file is placed

- as a reflink where the file system can, else as a copy: nobody else has these bytes;
- from :data:`BIG` on, where it cannot be a reflink, as a hard link: the file cannot be exchanged, but whoever may write into the
  original writes into it too, which the second digest finds;
- ``in place`` where asked for, or where there is no room: through a descriptor that stays open. It shares the weakness of the link.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jeval.confine import BIG, LOCK, SNAPSHOT, SNAPSHOTS, confinement, hold
from jeval.errors import InputError, JevalError, ModelError
from jeval.models.identity import ModelFiles, files_of, identity_of
from jeval.models.source import ModelSource, check
from jeval.record.schema import Identity
from jeval.resources import answers_path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

How = Literal["reflink", "copy", "hard link", "in place"]
_STRENGTH: list[How] = ["reflink", "copy", "hard link", "in place"]
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
_FICLONE = 0x40049409
_FREE = 0.1  # share of a disk that copies leave free


class ChangedError(ModelError):
    """The files of the model are no longer those of its digest."""


@dataclass(frozen=True)
class Snapshot:
    """A model as it is loaded.

    Attributes:
        source: where to load it from.
        identity: of the files there.
        how: the weakest way in which one of its files was placed.
    """

    source: ModelSource
    identity: Identity
    how: How
    _original: ModelSource
    _files: ModelFiles
    _seen: dict[Path, tuple[int, ...]]

    def check(self) -> None:
        """See that the files are still those of the digest, which is taken again.

        Raises:
            ChangedError: one is not.
        """
        self.check_times()
        try:
            now = identity_of(self._files).files
        except OSError as err:
            raise ChangedError(f"{self._original.path} cannot be read any more ({err.strerror or err})") from err
        self._refuse([name for name, digest in self.identity.files.items() if now[name] != digest])

    def check_times(self) -> None:
        """See that no file that others can write into was written since; costs nearly nothing.

        Raises:
            ChangedError: one was.
        """
        try:
            self._refuse([str(path) for path, seen in self._seen.items() if _state(os.stat(path)) != seen])
        except OSError as err:
            raise ChangedError(f"{self._original.path} cannot be read any more ({err.strerror or err})") from err

    def _refuse(self, changed: list[str]) -> None:
        if changed:
            raise ChangedError(
                f"{self._original.path} was changed while it was scored ({changed[0]}): nobody knows which weights gave the "
                "answers, and none is kept; see who writes there, and run again"
            )

    @contextlib.contextmanager
    def named(self) -> Iterator[None]:
        """Errors name the files that the user gave, not their places here."""
        try:
            yield
        except JevalError as err:
            err.args = (self._users(str(err)),)
            raise

    def _users(self, text: str) -> str:
        pairs = [(getattr(self.source, part), getattr(self._original, part)) for part in ("tokenizer", "path", "base")]
        for ours, theirs in pairs:
            text = text.replace(str(ours), str(theirs))
        return text


@contextlib.contextmanager
def opened(
    source: ModelSource, *, allow_pickle: bool = False, trust_remote_code: bool = False, private: bool = True
) -> Iterator[Snapshot]:
    """Place the files of a model in a folder of their own, which is gone when the block ends.

    Args:
        allow_pickle: else pickles are in the digest, but not in the folder.
        private: ``False`` leaves files from :data:`BIG` on where they are.

    Raises:
        InputError, ModelError: see :func:`jeval.models.source.check`; a file that is none, or no folder to place them in.
    """
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(_folder(source.base))
        placing = _Placing(_places(source, root), stack, private)
        try:
            files = {
                part: {
                    name: file if file.suffix in _PICKLES and not allow_pickle else placing.place(file)
                    for name, file in members.items()
                }
                for part, members in files_of(source).items()
            }
        except OSError as err:
            raise InputError(f"{source.path}: no private copy can be made ({err.strerror or err}); {_ADVICE}") from err
        moved = ModelSource(source.kind, *map(placing.where, (source.path, source.base, source.tokenizer)))
        how: How = max(placing.how.values(), key=_STRENGTH.index, default="copy")
        snapshot = Snapshot(moved, identity_of(files), how, source, files, placing.seen)
        with snapshot.named():
            check(moved, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code)
        yield snapshot


def _places(source: ModelSource, root: Path) -> dict[Path, Path]:
    """Folder of the model → its place below ``root``."""
    if source.kind == "gguf":
        tokenizer = {} if source.tokenizer == source.path else {source.tokenizer: root / "tokenizer"}
        return {**tokenizer, source.path.parent: root / "base"}
    return {source.tokenizer: root / "tokenizer", source.path: root / "adapter", source.base: root / "base"}


_ADVICE = "make room, name a folder on another disk with JEVAL_CACHE, or pass --no-snapshot"


class _Placing:
    """Places files; ``how`` says how each was, ``seen`` the state of those whose bytes others may change."""

    def __init__(self, places: dict[Path, Path], stack: contextlib.ExitStack, private: bool) -> None:
        self._places, self._stack, self._private = places, stack, private
        self.how: dict[Path, How] = {}
        self.seen: dict[Path, tuple[int, ...]] = {}

    def where(self, path: Path) -> Path:
        """Where a file or folder of the model is placed."""
        for folder in (path, *path.parents):
            if folder in self._places:
                return self._places[folder] / path.relative_to(folder)
        raise ValueError(path)

    def place(self, file: Path) -> Path:
        target = self.where(file)
        if target in self.how:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with contextlib.ExitStack() as here:
            here.callback(os.close, handle)
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                raise InputError(f"{file} is no regular file; expected the files of a model")
            how: How | None = "reflink" if _reflink(handle, target) else None
            if how is None and state.st_size >= BIG:
                how = self._big(file, handle, target, here)
            if how is None:
                with open(target, "xb") as out, os.fdopen(os.dup(handle), "rb") as data:
                    shutil.copyfileobj(data, out, 1 << 22)
                how = "copy"
        self.how[target] = how
        if how in {"hard link", "in place"}:
            self.seen[target] = _state(state)
        return target

    def _big(self, file: Path, handle: int, target: Path, here: contextlib.ExitStack) -> How | None:
        """Link a file, or hold it where it is; ``None``: it is to be copied."""
        state = os.fstat(handle)
        if self._private:
            with contextlib.suppress(OSError):
                os.link(os.path.realpath(file), target, follow_symlinks=False)
                if os.path.samestat(os.lstat(target), state):
                    return "hard link"
                target.unlink()
            disk = shutil.disk_usage(target.parent)
            if disk.free - state.st_size >= _FREE * disk.total:
                return None
        held = Path(f"/proc/{os.getpid()}/fd/{handle}")
        target.symlink_to(held if held.exists() else file.resolve())
        # The descriptor stays open: whatever its name is given to, this is what is read.
        self._stack.push(here.pop_all())
        return "in place"


def _state(state: os.stat_result) -> tuple[int, ...]:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def _reflink(handle: int, target: Path) -> bool:
    """Make ``target`` a copy that shares its blocks until one of the two is written; whether the file system can."""
    if fcntl is None or not hasattr(os, "O_NOFOLLOW"):
        return False
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.ioctl(out, _FICLONE, handle)
    except OSError:
        target.unlink()
        return False
    finally:
        os.close(out)
    return True


@contextlib.contextmanager
def _folder(model: Path) -> Iterator[Path]:
    """A new folder that only this user can enter, on the disk of the model if there is one; those of dead runs are removed."""
    problem = ""
    for root in _roots(model):
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sweep(root)
            made = Path(tempfile.mkdtemp(prefix=SNAPSHOT, dir=root))
        except OSError as err:
            problem = problem or (err.strerror or str(err))
            continue
        lock = hold(made)
        try:
            yield made
        finally:
            os.close(lock)
            shutil.rmtree(made, ignore_errors=True)
            with contextlib.suppress(OSError):
                root.rmdir()
        return
    raise InputError(f"there is no folder for a private copy of {model} ({problem}); make room, or set TMPDIR")


def _roots(model: Path) -> list[Path]:
    """Beside the answer cache, in the temporary folder or in memory, what is on the model's disk first."""
    found = []
    with contextlib.suppress(RuntimeError):  # no home
        found.append(confinement().snapshots or answers_path().expanduser().absolute().parent / SNAPSHOTS)
    own = f"jeval-snapshots-{os.getuid() if hasattr(os, 'getuid') else 0}"
    found += [Path(place) / own for place in (tempfile.gettempdir(), "/dev/shm") if os.path.isdir(place)]
    return sorted(found, key=lambda root: _device(root) != _device(model))


def _device(path: Path) -> int:
    for place in (path, *path.parents):
        with contextlib.suppress(OSError):
            return os.stat(place).st_dev
    return -1


def _sweep(root: Path) -> None:
    """Remove what runs that were killed have left."""
    if root.is_symlink() or (hasattr(os, "getuid") and os.stat(root).st_uid != os.getuid()):
        raise PermissionError(f"{root} is another user's")
    above = os.stat(root.parent).st_mode
    if above & stat.S_IWOTH and not above & stat.S_ISVTX:
        raise PermissionError(f"everybody can write into {root.parent}")
    if fcntl is None:
        return
    for left in root.glob(f"{SNAPSHOT}*"):
        with contextlib.suppress(OSError):
            handle = os.open(left / LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(handle)
