"""A Python whose slow imports are done: ``WARM`` stands where a test would put ``sys.executable``.

Importing torch, transformers and lm-eval takes ten seconds of a slow processor, most of what a short ``jeval run`` costs. One
process of a test session imports them (the libraries only, nothing of jeval) and forks for each command; the forked process has the
arguments, folder, environment and streams of the one that asked, which waits for it, passes signals on and ends as it ends.
Whatever is about the start of a process, its imports, or what is set before them, takes ``sys.executable``.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from typing import Any

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LIBRARIES = (
    "torch", "numpy", "pandas", "pyarrow.parquet", "datasets", "transformers", "transformers.modeling_utils", "lm_eval.evaluator",
    "transformers.models.llama.modeling_llama", "transformers.models.auto.modeling_auto", "lm_eval.models.huggingface", "peft",
    "altair", "vl_convert", "pydantic", "typer", "jinja2", "scipy.stats", "cryptography.hazmat.primitives.serialization",
)  # fmt: skip


def _serve(path: str) -> None:
    """Fork for whoever asks, until the process that began this one is gone. Returns in a forked process, which then runs the command."""
    from importlib import import_module

    del sys.path[0]  # the folder of this file
    for name in _LIBRARIES:
        import_module(name)
    gc.freeze()  # a collection in a forked process would copy every page of the libraries
    session = os.getppid()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    wait = selectors.DefaultSelector()
    wait.register(listening, selectors.EVENT_READ)
    asked: dict[int, socket.socket] = {}
    while os.getppid() == session:
        for key, _ in wait.select(0.02 if asked else 1.0):
            if key.fileobj is listening:
                one = listening.accept()[0]
                pid, begun = os.getpid(), _fork(one)
                if os.getpid() != pid:
                    wait.close()
                    listening.close()
                    return
                asked[begun] = one
                wait.register(one, selectors.EVENT_READ, begun)
            else:
                one = asked[key.data]
                told = one.recv(1)  # a signal; nothing where the one who asked was killed
                with contextlib.suppress(ProcessLookupError):
                    os.kill(key.data, told[0] if told else signal.SIGKILL)
                if not told:
                    wait.unregister(one)
        for pid in list(asked):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                one = asked.pop(pid)
                with contextlib.suppress(KeyError):
                    wait.unregister(one)
                with contextlib.suppress(OSError):
                    one.sendall(str(status).encode())
                one.close()


def _fork(asking: socket.socket) -> int:
    """The process that runs the command; 0 in it, with everything as the one who asked has it."""
    streams = array.array("i", [0, 0, 0])
    size, ancillary, _, _ = asking.recvmsg(16, socket.CMSG_SPACE(streams.itemsize * 3))
    streams = array.array("i", ancillary[0][2])
    length = int(size)
    said = b""
    while len(said) < length:
        said += asking.recv(length - len(said))
    if pid := os.fork():
        for one in streams:
            os.close(one)
        return pid
    asking.close()
    for number, one in enumerate(streams):
        os.dup2(one, number)
        os.close(one)
    command = json.loads(said)
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # who begins the tests in the background has them ignore it
    os.umask(command["umask"])
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv[:] = command["arguments"]
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        whole = open(number, mode, encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        setattr(sys, name, whole)
    return 0


def _whole_run() -> int:
    """Run the command and whatever it left for the end; its exit code. Taking the libraries down is left to the kernel."""
    code: Any = 0
    try:
        _run()
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return int(code)


def _run() -> None:
    """What ``python ARGUMENTS`` does: ``-m MODULE …``, ``-c CODE …`` or a file."""
    import runpy

    sys.path[:] = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one] + sys.path
    first, *rest = sys.argv
    if first == "-m":
        sys.path.insert(0, os.getcwd())
        sys.argv[:] = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.path.insert(0, "")
        sys.argv[:] = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(first)))
        runpy.run_path(first, run_name="__main__")


def _ask(path: str) -> int:
    """Have the command run; its status as ``os.waitpid`` gives it."""
    one = socket.socket(socket.AF_UNIX)
    for _ in range(6000):  # while the libraries are imported
        try:
            one.connect(path)
            break
        except OSError:
            time.sleep(0.05)
    mask = os.umask(0)
    os.umask(mask)
    said = json.dumps(
        {"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ), "umask": mask}
    ).encode()
    for number in _FORWARDED:
        signal.signal(number, lambda number, frame: one.sendall(bytes([number])))
    socket.send_fds(one, [f"{len(said):016d}".encode()], [0, 1, 2])
    one.sendall(said)
    return int(one.recv(16) or b"9")


def start(folder: os.PathLike[str]) -> tuple[list[str], Any]:
    """Begin the process that imports; ``WARM`` and that process."""
    import subprocess

    path = os.path.join(folder, "warm")
    serving = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--serve", path], cwd=tempfile.gettempdir())
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), path], serving


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        _serve(sys.argv[2])
        os._exit(_whole_run())
    else:
        status = _ask(sys.argv[1])
        if os.WIFSIGNALED(status):
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL) if os.WTERMSIG(status) != signal.SIGKILL else None
            os.kill(os.getpid(), os.WTERMSIG(status))
        sys.exit(os.waitstatus_to_exitcode(status))
