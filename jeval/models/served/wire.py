"""Requests to a server: bounded retries, and every failure as one line that names the host, what happened and the next step."""

from __future__ import annotations

import json
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from jeval import offline
from jeval.errors import InputError, JevalError, ModelError
from jeval.models.served.relay import session as new_session
from jeval.output import one_line

Job = TypeVar("Job")
Done = TypeVar("Done")

RESUME = "finished answers are kept, the same command goes on from there"
_AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}  # statuses that may pass by themselves
_NEXT = {
    401: "give the key in OPENAI_API_KEY",
    403: "give the key in OPENAI_API_KEY",
    404: "check the path of base_url (…/v1/completions, …/v1/chat/completions) and the name in model=",
    405: "check the path of base_url (…/v1/completions, …/v1/chat/completions)",
    413: "lower --batch-size, or start the server with a longer window",
    429: "lower num_concurrent, or raise the server's limit",
}


def check_url(url: Any) -> str:
    """``url`` if it can be asked.

    Raises:
        InputError: no http(s) URL, or a host that was not allowed.
    """
    example = "--model-args base_url=http://127.0.0.1:8000/v1/completions"
    if not url:
        raise InputError(f"base_url is missing; give the server's address, e.g. {example}")
    try:
        parts = urlsplit(str(url))
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise InputError(f"base_url={shown(url)}: expected an http address, e.g. {example}")
    if not offline.permits(host):
        raise InputError(
            f"base_url names {host}; jeval works offline and reaches only hosts named for it: add --allow-host {host}"
        )
    return str(url)


def shown(value: Any, limit: int = 200) -> str:
    """Text of a server or a URL for a message: one line, harmless, without a password."""
    text = str(value)
    scheme, sign, rest = text.partition("://")
    if sign and "@" in rest.partition("/")[0]:
        text = scheme + sign + rest.partition("@")[2]
    return one_line(text, limit)


@dataclass
class Wire:
    """One server.

    Args:
        url: of the endpoint that answers.
        headers: of every request.
        verify: of TLS: ``True``, ``False`` or the path of a CA bundle.
        timeout: seconds that the server may be silent.
        attempts: of one request, the first included.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    verify: bool | str = True
    timeout: float = 300.0
    attempts: int = 3
    wait: float = 1.0
    offers: tuple[str, ...] = ()
    stopped: threading.Event = field(default_factory=threading.Event)
    _local: threading.local = field(default_factory=threading.local)

    @property
    def host(self) -> str:
        """Host and port, as messages name them."""
        return shown(self.url).partition("://")[2].partition("/")[0]

    def post(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that the server answers with.

        Raises:
            InputError: the server refuses the request (4xx).
            ModelError: it cannot be reached, fails, or answers something else.
        """
        for attempt in range(1, max(1, self.attempts) + 1):
            try:
                return self._once("POST", self.url, payload)
            except _PassingError as err:
                if attempt >= self.attempts or self.stopped.wait(min(10.0, self.wait * 2 ** (attempt - 1))):
                    tried = f", {attempt} attempts" if attempt > 1 else ""
                    raise ModelError(f"{err}{tried}); {err.step}") from err.__cause__
        raise AssertionError("unreachable")

    def get(self, url: str) -> dict[str, Any] | None:
        """What the server says at ``url``, ``None`` if it says nothing of use there."""
        try:
            return self._once("GET", url, None, timeout=min(self.timeout, 10.0))
        except (JevalError, _PassingError):
            return None

    def _once(
        self, method: str, url: str, payload: Mapping[str, Any] | None, *, timeout: float | None = None
    ) -> dict[str, Any]:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = new_session()
        try:
            answer = session.request(
                method,
                url,
                json=payload,
                headers=dict(self.headers),
                verify=self.verify,
                timeout=timeout or self.timeout,
            )
        except (requests.RequestException, OSError, ValueError) as err:
            raise self._unreached(err) from err
        if not answer.ok:
            raise self._refused(answer)
        return self._object(answer)

    def _unreached(self, err: Exception) -> Exception:
        """The error for a request that got no answer."""
        causes = list(_causes(err))
        if isinstance(err, requests.exceptions.SSLError) or any(isinstance(one, ssl.SSLError) for one in causes):
            return ModelError(
                f"{self.host}: the certificate cannot be checked ({shown(causes[-1])}); "
                "give --model-args ca_cert_path=FILE, or http:// if the server speaks no TLS"
            )
        if any(isinstance(one, offline.OutboundRefusedError) for one in causes):
            return InputError(f"{shown(causes[-1])}; name the host with --allow-host")
        if isinstance(err, requests.exceptions.ProxyError):
            what, step = "the proxy does not answer", "put the host into NO_PROXY, or mend HTTP_PROXY"
        elif any(isinstance(one, socket.gaierror) for one in causes):
            what, step = "no such host name", "check base_url"
        elif isinstance(err, requests.exceptions.Timeout):
            what = f"no answer in {self.timeout:g} s"
            step = f"raise it with --model-args timeout=SECONDS, or look at the server's log; {RESUME}"
        elif any(isinstance(one, ConnectionRefusedError) for one in causes):
            what, step = "connection refused", f"start the server, or mend base_url; {RESUME}"
        else:
            what, step = f"connection broken: {shown(causes[-1])}", f"look at the server's log; {RESUME}"
        return _PassingError(f"{self.host} cannot be asked ({what}", step)

    def _refused(self, answer: requests.Response) -> Exception:
        """The error for an answer with a status that is not 2xx."""
        status = answer.status_code
        text = f"{self.host} answered HTTP {status} ({said(answer.text)}"
        if status in _AGAIN:
            step = _NEXT.get(status, f"look at the server's log; {RESUME}")
            return _PassingError(text, f"{step}{_forms(status)}")
        if status == 404 and self.offers:
            text += f", it offers {shown(', '.join(self.offers))}"
        kind = InputError if status < 500 else ModelError
        return kind(f"{text}); {_NEXT.get(status, 'check --model-args')}{_forms(status)}")

    def _object(self, answer: requests.Response) -> dict[str, Any]:
        try:
            found = answer.json()
        except (ValueError, RecursionError) as err:
            raise ModelError(
                f"{self.host} answered something that is not JSON ({said(answer.text)}); "
                f"check base_url: {shown(self.url)}"
            ) from err
        if not isinstance(found, (dict, list)):
            raise ModelError(f"{self.host} answered {said(answer.text)}; expected a JSON object; check base_url")
        if isinstance(found, dict) and (found.get("error") or found.get("object") == "error"):
            raise ModelError(f"{self.host} answered with an error ({said(answer.text)}); look at the server's log")
        return found if isinstance(found, dict) else {"answers": found}


