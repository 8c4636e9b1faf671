"""Served models: what a server does wrong is said before or while scoring, and never scored."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from jeval.errors import InputError, JevalError, ModelError
from jeval.models.cache import AnswerStore, StoredLM
from jeval.models.served.load import Other, load_other, recorded_args
from jeval.models.served.wire import Wire, fan_out, shown
from tests.models import support
from tests.models.fake_server import FakeServer

torch.set_num_threads(1)

Args = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose logits are far from uniform."""
    path = tmp_path_factory.mktemp("served")
    encoder = support.tokenizer(merges=False)
    support.model("llama", len(encoder), dtype=torch.float32, window=600).save_pretrained(path)
    encoder.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[FakeServer]:
    server = FakeServer(folder).start()
    yield server
    server.stop()


@pytest.fixture
def server(running: FakeServer) -> FakeServer:
    return running.reset()


def start(server: FakeServer, batch_size: str | None = None, **args: Any) -> Any:
    backend = args.pop("backend", "local-completions")
    likelihoods = args.pop("likelihoods", True)
    given: Args = {"model": "m", "base_url": server.url, "tokenizer": str(server.folder), "max_retries": 1} | args
    return load_other(backend, given, batch_size=batch_size, likelihoods=likelihoods)


def asked(seed: int = 0, count: int = 8) -> list[Any]:
    """Items of three answers each, as lm-eval numbers them."""
    chooser = random.Random(seed)
    found = []
    for item in range(count):
        context = support.text(chooser, 4, 20)
        for number in range(3):
            one = support.instances("loglikelihood", [(context, support.text(chooser, 2, 5))])[0]
            one.task_name, one.doc_id, one.idx = "t", item, number
            found.append(one)
    return found


