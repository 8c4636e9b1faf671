"""Nothing leaves the machine: hub libraries offline, outbound connections refused and counted.

Two guards. In a process of jeval's own on Linux the kernel refuses (:func:`seal`): a filter that no code of the process, no
library and no child can take off. In every process an interpreter audit hook (PEP 578) refuses what Python itself asks for, with
the host's name; it is all there is in a notebook, on macOS and on Windows, and native code and other programs pass it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from jeval.offline.hosts import address_of, destination, host_of, is_local, spelled
from jeval.offline.kernel import NoKernelError, close_network, leave_network
from jeval.offline.warden import NotAllowedError, Seen, Warden

__all__ = [
    "Guard", "OutboundRefusedError", "Outcome", "connect", "disable", "enable", "host_of", "outcome", "permits", "relays",
    "seal", "set_hub_variables",
]  # fmt: skip

_HUB_VARIABLES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_EVALUATE_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class OutboundRefusedError(ConnectionRefusedError):
    """An outbound connection was attempted and refused."""


@dataclass
class Guard:
    """State of the process-wide guard: active or not, hosts allowed, addresses found for them, attempts seen."""

    active: bool = False
    allowed: frozenset[str] = frozenset()
    addresses: set[str] = field(default_factory=set)
    attempts: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Outbound connections (and look-ups) attempted since :func:`enable`."""
        return len(self.attempts)


@dataclass
class Outcome:
    """How a run was kept offline, and what tried to reach out.

    Attributes:
        attempts: refused connections, look-ups and sockets, ``targets`` the first of them.
        kernel: whether the kernel refused; ``why`` names the sentence of the report that says why or why not, ``detail`` fills it.
        counted: whether refusals of native code and of other programs are among ``attempts``.
        relayed: connections made to the hosts that were allowed; ``None`` where nothing counted them.
    """

    attempts: int
    targets: list[str]
    kernel: bool
    why: str
    detail: str
    counted: bool
    relayed: int | None


@dataclass
class _Seal:
    """``kernel``: whether it holds; ``why`` and ``detail`` as in :class:`Outcome`; ``warden`` counts and connects."""

    kernel: bool
    why: str
    detail: str = ""
    warden: Warden | None = None


_guard = Guard()
_seal: _Seal | None = None
_before = Seen()  # what the warden had seen when the present count began
_hooked = False
_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
_HARMLESS = {-1, getattr(socket, "AF_UNIX", -1)}
_LOOPBACK = ("localhost", "127.0.0.1", "127.0.0.0/8", "::1")


def permits(host: str) -> bool:
    """Whether ``host`` (a name or an address) may be reached now."""
    return not _guard.active or is_local(host) or _allowed(host)


def _allowed(host: Any) -> bool:
    """Whether ``host`` is an allowed one, or an address of one.

    A library looks a name up and connects to the address it got; addresses are therefore looked up here too, again when an
    unknown one comes, since a name may have several that change.
    """
    wanted = spelled(host)
    if wanted in _guard.allowed or wanted in _guard.addresses:
        return True
    if address_of(host) is None or relays():
        return False
    for name in _guard.allowed:
        if address_of(name) is None:
            try:
                found = socket.getaddrinfo(name, None)
            except (OSError, UnicodeError):
                continue
            _guard.addresses.update(spelled(entry[4][0]) for entry in found)
    return wanted in _guard.addresses


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _guard.active:
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = args[1]
        if not isinstance(address, tuple) or not address:  # AF_UNIX and friends: a path, not a host
            return
        host = address[0]
    elif event in _LOOKUPS:
        host = args[0][0] if event == "socket.getnameinfo" and args[0] else args[0]
    elif event == "socket.__new__" and relays() and args[1] not in _HARMLESS:
        _refuse("socket", str(args[1]))  # the kernel would, with less of a message
        return
    else:
        return
    if is_local(host) or _allowed(host):
        return
    _refuse(event.removeprefix("socket."), str(host)[:100])


def _refuse(what: str, shown: str) -> None:
    _guard.attempts.append(f"{what} {shown}")
    raise OutboundRefusedError(f"jeval works offline and refused a connection to {shown!r}")


def _bypass_proxies() -> None:
    """Loopback and the allowed hosts are asked directly: a proxy would be one more host, and could not reach this machine."""
    for variable in ("NO_PROXY", "no_proxy"):
        given = [part.strip() for part in os.environ.get(variable, "").split(",") if part.strip()]
        os.environ[variable] = ",".join(dict.fromkeys([*given, *_LOOPBACK, *sorted(_guard.allowed)]))