class _PassingError(Exception):
    """A failure that may pass; ``step`` is what to do if it does not."""

    def __init__(self, message: str, step: str) -> None:
        super().__init__(message)
        self.step = step


def said(body: str) -> str:
    """What the body of an answer says, short."""
    try:
        found = json.loads(body)
        for key in ("error", "message", "detail"):
            found = found.get(key, found) if isinstance(found, dict) else found
    except (ValueError, RecursionError):
        found = body
    return shown(str(found)[:2000], 160) or "empty body"


def _forms(status: int) -> str:
    """What other forms of the same request there are, where the form may be the reason."""
    if status not in {400, 422, 500}:
        return ""
    return "; a server that takes no lists of tokens wants --batch-size 1 --model-args tokenized_requests=False"


def _causes(err: BaseException) -> Iterator[BaseException]:
    """An error and what lies under it; urllib3 keeps the cause in ``reason`` or in the arguments."""
    seen: set[int] = set()
    todo: list[Any] = [err]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]


def fan_out(
    jobs: Iterable[Job],
    work: Callable[[Job], Done],
    arrived: Callable[[Job, Done], None],
    *,
    workers: int,
    stopped: threading.Event,
) -> None:
    """Do ``jobs`` with so many at once; ``arrived`` is called in this thread, as they come.

    The first error ends it: jobs not begun are dropped, those already answered still arrive. Threads are daemons, so that
    neither an error nor Ctrl-C waits for a server that is silent.
    """
    stopped.clear()
    ended = threading.Event()  # of this call: what comes later must not wake its threads
    if workers <= 1:
        for job in jobs:
            arrived(job, work(job))
        return
    results: queue.Queue[tuple[Job, Done | None, BaseException | None]] = queue.Queue()
    waiting: queue.Queue[Job] = queue.Queue()
    count = 0
    for job in jobs:
        waiting.put(job)
        count += 1

    def serve() -> None:
        while not ended.is_set():
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                results.put((job, work(job), None))
            except BaseException as err:
                results.put((job, None, err))

    for _ in range(min(workers, count)):
        threading.Thread(target=serve, daemon=True).start()
    failed: BaseException | None = None
    try:
        while count and failed is None:
            failed = _take(results, arrived, wait=True)
            count -= 1
    finally:
        ended.set()
        stopped.set()
    if failed is not None:
        while not results.empty():
            _take(results, arrived, wait=False)
        raise failed


def _take(results: Any, arrived: Callable[..., None], *, wait: bool) -> BaseException | None:
    while True:
        try:
            # A bounded wait: an unbounded one cannot be interrupted by Ctrl-C on every system.
            job, done, err = results.get(timeout=1.0) if wait else results.get_nowait()
        except queue.Empty:
            if wait:
                continue
            return None
        if err is None:
            arrived(job, done)
        return err if isinstance(err, BaseException) else None
