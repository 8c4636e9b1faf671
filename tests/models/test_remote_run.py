"""``jeval run`` on a server, from the command line to the report."""

from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jeval import offline
from jeval.record.samples import read_samples
from tests.models.fake_server import FakeServer

Cli = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def running(tiny_model: Path) -> Iterator[FakeServer]:
    server = FakeServer(tiny_model).start()
    yield server
    server.stop()


@pytest.fixture
def server(running: FakeServer) -> FakeServer:
    return running.reset()


def remote(server: FakeServer, *more: object, tasks: str = "jeval_keigo_choice", limit: int = 3) -> list[object]:
    args = f"model=m,base_url={server.url},tokenizer={server.folder},max_retries=1"
    return [
        "run", "--backend", "local-completions", "--model-args", args, "--tasks", tasks, "--limit", limit, *more
    ]  # fmt: skip


def chat(server: FakeServer, *more: object, tasks: str) -> list[object]:
    args = f"model=m,base_url={server.chat_url},max_retries=1"
    return [
        "run", "--backend", "local-chat-completions", "--model-args", args, "--tasks", tasks, "--limit", 2, *more
    ]  # fmt: skip


def record(folder: Path) -> Any:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def readme_commands() -> list[list[str]]:
    """The commands of the README that ask a server."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith("jeval run --backend")]


def test_the_command_of_the_readme_runs_as_printed(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    commands = readme_commands()
    assert commands
    for number, command in enumerate(commands):
        given = [
            part.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}").replace("/models/my-merge", str(server.folder))
            for part in command[1:]
        ]
        got = cli(
            *given, "--limit", 1, "--tasks", "jeval_keigo_choice,jeval_leak_context", "--out", tmp_path / str(number)
        )
        assert got.code == 0, got.err


def test_a_server_scores_as_its_model_does(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    assert cli(*remote(server, "--out", tmp_path / "remote")).code == 0
    local = ["run", "--model", server.folder, "--dtype", "float32", "--tasks", "jeval_keigo_choice", "--limit", 3]
    assert cli(*local, "--out", tmp_path / "local").code == 0
    pairs = zip(*(read_samples(tmp_path / name, "jeval_keigo_choice") for name in ("remote", "local")), strict=True)
    for one, other in pairs:
        assert one.score == other.score and one.prompt == other.prompt
        assert one.loglikelihoods == pytest.approx(other.loglikelihoods, abs=1e-3)
    told = record(tmp_path / "remote")
    assert told["model"]["served"]["fingerprint"] == "fp_1" and told["model"]["name"] == "m"
    assert told["model"]["served"]["offered"] == {"id": "m", "owned_by": "fake"}
    assert {"note_remote", "note_served", "note_template_none"} <= {note["key"] for note in told["notes"]}
    page = (tmp_path / "remote" / "report.html").read_text(encoding="utf-8")
    assert "どの重みが答えたかの証明にはならない" in page and "fp_1" in page
    assert f"lm_eval run --model local-completions --model_args base_url={server.url}" in page
    assert cli("verify", tmp_path / "remote").code == 0


def test_a_server_that_dies_leaves_its_answers_to_the_next_call(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    whole = 3 * 4  # items and answers
    server.fault, server.after = "status:500", 10
    got = cli(*remote(server, "--out", tmp_path / "run"))
    assert got.code == 3 and f"127.0.0.1:{server.port} answered HTTP 500" in got.err and "Traceback" not in got.err
    assert not (tmp_path / "run" / "run.json").exists()
    probes = 3
    server.fault = ""
    for folder, most in (("run", whole - 4), ("again", 0)):
        server.asked.clear()
        assert cli(*remote(server, "--out", tmp_path / folder)).code == 0
        assert len(server.posted) <= most + probes
    server.fingerprint = "fp_2"
    server.asked.clear()
    assert cli(*remote(server, "--out", tmp_path / "other")).code == 0
    assert len(server.posted) >= whole  # another fingerprint is another model


def test_a_chat_endpoint_scores_what_it_can_and_names_the_rest(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    got = cli(*chat(server, "--json", "--out", tmp_path / "run", tasks="jeval_keigo_choice,jeval_leak_context"))
    assert got.code == 0, got.err
    assert got.json["tasks"]["jeval_leak_context"]["n"] == 2
    assert got.json["tasks"]["jeval_keigo_choice"]["score"] is None
    assert "no log-probabilities" in got.json["tasks"]["jeval_keigo_choice"]["not_scored"]
    told = record(tmp_path / "run")
    assert told["tasks"]["jeval_keigo_choice"]["not_scored"] == 2
    assert told["model"]["served"]["chat_template"] == "server" and told["model"]["chat_template"] is True
    assert "与えた文の対数確率を返さない" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert all("messages" in body for body in server.posted)


def test_a_chat_endpoint_is_not_given_a_text_to_continue(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("お客様の口座の残高を確認いたしました。" * 40, encoding="utf-8")
    given = chat(server, "--json", "--out", tmp_path / "run", "--corpus", corpus, tasks="jeval_leak_context")
    got = cli(*given)
    assert got.code == 0, got.err
    refused = [task["not_scored"] for name, task in got.json["tasks"].items() if name == "jeval_leak_corpus"]
    assert refused == ["a chat endpoint puts every text into its own template"]


def test_a_completion_server_without_a_tokenizer_still_writes_texts(
    cli: Cli, server: FakeServer, tmp_path: Path
) -> None:
    args = f"model=m,base_url={server.url}"
    base = ["run", "--backend", "local-completions", "--model-args", args, "--limit", 1, "--out", tmp_path / "run"]
    assert cli(*base, "--tasks", "jeval_leak_context").code == 0
    assert all(isinstance(body["prompt"], str) for body in server.posted)
    got = cli(*base[:-1], tmp_path / "other", "--tasks", "jeval_keigo_choice")
    assert got.code == 2 and "tokenizer=PATH" in got.err and got.err.count("\n") == 1


@pytest.mark.parametrize("fault", ["no prompt", "zeros", "knows"])
def test_a_server_that_cannot_be_scored_ends_with_code_3_and_no_run(
    cli: Cli, server: FakeServer, tmp_path: Path, fault: str
) -> None:
    server.fault = fault
    got = cli(*remote(server, "--out", tmp_path / "run"))
    assert got.code == 3 and "does not give the log-probabilities of the prompt" in got.err
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_host_that_was_not_named_is_not_reached(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    args = f"model=m,base_url=http://192.0.2.7:8000/v1/completions,tokenizer={server.folder}"
    got = cli("run", "--backend", "local-completions", "--model-args", args, "--out", tmp_path / "run")
    assert got.code == 2 and "--allow-host 192.0.2.7" in got.err


def test_loopback_needs_no_proxy(cli: Cli, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.7:3128")
    monkeypatch.setenv("no_proxy", "intern.example")
    monkeypatch.setenv("NO_PROXY", "intern.example")
    assert cli(*remote(server, "--out", tmp_path / "run", limit=1)).code == 0


NAMES = {"llm.corp": ["10.1.2.3", "fd00::7"], "other.corp": ["10.9.9.9"]}


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """A name service of the test's own."""
    known = {name: list(addresses) for name, addresses in NAMES.items()}

    def look_up(host: str, port: object, *_: object, **__: object) -> list[Any]:
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield known
    offline.disable()


