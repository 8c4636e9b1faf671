"""Nothing leaves the machine: hub libraries offline, outbound connections of this process refused and counted.

The guard is an interpreter audit hook (PEP 578), not a patched class: it sees ``socket.connect``, ``sendto`` and name
look-ups of every library in the process. A process started by the evaluation has a guard of its own only if it imports
jeval; the report says so.
"""

from __future__ import annotations

import ipaddress
import os
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
    """State of the process-wide guard: active or not, hosts allowed by name, attempts seen."""

    active: bool = False
    allowed: frozenset[str] = frozenset()
    attempts: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Outbound connections (and look-ups) attempted since :func:`enable`."""
        return len(self.attempts)


_guard = Guard()
_hooked = False


def _is_local(host: Any) -> bool:
    if host is None or host in ("", "localhost", b"localhost", "localhost.localdomain"):
        return True
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    try:
        address = ipaddress.ip_address(str(host).split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _guard.active:
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = args[1]
        if not isinstance(address, tuple) or not address:  # AF_UNIX and friends: a path, not a host
            return
        host = address[0]
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = args[0]
    else:
        return
    if _is_local(host) or str(host) in _guard.allowed:
        return
    _guard.attempts.append(f"{event.removeprefix('socket.')} {str(host)[:100]}")
    raise OutboundRefusedError(f"jeval works offline and refused a connection to {str(host)[:100]!r}")


def set_hub_variables() -> None:
    """Set the hub libraries offline. They read their settings when they are first imported."""
    os.environ.update(_HUB_VARIABLES)


def enable(allow_hosts: Iterable[str] = ()) -> Guard:
    """Set the hub libraries offline and start refusing and counting outbound connections.

    Args:
        allow_hosts: host names or addresses that may be reached (a completion server inside the company); they are
            written into the record. Loopback is always allowed.

    Returns:
        The guard, whose ``attempts`` go into the record. Calling again starts a new count.
    """
    global _hooked
    set_hub_variables()
    _guard.active = True
    _guard.allowed = frozenset(allow_hosts)
    _guard.attempts = []
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    return _guard


def disable() -> None:
    """Stop refusing connections (for tests; the audit hook itself stays and does nothing)."""
    _guard.active = False
