"""Nothing leaves the machine: hub libraries offline, outbound connections of this process refused and counted.

The guard is an interpreter audit hook (PEP 578), not a patched class: it sees ``socket.connect``, ``sendto`` and name
look-ups of every library in the process. A process started by the evaluation has a guard of its own only if it imports
jeval; the report says so.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

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


_guard = Guard()
_hooked = False
_LOOPBACK = ("localhost", "127.0.0.1", "127.0.0.0/8", "::1")


def _name(host: Any) -> str:
    """A host as it is compared: lower case, without brackets, zone and the dot of a full name."""
    text = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
    return text.strip().strip("[]").partition("%")[0].rstrip(".").lower()


def _address(host: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that ``host`` spells, ``None`` for a name; an IPv4 address in IPv6 clothes is the IPv4 address."""
    try:
        address = ipaddress.ip_address(_name(host))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_local(host: Any) -> bool:
    if host is None or _name(host) in {"", "localhost", "localhost.localdomain"}:
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _spelled(host: Any) -> str:
    address = _address(host)
    return _name(host) if address is None else str(address)


def host_of(text: str) -> str:
    """The host in what a user may give for one: a name, an address, ``name:port``, ``[address]:port`` or a URL."""
    text = text.strip().partition("://")[2] or text.strip()
    text = text.partition("/")[0].rpartition("@")[2]
    if text.startswith("["):
        return _spelled(text[1:].partition("]")[0])
    return _spelled(text.partition(":")[0] if text.count(":") == 1 else text)


def permits(host: str) -> bool:
    """Whether ``host`` (a name or an address) may be reached now."""
    return not _guard.active or _is_local(host) or _allowed(host)


def _allowed(host: Any) -> bool:
    """Whether ``host`` is an allowed one, or an address of one.

    A library looks a name up and connects to the address it got; addresses are therefore looked up here too, again when an
    unknown one comes, since a name may have several that change.
    """
    spelled = _spelled(host)
    if spelled in _guard.allowed or spelled in _guard.addresses:
        return True
    if _address(host) is None:
        return False
    for name in _guard.allowed:
        if _address(name) is None:
            try:
                found = socket.getaddrinfo(name, None)
            except (OSError, UnicodeError):
                continue
            _guard.addresses.update(_spelled(entry[4][0]) for entry in found)
    return spelled in _guard.addresses


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _guard.active:
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = args[1]
        if not isinstance(address, tuple) or not address:  # AF_UNIX and friends: a path, not a host
            return
        host = address[0]
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        host = args[0]
    else:
        return
    if _is_local(host) or _allowed(host):
        return
    shown = str(host)[:100]
    _guard.attempts.append(f"{event.removeprefix('socket.')} {shown}")
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
    global _hooked
    set_hub_variables()
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
    """Stop refusing connections (for tests; the audit hook itself stays and does nothing)."""
    _guard.active = False