def reached(host: str | bytes, event: str = "socket.connect") -> bool:
    try:
        offline._hook(event, (None, (host, 80)) if event == "socket.connect" else (host,))
    except offline.OutboundRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    "given", ["llm.corp", "LLM.corp.", "llm.corp:8000", "http://llm.corp:8000/v1/completions", "http://u:p@llm.corp"]
)
def test_an_allowed_host_is_reached_by_its_names_and_addresses(names: dict[str, list[str]], given: str) -> None:
    offline.enable([given])
    for host in ("llm.corp", "LLM.CORP", b"llm.corp"):
        assert reached(host, "socket.getaddrinfo")
    for host in ("10.1.2.3", "fd00::7", "::ffff:10.1.2.3", "fd00:0:0::7"):
        assert reached(host) and offline.permits(host)
    for host in ("10.9.9.9", "10.1.2.4", "fd00::8", "1.llm.corp"):
        assert not reached(host) and not offline.permits(host)
    assert not reached("other.corp", "socket.getaddrinfo")
    names["llm.corp"] = ["10.1.2.8"]  # the name moves
    assert reached("10.1.2.8") and not reached("10.9.9.9")


@pytest.mark.parametrize("given", ["10.1.2.3", "10.1.2.3:80", "fd00::7", "[fd00::7]:80", "http://[FD00::7]/v1"])
def test_an_allowed_address_is_reached_whatever_its_spelling(names: dict[str, list[str]], given: str) -> None:
    offline.enable([given])
    host = "10.1.2.3" if "10." in given else "fd00:0::7"
    assert reached(host)
    assert not reached("10.9.9.9") and not reached("other.corp", "socket.getaddrinfo")


def test_loopback_is_reached_in_all_its_spellings_and_nothing_else_without_leave(names: dict[str, list[str]]) -> None:
    offline.enable()
    for host in (
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "0.0.0.0",
    ):
        assert reached(host), host
    for host in ("10.1.2.3", "::ffff:10.1.2.3", "169.254.1.1", "8.8.8.8", "fe80::1%eth0"):
        assert not reached(host), host
    assert not reached("8.8.8.8", "socket.gethostbyaddr")