def set_hub_variables() -> None:
    """Set the hub libraries offline. They read their settings when they are first imported."""
    os.environ.update(_HUB_VARIABLES)


def enable(allow_hosts: Iterable[str] = ()) -> Guard:
    """Set the hub libraries offline and start refusing and counting outbound connections.

    Args:
        allow_hosts: host names or addresses that may be reached, with the addresses of the names (a completion server
            inside the company); they are written into the record. Loopback is always allowed. Neither goes through a
            proxy that the environment names.

    Returns:
        The guard, whose ``attempts`` go into the record. Calling again starts a new count.
    """
    global _hooked, _before
    set_hub_variables()
    _before = _seen() or Seen()
    _guard.active = True
    _guard.allowed = frozenset(filter(None, map(host_of, allow_hosts)))
    _guard.addresses = set()
    _guard.attempts = []
    _bypass_proxies()
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    return _guard


def disable() -> None:
    """Stop refusing connections in Python (for tests; the audit hook stays and does nothing). The kernel's refusal stays."""
    _guard.active = False


def seal(hosts: Iterable[str] = (), server: str | None = None, *, unsealed: str = "") -> None:
    """Close the network of this process for ever, threads and children included, as far as the kernel can.

    Only for processes that are jeval's own: nothing opens it again. Calling again changes nothing.

    Args:
        hosts: that may be reached through :func:`connect`, at every port.
        server: URL of a model behind a server, which may be reached at its own port if it is on this machine.
        unsealed: the sentence of the report that says why this run cannot be sealed, "" if it can.
    """
    global _seal
    if _seal is not None:
        return
    if unsealed:
        _seal = _Seal(False, unsealed)
        return
    with contextlib.suppress(ImportError):
        import urllib3.util.connection  # noqa: F401 - tries IPv6 when it is imported, which is no attempt to reach out
    allowed: list[tuple[str, int | None]] = [(host, None) for host in filter(None, map(host_of, hosts))]
    found = destination(server) if server else None
    if found and is_local(found[0]):
        allowed.append(found)
    _seal = _sealed(allowed)


def _sealed(allowed: list[tuple[str, int | None]]) -> _Seal:
    if not sys.platform.startswith("linux"):
        return _Seal(False, "offline_system", sys.platform)
    warden = Warden.start(allowed, disable)
    try:
        listener = close_network()
    except NoKernelError:  # before Linux 5.7, in some containers: without a listener
        try:
            close_network(notify=False)
        except NoKernelError as err:
            return _unshared(str(err), warden)
        return _Seal(True, "offline_uncounted", warden=warden)
    if listener is not None:
        warden.watch(listener)
    return _Seal(True, "offline_kernel", warden=warden)


def _unshared(why: str, warden: Warden) -> _Seal:
    try:
        leave_network()
    except NoKernelError as err:
        return _Seal(False, "offline_refused", f"{why}; {err}")
    return _Seal(True, "offline_namespace", why, warden)


def relays() -> bool:
    """Whether connections of this process have to be made by :func:`connect`."""
    return _seal is not None and _seal.kernel


def connect(host: str, port: int, timeout: float | None = None) -> socket.socket:
    """A connection to an allowed host (or to the server of the model) from a process that is sealed; elsewhere a usual one.

    Raises:
        OutboundRefusedError: the host is not allowed.
        OSError: it cannot be reached.
    """
    if _seal is None or not _seal.kernel or _seal.warden is None:
        return socket.create_connection((host, port), timeout)
    try:
        return _seal.warden.connect(host, port, timeout)
    except NotAllowedError as err:
        raise OutboundRefusedError(f"jeval works offline and refused a connection to {host!r}") from err


def _seen() -> Seen | None:
    """What the warden has seen; ``None`` if there is none or it does not answer."""
    if _seal is None or _seal.warden is None:
        return None
    try:
        return _seal.warden.seen()
    except (OSError, ValueError, TypeError):
        return None


def outcome() -> Outcome:
    """How this process is kept offline, and what tried to reach out since :func:`enable`."""
    held = _seal or _Seal(False, "offline_guest")
    seen = _seen()
    gone = held.warden is not None and seen is None
    now = seen or Seen()
    stopped = max(0, now.stopped - _before.stopped)
    return Outcome(
        attempts=_guard.count + stopped,
        targets=[*_guard.attempts[:20], *now.shown[_before.stopped :][:stopped]][:20],
        kernel=held.kernel,
        why="offline_lost" if gone else held.why,
        detail=held.detail,
        counted=now.counting,
        relayed=None if seen is None else now.relayed - _before.relayed,
    )
