"""A tokenizer is read and used in a process of its own first, with limits of time and memory.

What reads ``tokenizer.json`` is native code that nothing in this process can interrupt: a file that makes it loop, take all memory
or run over its stack would end the run without a word. The other process costs about as much as the reading itself, and goes on
while other things are done (:func:`begin` early, :meth:`Trial.end` when the tokenizer is needed). It inherits what keeps this one
offline. Tokenizers of other kinds are read by Python code and are no larger in memory than their files make them.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from jeval.errors import ModelError

FILE = "tokenizer.json"
_SECONDS, _SECONDS_A_MB = 10, 0.5
_BYTES, _BYTES_A_BYTE = 1 << 30, 32
_LONGER = 64  # times as many tokens, or characters when decoded, as the text has characters: more is not honest
_REFUSED, _UNREADABLE = 8, 9
_TEXT = (
    "お客様、ご預金の金利は年0.25%です。\tQ&A: \N{CJK UNIFIED IDEOGRAPH-9AD9}ｶﾞ㍿ﷺ\n" * 8
    + "a" * 200
    + " " * 200
    + "9" * 200
    + "あ" * 200
)


@dataclass
class Trial:
    """The other process; ``None`` where there is nothing to try, or no way to."""

    file: Path
    process: subprocess.Popen[bytes] | None
    seconds: float
    room: int

    def end(self) -> None:
        """Wait for it.

        Raises:
            ModelError: the tokenizer takes more time or memory than its size explains, or ends the process that reads it. What it
                cannot be read for otherwise is left to its reader to say.
        """
        if self.process is None:
            return
        try:
            code = self.process.wait(self.seconds * 3)
        except subprocess.TimeoutExpired:
            code = -9
        finally:
            self.stop()
        if code not in (0, _UNREADABLE):
            limits = (
                f"takes more than {self.seconds:.0f} s or {self.room / 1e9:.1f} GB, or ends the process that reads it"
            )
            why = "fails on plain text, or makes it many times longer" if code == _REFUSED else limits
            raise ModelError(
                f"the tokenizer in {self.file.parent} cannot be used: {FILE} ({self.file.stat().st_size} bytes) {why}; get it from "
                "the model's maker again"
            )

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def begin(folder: Path) -> Trial:
    """Have the tokenizer of a folder tried."""
    file = folder / FILE
    size = file.stat().st_size if file.is_file() else 0
    seconds, room = _SECONDS + _SECONDS_A_MB * size / 1e6, _BYTES + _BYTES_A_BYTE * size
    if not size or not sys.executable:
        return Trial(file, None, seconds, room)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TOKENIZERS_PARALLELISM": "false",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(file), str(int(seconds)), str(room)],
        cwd=Path(__file__).parents[2],  # -m looks there first
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Trial(file, process, seconds, room)


def _try(file: str, seconds: int, room: int) -> int:
    """The exit code of the other process: how it went."""
    with contextlib.suppress(ImportError):  # Windows: time alone is held, by whoever waits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (room, room))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(file)
    except Exception:
        return _UNREADABLE
    try:
        ids = tokenizer.encode(_TEXT).ids
        written = tokenizer.decode(ids, skip_special_tokens=False)
    except MemoryError:
        raise
    except BaseException:  # a panic is no Exception
        return _REFUSED
    return _REFUSED if max(len(ids), len(written)) > _LONGER * len(_TEXT) else 0


if __name__ == "__main__":
    os._exit(_try(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
