"""Who: the author of a model, of a task pack or of a library between. What: reaching out of a run without being counted.

The kernel's filter cannot be taken off again, so every attack runs in a child; whatever it is, it aims at a listener of the test's
own, and without the filter it does reach it.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jeval import offline
from jeval.models.backends import LOCAL, SERVED
from jeval.offline import kernel
from tests.models.fake_server import FakeServer

linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}, reason="seccomp is Linux's"
)
pytestmark = linux
ROOT = Path(__file__).resolve().parents[2]

ATTACKS = {
    "a socket of libc": """
import ctypes, struct
libc = ctypes.CDLL(None)
to = struct.pack("=HH4s8x", 2, int.from_bytes(PORT.to_bytes(2, "big"), "little"), bytes([127, 0, 0, 1]))
libc.connect(libc.socket(2, 1, 0), to, len(to))""",
    "curl": """
import subprocess
subprocess.run(["curl", "-s", "-m", "2", f"http://127.0.0.1:{PORT}/"])""",
    "a child in Python": """
import subprocess
subprocess.run([sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 2)"])""",
    "a forked child": """
import os
if os.fork() == 0:
    offline.disable()
    try:
        socket.create_connection(("127.0.0.1", PORT), 2)
    finally:
        os._exit(0)
os.wait()""",
    "a thread that was there before": """
go.set()
thread.join()""",
    "the S3 of pyarrow": """
from pyarrow.fs import S3FileSystem
s3 = S3FileSystem(endpoint_override=f"127.0.0.1:{PORT}", scheme="http", anonymous=True, request_timeout=2, connect_timeout=2,
                  region="x")
s3.get_file_info("bucket/key")""",
    "the store of torch.distributed": """
import datetime
from torch.distributed import TCPStore
TCPStore("127.0.0.1", PORT, 2, False, timeout=datetime.timedelta(seconds=2))""",
    "a proxy on this machine": """
import urllib.request
proxy = urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{PORT}"})
urllib.request.build_opener(proxy).open("http://example.invalid/", timeout=2)""",
    "a hook that calls disable()": """
offline.disable()
offline._guard.active = False
offline._seal = None
socket.create_connection(("127.0.0.1", PORT), 2)""",
    "a hook that kills the process that counts": """
import os, pathlib, signal
offline.disable()
for one in pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
    os.kill(int(one), signal.SIGKILL)
    os.waitpid(int(one), 0)
socket.create_connection(("127.0.0.1", PORT), 2)""",
}

CHILD = """
import json, socket, sys, threading
from jeval import offline
PORT, sealed = int(sys.argv[1]), sys.argv[2] == "sealed"
go = threading.Event()
def later():
    go.wait()
    offline.disable()
    socket.create_connection(("127.0.0.1", PORT), 2)
thread = threading.Thread(target=later, daemon=True)
thread.start()
if sealed:
    offline.seal()
offline.enable()
seal = offline._seal
try:
    exec(sys.argv[3])
except BaseException as err:
    print(repr(err), file=sys.stderr)
offline._seal = seal
print(json.dumps(vars(offline.outcome())), flush=True)
import os
os._exit(0)
"""


