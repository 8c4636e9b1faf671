"""Outbound connections are refused and counted; the machine itself stays reachable."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from jeval import offline


@pytest.fixture(autouse=True)
def guard_off_afterwards() -> Iterator[None]:
    yield
    offline.disable()


def test_a_connection_to_another_host_is_refused_and_counted() -> None:
    guard = offline.enable()
    with socket.socket() as sock, pytest.raises(OSError, match="refused a connection"):
        sock.connect(("192.0.2.1", 443))  # TEST-NET-1, RFC 5737
    with pytest.raises(OSError, match="refused a connection"):
        socket.getaddrinfo("example.invalid", 443)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(OSError, match="refused"):
        sock.sendto(b"x", ("192.0.2.1", 53))
    assert guard.count == 3


def test_loopback_stays_reachable() -> None:
    guard = offline.enable()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection(("localhost", server.getsockname()[1]), timeout=5):
            pass
    assert guard.count == 0


def test_a_host_allowed_by_name_is_not_counted() -> None:
    guard = offline.enable(["192.0.2.1"])
    with socket.socket() as sock:
        sock.settimeout(0.05)
        with pytest.raises(OSError) as raised:
            sock.connect(("192.0.2.1", 9))
    assert not isinstance(raised.value, offline.OutboundRefusedError)
    assert guard.count == 0


def test_hub_libraries_are_set_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_DATASETS_OFFLINE", raising=False)
    offline.enable()
    assert os.environ["HF_DATASETS_OFFLINE"] == os.environ["HF_HUB_OFFLINE"] == "1"


def test_a_task_that_tries_to_connect_is_written_into_the_record(tiny_model: Path, tmp_path: Path) -> None:
    from jeval.audit.run import RunOptions, run

    pack = Path(__file__).with_name("packs") / "connects"
    options = RunOptions(
        tasks=["try_connects"], include=[pack], trust_packs=[pack.name], out=tmp_path / "run", device="cpu"
    )
    record, _ = run(tiny_model, options, silent=True)
    assert record.outbound.attempts == 1
    assert "192.0.2.1" in record.outbound.targets[0]
