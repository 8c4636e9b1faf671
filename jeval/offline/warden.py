"""A process beside a sealed one: it counts the sockets that the kernel refuses, and connects for it to what is allowed.

It is forked before the network is closed and cannot be asked to forget. A sealed process asks by a message with a socket of its
own, on which the answer comes; a connection is that socket from then on, its bytes carried to and fro. The connected socket itself
is not handed over: it could be connected anew to somewhere else.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jeval.offline import kernel
from jeval.offline.hosts import spelled

Destination = tuple[str, int | None]  # a host in its one spelling, and its port; ``None`` for any

_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, _SEND
_FAMILIES = {int(one): one.name for one in socket.AddressFamily}
_SHOWN = 20  # refusals whose family and program are kept


class WardenError(ConnectionError):
    """The warden does not answer."""


class NotAllowedError(ConnectionRefusedError):
    """The warden does not connect to that."""


@dataclass
class Seen:
    """What a warden has seen: sockets the kernel refused (``stopped``, the first of them in ``shown``), connections made.

    ``counting`` is ``False`` where the kernel refuses without telling it.
    """

    stopped: int = 0
    shown: list[str] = field(default_factory=list)
    relayed: int = 0
    counting: bool = False


class Warden:
    """The sealed process's end of its warden."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    @classmethod
    def start(cls, allowed: Sequence[Destination], begin: Callable[[], None]) -> Warden:
        """Fork one that calls ``begin`` and connects to ``allowed`` and nothing else.

        Python's threads do not survive a fork: call it early.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            try:
                ours.close()
                _alone()
                begin()
                _Watch(theirs, frozenset(allowed)).serve()
            finally:
                os._exit(0)
        theirs.close()
        return cls(ours)

    def watch(self, listener: int) -> None:
        """Hand over the kernel's listener; this process keeps no copy."""
        self._ask({"ask": "watch"}, listener).close()
        os.close(listener)

    def seen(self) -> Seen:
        """What it has seen so far.

        Raises:
            WardenError: it is gone, or silent.
        """
        with self._ask({"ask": "seen"}) as answer:
            return Seen(**_line(answer))

    def connect(self, host: str, port: int, timeout: float | None = None) -> socket.socket:
        """A connection to ``host``: a stream socket, whose other end the warden carries there.

        Raises:
            NotAllowedError: it is not among the allowed ones.
            OSError: as a connection of one's own would raise.
        """
        answer = self._ask({"ask": "connect", "host": host, "port": port, "timeout": timeout}, timeout=timeout)
        told = _line(answer)
        if told.get("done"):
            return answer
        answer.close()
        kind = {"gaierror": socket.gaierror, "allowed": NotAllowedError}.get(told["kind"], OSError)
        raise kind(told["errno"], told["text"])

    def _ask(self, what: dict[str, Any], *fds: int, timeout: float | None = 5.0) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.settimeout(timeout)
        with theirs:
            try:
                socket.send_fds(self._line, [json.dumps(what).encode()], [theirs.fileno(), *fds])
            except OSError as err:
                ours.close()
                raise WardenError("the process that counts and connects is gone") from err
        return ours


def _line(answer: socket.socket) -> dict[str, Any]:
    """One line of JSON, not a byte more: what follows is the connection's."""
    text = bytearray()
    while not text.endswith(b"\n"):
        piece = answer.recv(1)
        if not piece:
            raise WardenError("the process that counts and connects is gone")
        text += piece
    found: dict[str, Any] = json.loads(text)
    return found


def _alone() -> None:
    """In the forked process: no terminal, no Ctrl-C, no look inside."""
    kernel.hide_memory()
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)


class _Watch:
    """The warden itself."""

    def __init__(self, line: socket.socket, allowed: frozenset[Destination]) -> None:
        self._line, self._allowed = line, allowed
        self._seen = Seen()
        self._listener: int | None = None
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Until nobody can ask any more."""
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        while True:
            for fd, event in poll.poll():
                if fd == self._line.fileno():
                    if not self._hear(poll):
                        return
                elif event & select.POLLIN:
                    self._refuse(fd)
                else:
                    poll.unregister(fd)

    def _hear(self, poll: select.poll) -> bool:
        try:
            text, fds, _, _ = socket.recv_fds(self._line, 1 << 16, 2)
        except OSError:
            return False
        if not text:
            return False
        spare = list(fds)
        with contextlib.suppress(ValueError, TypeError, KeyError, IndexError, OSError):
            asked = json.loads(text)
            answer = socket.socket(fileno=spare.pop(0))
            if asked["ask"] == "watch" and self._listener is None:
                self._listener = spare.pop(0)
                poll.register(self._listener, select.POLLIN)
                self._seen.counting = True
            elif asked["ask"] == "seen":
                with self._lock:
                    _tell(answer, **vars(self._seen))
            elif asked["ask"] == "connect":
                threading.Thread(target=self._connect, args=(answer, asked), daemon=True).start()
        for fd in spare:
            os.close(fd)
        return True

    def _refuse(self, listener: int) -> None:
        import fcntl

        notice = bytearray(80)
        try:
            fcntl.ioctl(listener, _RECEIVE, notice)
        except OSError:  # the process that asked is gone
            return
        number, pid, _, _, _, _, family = struct.unpack_from("=QIIiIQQ", notice)
        with contextlib.suppress(OSError):
            fcntl.ioctl(listener, _SEND, bytearray(struct.pack("=QqiI", number, 0, -errno.EACCES, 0)))
        with self._lock:
            self._note(f"socket {_FAMILIES.get(family & 0xFFFFFFFF, 'of another family')} ({_program(pid)})")

    def _note(self, what: str) -> None:
        self._seen.stopped += 1
        if len(self._seen.shown) < _SHOWN:
            self._seen.shown.append(what)

    def _connect(self, answer: socket.socket, asked: dict[str, Any]) -> None:
        try:
            host, port = str(asked["host"]), int(asked["port"])
            if not self._allowed & {(spelled(host), port), (spelled(host), None)}:
                with self._lock:
                    self._note(f"connect {host[:100]}:{port}")
                _tell(answer, kind="allowed", errno=errno.ECONNREFUSED, text=f"{host[:100]}:{port} is not allowed")
                return
            far = socket.create_connection((host, port), asked.get("timeout"))
        except (OSError, ValueError) as err:
            kind = "gaierror" if isinstance(err, socket.gaierror) else "os"
            number = errno.ETIMEDOUT if isinstance(err, TimeoutError) else getattr(err, "errno", None)
            _tell(answer, kind=kind, errno=number or errno.EIO, text=getattr(err, "strerror", None) or str(err))
            return
        with self._lock:
            self._seen.relayed += 1
        far.settimeout(None)
        with contextlib.suppress(OSError):
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _tell(answer, done=True)
        threading.Thread(target=_carry, args=(far, answer), daemon=True).start()
        _carry(answer, far)


def _tell(answer: socket.socket, **what: Any) -> None:
    with contextlib.suppress(OSError):
        answer.sendall(json.dumps(what).encode() + b"\n")


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Bytes one way until the source ends or either side breaks."""
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
        return
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def _program(pid: int) -> str:
    try:
        name = Path(f"/proc/{pid}/comm").read_bytes()
    except OSError:
        return "a process that is gone"
    return "".join(chr(one) if 32 < one < 127 else "?" for one in name.strip()[:15])