FAULTS = {
    "no logprobs": "no token_logprobs",
    "chat shape": "no token_logprobs",
    "no prompt": "2 values for",
    "more": "another tokenizer",
    "random": "do not depend on the text|moved by a place",
    "zeros": "0 for each of",
    "constant": "-1 for each of",
    "knows": "moved by a place",
    "forgets": "moved by a place",
    "rolled": "moved by a place",
    "values only": "moved by a place|more than the likeliest",
    "nan": "NaN",
    "positive": "positive",
    "hole": "null",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_without_log_probabilities_of_the_prompt_is_refused_before_anything_is_scored(
    server: FakeServer, fault: str
) -> None:
    server.fault = fault
    with pytest.raises(ModelError, match=FAULTS[fault]) as said:
        start(server)
    assert "docs/servers.md" in str(said.value) and "\n" not in str(said.value)
    assert len(server.posted) <= 4


@pytest.mark.parametrize("family", ["gpt_neox", "gemma", "mistral"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_probe_lets_every_sound_server_pass_whatever_the_model(tmp_path: Path, family: str, seed: int) -> None:
    encoder = support.tokenizer(merges=False, bos=bool(seed))
    model = support.model(family, len(encoder), dtype=torch.float32, window=600)
    if seed:  # untrained: log-probabilities nearly uniform
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(0.3)
    model.save_pretrained(tmp_path)
    encoder.save_pretrained(tmp_path)
    server = FakeServer(tmp_path).start()
    try:
        assert start(server).mark
        with pytest.raises(ModelError):
            server.fault = "knows"
            start(server)
    finally:
        server.stop()


@pytest.mark.parametrize(
    "how", [{}, {"tokenized_requests": False}, {"num_concurrent": 4}, {"batch": "3"}, {"backend": "sglang-generate"}]
)
@pytest.mark.parametrize("kind", ["loglikelihood", "loglikelihood_rolling", "generate_until"])
def test_answers_are_those_of_the_model_itself(server: FakeServer, kind: str, how: Args) -> None:
    how = dict(how)
    encoder = support.tokenizer(merges=False)
    stock, _ = support.pair(server.model, encoder)
    requests = asked()
    if kind == "loglikelihood_rolling":
        requests = support.instances(kind, [(request.args[0],) for request in requests[::3]])
    if kind == "generate_until":
        settings = {"until": ["。"], "max_gen_toks": 5, "do_sample": False}
        requests = support.instances(kind, [(request.args[0], dict(settings)) for request in requests[::3]])
    if "backend" in how:
        how["base_url"] = f"http://127.0.0.1:{server.port}/generate"
    lm = start(server, batch_size=how.pop("batch", None), **how)
    expected, got = getattr(stock, kind)(requests, disable_tqdm=True), getattr(lm, kind)(requests)
    if kind == "generate_until":
        assert got == expected
    elif kind == "loglikelihood":
        assert support.worst(got, expected) < 1e-4
        assert [greedy for _, greedy in got] == [greedy for _, greedy in expected]
    else:
        assert max(abs(a - b) for a, b in zip(got, expected, strict=True)) < 1e-3


def test_a_server_whose_values_tremble_a_little_is_scored(server: FakeServer) -> None:
    server.fault = "jitter"
    for _ in range(5):
        assert start(server).mark


def test_one_prompt_is_one_request_unless_more_are_asked_for(server: FakeServer) -> None:
    for size, most in ((None, 1), ("auto", 1), ("3", 3)):
        server.asked.clear()
        start(server, batch_size=size).loglikelihood(asked())
        assert max(len(body["prompt"]) for body in server.posted) == most


def test_a_server_that_takes_no_lists_is_asked_in_text(server: FakeServer) -> None:
    server.fault = "lists"
    with pytest.raises(ModelError, match=r"tokenized_requests=False") as said:
        start(server)
    assert "HTTP 500" in str(said.value) and "unhashable" in str(said.value)
    assert len(start(server, tokenized_requests=False).loglikelihood(asked())) == 24


NETWORK = {
    "status:500": (ModelError, "HTTP 500 .engine died.*log"),
    "status:404": (InputError, "HTTP 404 .*it offers m.*model="),
    "status:401": (InputError, "HTTP 401 .*OPENAI_API_KEY"),
    "status:400": (InputError, "HTTP 400 .engine died"),
    "html": (ModelError, "not JSON .*welcome.*base_url"),
    "other": (ModelError, "another shape .*result.*base_url"),
    "error": (ModelError, "out of memory"),
    "hangup": (ModelError, "connection broken"),
    "slow": (ModelError, "no answer in 1 s.*timeout="),
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("fault", NETWORK)
def test_every_failure_of_a_server_is_one_line_with_host_and_next_step(
    server: FakeServer, fault: str, late: bool
) -> None:
    kind, words = NETWORK[fault]
    server.fault, server.after = fault, 10 if late else 1
    with pytest.raises(kind, match=words) as said:
        start(server, timeout=1).loglikelihood(asked())
    assert f"127.0.0.1:{server.port}" in str(said.value) and "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/v1/completions", "127.0.0.1:1 cannot be asked .connection refused"),
        ("http://no-such-host.invalid/v1/completions", "no-such-host.invalid .*no such host name|--allow-host no-such"),
        ("127.0.0.1:8000/v1/completions", "expected an http address"),
        ("http:///v1/completions", "expected an http address"),
        ("http://[::1/v1/completions", "expected an http address"),
        ("http://127.0.0.1:1/v1/chat/completions", "needs the endpoint …/v1/completions"),
        (None, "base_url is missing"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_line(folder: Path, url: str | None, words: str) -> None:
    args = {"model": "m", "base_url": url, "tokenizer": str(folder), "max_retries": 1}
    with pytest.raises(JevalError, match=words):
        load_other("local-completions", args)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"tokenizer": None}, "tokenizer is missing.*tokenizer=PATH"),
        ({"tokenizer": "/nowhere"}, "tokenizer=/nowhere: no such folder.*hub"),
        ({"tokenizer": "長" * 300}, "no such folder"),
        ({"tokenizer_backend": None}, "tokenizer_backend=None.*tokenizer=PATH"),
        ({"tokenizer_backend": "tiktoken"}, "tokenizer_backend=tiktoken.*tokenizer=PATH"),
        ({"num_concurent": 4}, "num_concurent.*did you mean num_concurrent"),
        ({"device": 4}, "device: not an option"),
        ({"timeout": "soon"}, "expected whole numbers"),
        ({"max_retries": 0}, "at least 1"),
        ({"extra_body": 3}, "expected a JSON object"),
        ({"header": "x"}, "expected a JSON object"),
    ],
)
def test_a_wrong_argument_is_named_before_a_server_is_asked(server: FakeServer, args: Args, words: str) -> None:
    with pytest.raises(InputError, match=words):
        start(server, **args)
    assert not server.posted


def test_a_folder_that_is_no_tokenizer_is_named(server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot be loaded"):
        start(server, tokenizer=str(tmp_path))


@pytest.mark.parametrize("package", ["tenacity", "aiohttp"])
def test_a_missing_package_is_named_with_the_command_that_brings_it(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=f'{package}: pip install "jeval\\[server\\]"'):
        start(server)


@pytest.mark.parametrize("backend", ["gguf", "ggml"])
def test_the_backend_for_llama_cpp_python_is_refused_with_the_way_that_works(backend: str) -> None:
    with pytest.raises(InputError, match=r"--model FILE\.gguf"):
        load_other(backend, {"base_url": "http://127.0.0.1:1"})


class Broken:
    """A model of another library."""

    def __init__(self, answer: Any) -> None:
        self.answer_of = answer

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[Any]:
        if isinstance(self.answer_of, Exception):
            raise self.answer_of
        return [self.answer_of] * len(requests)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (RuntimeError("quota\nspent"), "failed: quota spent"),
        (None, "no answer to a request"),
        ((float("nan"), True), "nan for a text"),
        ((0.5, True), "0.5 for a text"),
        ((0.0, True), "0 for each of 24 texts"),
    ],
)
def test_what_another_librarys_model_raises_or_cannot_mean_is_one_line(answer: Any, words: str) -> None:
    inner: Any = Broken(answer)
    with pytest.raises(ModelError, match=words):
        Other("x", inner).loglikelihood(asked())


