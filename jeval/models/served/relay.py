"""HTTP from a process whose network is closed: connections come from :func:`jeval.offline.connect`."""

from __future__ import annotations

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from jeval import offline


class _Relayed(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        timeout = self.timeout if isinstance(self.timeout, (int, float)) else None
        try:
            return offline.connect(self.host.strip("[]"), self.port or self.default_port, timeout)
        except TimeoutError as err:
            raise ConnectTimeoutError(self, f"no connection to {self.host}") from err
        except OSError as err:
            raise NewConnectionError(self, f"no connection: {err}") from err


class _RelayedTLS(_Relayed, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Relayed


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _RelayedTLS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}


def session() -> requests.Session:
    """A session whose requests go the way that is open."""
    made = requests.Session()
    if offline.relays():
        for scheme in ("http://", "https://"):
            made.mount(scheme, _Adapter())
    return made
