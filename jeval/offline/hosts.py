"""How hosts are spelled: names, addresses, URLs."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def name_of(host: Any) -> str:
    """A host as it is compared: lower case, without brackets, zone and the dot of a full name."""
    text = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
    return text.strip().strip("[]").partition("%")[0].rstrip(".").lower()


def address_of(host: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that ``host`` spells, ``None`` for a name; an IPv4 address in IPv6 clothes is the IPv4 address."""
    try:
        address = ipaddress.ip_address(name_of(host))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_local(host: Any) -> bool:
    """Whether ``host`` is this machine."""
    if host is None or name_of(host) in {"", "localhost", "localhost.localdomain"}:
        return True
    address = address_of(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def spelled(host: Any) -> str:
    """A host in its one spelling."""
    address = address_of(host)
    return name_of(host) if address is None else str(address)


def host_of(text: str) -> str:
    """The host in what a user may give for one: a name, an address, ``name:port``, ``[address]:port`` or a URL."""
    text = text.strip().partition("://")[2] or text.strip()
    text = text.partition("/")[0].rpartition("@")[2]
    if text.startswith("["):
        return spelled(text[1:].partition("]")[0])
    return spelled(text.partition(":")[0] if text.count(":") == 1 else text)


def destination(url: str) -> tuple[str, int] | None:
    """Host and port of a URL, ``None`` where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return (spelled(parts.hostname), port) if parts.hostname and port else None