def test_sglangs_own_endpoint_is_tried_too(server: FakeServer) -> None:
    server.fault = "knows"
    with pytest.raises(ModelError, match=r"moved by a place"):
        start(server, backend="sglang-generate", base_url=f"http://127.0.0.1:{server.port}/generate")


def test_an_unknown_backend_is_told_its_neighbours() -> None:
    with pytest.raises(InputError, match=r"did you mean local-completions"):
        load_other("local-completion", {})


def test_the_only_model_of_a_server_needs_no_name(server: FakeServer) -> None:
    assert start(server, model=None).served.model == "m"
    server.offers = ("a", "b")
    with pytest.raises(InputError, match=r"model=NAME.*a, b"):
        start(server, model=None)


class Dies(AnswerStore):
    """Remembers what was stored."""

    rows: list[Any]

    def put_many(self, kind: str, rows: Any) -> None:
        self.rows = [*getattr(self, "rows", []), *rows]
        super().put_many(kind, rows)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("fault", ["status:500", "zeros", "constant", "no prompt", "nan", "positive", "hole", "hangup"])
def test_a_server_that_breaks_late_loses_nothing_and_stores_nothing_wrong(
    server: FakeServer, tmp_path: Path, fault: str, workers: int
) -> None:
    requests = asked(count=12)
    right = start(server).loglikelihood(requests)
    server.asked.clear()
    lm = start(server, num_concurrent=workers)
    begun = len(server.posted)
    server.fault, server.after = fault, begun + 20
    store = Dies(tmp_path / "a.sqlite", {})
    seen: list[int] = []
    with pytest.raises(ModelError):
        StoredLM(lm, store, progress=lambda done, _: seen.append(done)).loglikelihood(requests)
    kept = {args: tuple(answer) for args, answer in store.rows}
    assert len(kept) >= 9
    known = dict(zip([request.args for request in requests], right, strict=True))
    assert all(abs(kept[args][0] - known[args][0]) < 1e-4 for args in kept)

    server.fault = ""
    server.asked.clear()
    again = StoredLM(lm, store).loglikelihood(requests)
    assert support.worst(again, right) < 1e-4
    late = 0 if workers == 1 else workers  # in flight when the run ended
    assert len(requests) - len(kept) <= len(server.posted) <= len(requests) - len(kept) + late


def test_generated_answers_are_kept_one_by_one(server: FakeServer, tmp_path: Path) -> None:
    settings = {"until": ["。"], "max_gen_toks": 4, "do_sample": False}
    requests = support.instances("generate_until", [(f"あい{letter}", settings) for letter in support.LETTERS])
    lm = start(server, likelihoods=False)
    server.fault, server.after = "status:503", len(server.posted) + 10
    store = Dies(tmp_path / "a.sqlite", {})
    with pytest.raises(ModelError, match=r"HTTP 503.*finished answers are kept"):
        StoredLM(lm, store).generate_until(requests)
    assert len(store.rows) == 9
    server.fault = ""
    server.asked.clear()
    assert len(StoredLM(lm, store).generate_until(requests)) == len(requests)
    assert len(server.posted) == len(requests) - 9


@pytest.mark.parametrize(("fault", "words"), [("null", "null"), ("thought", "thought and no text.*enable_thinking")])
def test_a_chat_server_that_gives_no_text_is_not_scored_as_one_that_says_nothing(
    server: FakeServer, fault: str, words: str
) -> None:
    lm = start(server, backend="local-chat-completions", base_url=server.chat_url, likelihoods=False)
    server.fault = fault
    turns = lm.apply_chat_template([{"role": "user", "content": "あいう"}])
    with pytest.raises(ModelError, match=words):
        lm.generate_until(support.instances("generate_until", [(turns, {"until": ["。"], "max_gen_toks": 4})]))