def tried(code: str, port: int, *, sealed: bool = True) -> Any:
    """What a child says of an attempt."""
    command = [sys.executable, "-W", "ignore", "-c", CHILD, str(port), "sealed" if sealed else "open", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A port, and who came."""
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    one, _ = server.accept()
                except OSError:
                    return
                came.append("came")
                one.close()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)


def arrived(came: list[str], seconds: float = 5.0) -> bool:
    """Whether somebody came to the listener, whose thread may be a moment late."""
    end = time.monotonic() + seconds
    while not came and time.monotonic() < end:
        time.sleep(0.01)
    return bool(came)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_a_run_reaches_out_and_every_attempt_is_counted(
    attack: str, listener: tuple[int, list[str]]
) -> None:
    if attack == "curl" and not shutil.which("curl"):
        pytest.skip("no curl")
    port, came = listener
    told = tried(ATTACKS[attack], port)
    assert not arrived(came, 0.1)
    assert told["kernel"]
    if "kills" in attack:  # nobody is left to count: the record says so, and not that there was nothing
        assert told["why"] == "offline_lost" and not told["counted"]
    else:
        assert told["why"] == "offline_kernel" and told["counted"] and told["attempts"] >= 1 and told["targets"]
    if "disable" not in attack and "kills" not in attack:
        tried(ATTACKS[attack], port, sealed=False)
        assert arrived(came), "the attack does not even work without the filter"


def test_a_look_up_of_an_address_is_an_attempt() -> None:
    told = tried("socket.gethostbyaddr('192.0.2.1')", 1)
    assert told["attempts"] == 1 and told["targets"] == ["gethostbyaddr 192.0.2.1"]


OTHER_DOORS = {
    "io_uring": "libc.syscall(425, 8, (ctypes.c_char * 512)())",
    "the calls of x32": "libc.syscall(0x40000000 + 41, 2, 1, 0)",
    "another process's sockets": "libc.syscall(438, os.open('/dev/null', 0), 0, 0)",
    "another process's memory": "libc.ptrace(16, os.getppid(), 0, 0)",
    "a packet socket": "libc.socket(17, 3, 0)",
    "netlink": "libc.socket(16, 3, 0)",
    "a machine's own (vsock)": "libc.socket(40, 1, 0)",
    "high bits that the kernel drops": "libc.syscall(SOCKET, ctypes.c_long((7 << 32) | 2), ctypes.c_long(1), 0)",
}


@pytest.mark.parametrize("door", OTHER_DOORS)
def test_other_doors_are_closed_too(door: str) -> None:
    if "x32" in door and platform.machine() != "x86_64":
        pytest.skip("x32 is x86's")
    code = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
SOCKET = {kernel._CALLS[platform.machine()][1]}
done = {OTHER_DOORS[door]}
print(done, ctypes.get_errno(), file=sys.stderr)
offline._guard.attempts.append(f"{{done}} {{ctypes.get_errno()}}")"""
    told = tried(code, 1)
    assert told["targets"][0] in {"-1 1", "-1 13"}


def test_unix_sockets_and_pipes_go_on(listener: tuple[int, list[str]]) -> None:
    code = """
import asyncio, multiprocessing, subprocess
one, other = socket.socketpair()
one.sendall(b"x"); assert other.recv(1) == b"x"
asyncio.run(asyncio.sleep(0))
assert subprocess.run(["echo", "x"], capture_output=True).stdout == b"x\\n"
with multiprocessing.get_context("fork").Pool(2) as pool: assert pool.map(abs, [-1, 2]) == [1, 2]
offline._guard.attempts.append("went on")"""
    told = tried(code, listener[0])
    assert told["targets"] == ["went on"] and told["attempts"] == 1


def test_the_filter_is_there_at_once() -> None:
    code = """
import time
import urllib3.util.connection  # which lm-eval imports anyway
began = time.process_time()
offline.seal()
offline._guard.attempts.append(str(time.process_time() - began))"""
    seconds = [float(tried(code, 1, sealed=False)["targets"][0]) for _ in range(3)]
    assert min(seconds) < 0.1


def test_a_connection_goes_to_the_model_s_server_and_nowhere_else(listener: tuple[int, list[str]]) -> None:
    port, came = listener
    code = f"""
offline._seal = None
offline.seal(server=f"http://127.0.0.1:{{PORT}}/v1/completions")
seal = offline._seal
offline.connect("127.0.0.1", PORT, 5).close()
for host, other in (("127.0.0.1", PORT + 1), ("192.0.2.1", PORT), ("localhost", PORT)):
    try:
        offline.connect(host, other, 5)
    except offline.OutboundRefusedError:
        continue
    raise SystemExit("connected")
offline._guard.attempts.append("refused {port}")"""
    told = tried(code, port, sealed=False)
    assert told["targets"][0] == f"refused {port}" and arrived(came) and len(came) == 1
    assert told["relayed"] == 1 and told["attempts"] == 1 + 3
    assert told["targets"][1] == f"connect 127.0.0.1:{port + 1}"


def test_an_allowed_host_that_is_not_there_is_said_as_such() -> None:
    code = """
offline._seal = None
offline.seal(["127.0.0.1", "no-such-host.invalid"])
seal = offline._seal
for host in ("127.0.0.1", "no-such-host.invalid"):
    try:
        offline.connect(host, 1, 5)
    except OSError as err:
        offline._guard.attempts.append(type(err).__name__)"""
    told = tried(code, 1, sealed=False)
    assert told["targets"] == ["ConnectionRefusedError", "gaierror"] and told["relayed"] == 0


PACK = """
import ctypes, subprocess, sys
from jeval import offline
offline.disable()

def to_text(doc):
    ctypes.CDLL(None).socket(2, 1, 0)
    subprocess.run([sys.executable, "-c", "import socket; socket.socket()"], stderr=subprocess.DEVNULL)
    return doc["text"]
"""
YAML = """
task: reaches
dataset_path: json
dataset_kwargs: {data_files: DATA}
test_split: train
output_type: multiple_choice
doc_to_text: !function hooks.to_text
doc_to_choice: ["は", "が"]
doc_to_target: 0
metric_list: [{metric: acc}]
"""


def command(python: list[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    call = [*python, "-m", "jeval", "run", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, check=False, env=environment, timeout=300)


def test_the_record_and_the_report_of_a_command_say_who_refused(
    tiny_model: Path, tmp_path: Path, warm: list[str]
) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "hooks.py").write_text(PACK, encoding="utf-8")
    (pack / "items.json").write_text('[{"text": "雨"}]', encoding="utf-8")
    (pack / "reaches.yaml").write_text(YAML.replace("DATA", str(pack / "items.json")), encoding="utf-8")
    done = command(
        warm,
        "--model",
        tiny_model,
        "--include-path",
        pack,
        "--trust-pack",
        "pack",
        "--tasks",
        "reaches",
        "--out",
        tmp_path / "run",
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["outbound"]
    assert told["kernel"] is True and told["counted"] is True and told["why"]["key"] == "offline_kernel"
    assert told["attempts"] >= 2 and any("AF_INET" in target for target in told["targets"])
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "seccomp により" in page


def test_a_server_s_model_is_reached_through_the_warden_alone(
    tiny_model: Path, tmp_path: Path, warm: list[str]
) -> None:
    server = FakeServer(tiny_model).start()
    try:
        args = f"model=m,base_url={server.url},tokenizer={tiny_model},max_retries=1,num_concurrent=2"
        given = [
            "--backend",
            "local-completions",
            "--model-args",
            args,
            "--tasks",
            "jeval_keigo_choice,jeval_leak_context",
        ]
        done = command(warm, *given, "--limit", 2, "--out", tmp_path / "run")
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["outbound"]
    assert told["kernel"] is True and told["attempts"] == 0 and told["relayed"] >= 1
    assert len(server.posted) >= 8


def test_a_process_of_the_user_s_is_not_closed_for_good(tiny_model: Path, tmp_path: Path) -> None:
    import jeval

    try:
        run = jeval.run(tiny_model, tasks="jeval_keigo_choice", limit=1, out=tmp_path / "run", silent=True)
    finally:
        offline.disable()
    assert run.record.outbound.kernel is False and not run.record.outbound.counted
    assert run.record.outbound.why is not None and run.record.outbound.why.key == "offline_guest"
    socket.socket().close()


SEALED_ANEW = """
offline._seal = None
offline.seal()
seal = offline._seal
offline.disable()
socket.create_connection(("127.0.0.1", PORT), 2)"""


def test_without_a_filter_an_empty_namespace_holds_or_the_reason_is_said(listener: tuple[int, list[str]]) -> None:
    code = (
        """
def refuse(*, notify=True): raise offline.NoKernelError("seccomp: taken away")
offline.close_network = refuse
"""
        + SEALED_ANEW
    )
    told = tried(code, listener[0], sealed=False)
    assert "taken away" in told["detail"] and not told["counted"]
    assert told["why"] == ("offline_namespace" if told["kernel"] else "offline_refused")
    assert arrived(listener[1], 0.5) is not told["kernel"]


def test_a_kernel_that_does_not_tell_refuses_all_the_same(listener: tuple[int, list[str]]) -> None:
    code = (
        """
whole = offline.close_network
def silent(*, notify=True):
    if notify: raise offline.NoKernelError("seccomp: no listener")
    return whole(notify=False)
offline.close_network = silent
"""
        + SEALED_ANEW
    )
    told = tried(code, listener[0], sealed=False)
    assert told["kernel"] and told["why"] == "offline_uncounted" and not told["counted"]
    assert not arrived(listener[1], 0.1)


def test_the_names_of_backends_are_those_whose_requests_jeval_makes() -> None:
    import lm_eval.models
    from lm_eval.api.registry import get_model
    from lm_eval.models.api_models import TemplateAPI

    found = set()
    for name in lm_eval.models.MODEL_MAPPING:
        try:
            cls = get_model(name)
        except (ImportError, ValueError):  # of a package that is not here
            continue
        if issubclass(cls, TemplateAPI) and cls.model_call is TemplateAPI.model_call:
            found.add(name)
    assert found == SERVED and not SERVED & LOCAL


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("notify", [True, False])
def test_the_filter_of_every_processor_decides_as_it_should(machine: str, notify: bool) -> None:
    """The program is interpreted here, for the processors that the test does not run on."""
    arch, sock, pair, *others, _ = kernel._CALLS[machine]
    code = kernel.program(machine, notify=notify)

    def decided(arch: int, number: int, first: int = 0) -> int:
        import struct

        data = struct.pack("=IIQQ", number, arch, 0, first)
        steps, place, held = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)], 0, 0
        while True:
            what, true, false, value = steps[place]
            place += 1
            if what == kernel._RETURN:
                return int(value)
            if what == kernel._LOAD:
                held = struct.unpack_from("=I", data, value)[0]
            else:
                met = held == value if what == kernel._EQUAL else held >= value
                place += true if met else false

    refused = kernel._NOTIFY if notify else kernel._ERRNO | 13
    for call in (sock, pair):
        assert decided(arch, call, 1) == kernel._ALLOW
        assert {decided(arch, call, family) for family in (0, 2, 10, 16, 17, 38, 40, (5 << 32) | 2)} == {refused}
    assert {decided(arch, number) for number in (425, 438, *others, 0x40000029, 0xFFFFFFFF)} == {kernel._ERRNO | 1}
    assert {decided(arch, number) for number in (0, 1, 42, 59, 202, 426)} == {kernel._ALLOW}
    assert decided(0x40000003, 102, 1) == decided(0x40000028, 1, 1) == kernel._ERRNO | 1