def test_a_chat_server_is_sent_messages_and_what_the_user_adds(server: FakeServer) -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    lm = start(server, backend="local-chat-completions", base_url=server.chat_url, extra_body=extra, tokenizer=None)
    turns = lm.apply_chat_template([{"role": "user", "content": "あいう"}])
    assert lm.generate_until(support.instances("generate_until", [(turns, {"until": ["。"], "max_gen_toks": 4})]))
    body = server.posted[-1]
    assert body["messages"] == [{"role": "user", "content": "あいう"}] and body["temperature"] == 0
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_an_answer_that_a_sure_model_means_is_kept(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = start(server)
    monkeypatch.setattr(lm, "_again", lambda context, continuation: 0.0 if continuation == "う" else -17.0)
    lm._check_item([("あい", "う"), ("あい", "え")], [0.0, -17.0])
    monkeypatch.setattr(lm, "_again", lambda context, continuation: -2.0 if continuation in "うえ" else -5.0)
    lm._check_item([("あい", "う"), ("あい", "え")], [-2.0, -2.0])
    monkeypatch.setattr(lm, "_again", lambda context, continuation: -3.0)
    for values in ([0.0, -17.0], [-2.0, -2.0], [-3.0, -3.0]):
        with pytest.raises(ModelError, match=r"0.0 for a continuation|the same value for all"):
            lm._check_item([("あい", "う"), ("あい", "え")], values)


def test_a_prompt_longer_than_the_window_is_refused_and_not_cut(server: FakeServer) -> None:
    server.window = 60
    lm = start(server)
    sent = len(server.posted)
    with pytest.raises(InputError, match=r"1 of 2 requests need more than the 60 tokens.*the longest 73"):
        lm.loglikelihood(support.instances("loglikelihood", [("あ" * 70, "いう"), ("あ", "いう")]))
    with pytest.raises(InputError, match=r"the 60 tokens"):
        lm.generate_until(support.instances("generate_until", [("あ" * 50, {"until": [], "max_gen_toks": 9})]))
    assert len(server.posted) == sent
    lm.generate_until(support.instances("generate_until", [("あ" * 40, {"until": [], "max_gen_toks": 99})]))
    assert server.posted[-1]["max_tokens"] == 20  # an answer gets what the window leaves
    server.window = None
    assert start(server).loglikelihood(support.instances("loglikelihood", [("あ" * 70, "いう")]))


def test_another_model_under_the_same_address_is_another_generation(server: FakeServer, tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.sqlite", {})
    first = start(server)
    assert first.generation(store) == 0 and start(server).generation(store) == 0
    weight = server.model.lm_head.weight
    before = weight.detach().clone()
    try:
        with torch.no_grad():
            weight.mul_(1.01)
        assert start(server).generation(store) == 1
    finally:
        with torch.no_grad():
            weight.copy_(before)
    assert start(server).generation(store) == 0


def test_keys_and_passwords_are_not_recorded() -> None:
    told = recorded_args(
        {"auth_token": "s3cret", "header": {"k": "s3cret"}, "base_url": "http://u:s3cret@h/v1", "model": "m"}
    )
    assert "s3cret" not in str(told) and told["base_url"] == "http://h/v1" and told["model"] == "m"
    assert shown("a\x1b[31m\nb") == "a\\u001b[31m b"


def test_a_start_token_is_sent_where_the_tokenizer_has_one(tmp_path: Path) -> None:
    encoder = support.tokenizer(merges=False, bos=True)
    support.model("llama", len(encoder), dtype=torch.float32).save_pretrained(tmp_path)
    encoder.save_pretrained(tmp_path)
    server = FakeServer(tmp_path).start()
    try:
        start(server).loglikelihood(support.instances("loglikelihood", [("あ", "い"), ("<s>あ", "い")]))
        assert [body["prompt"][0].count(0) for body in server.posted[-2:]] == [1, 1]
        start(server, tokenized_requests=False).loglikelihood(support.instances("loglikelihood", [("あ", "い")]))
        assert server.posted[-1]["prompt"] == "あい"
        with pytest.raises(ModelError, match=r"add_bos_token"):
            start(server, tokenized_requests=False, add_bos_token=False)
    finally:
        server.stop()


def test_neither_an_error_nor_an_interrupt_waits_for_a_silent_server() -> None:
    hold = threading.Event()

    def work(job: int) -> int:
        if job:
            hold.wait(30)
        return job

    def interrupt(job: int, done: int) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fan_out(range(4), work, interrupt, workers=3, stopped=threading.Event())
    assert time.monotonic() - began < 10
    hold.set()


def test_a_failure_that_passes_is_tried_again_and_one_that_stays_a_few_times(server: FakeServer) -> None:
    wire = Wire(server.url, attempts=3, wait=0.01)
    server.fault = "status:503"
    with pytest.raises(ModelError, match=r"3 attempts"):
        wire.post({"prompt": "あ", "max_tokens": 1})
    assert len(server.posted) == 3
    server.fault, server.after = "status:400", 1
    server.asked.clear()
    with pytest.raises(InputError):
        wire.post({"prompt": "あ", "max_tokens": 1})
    assert len(server.posted) == 1
