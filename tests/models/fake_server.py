"""A small OpenAI-like server on a real model, with faults on request. It runs in a thread of the test."""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


@dataclass
class FakeServer:
    """What it answers is the model's; ``fault`` spoils it, from request number ``after`` on (counting from 1).

    Attributes:
        asked: path and body of each request, in order.
    """

    folder: Path
    fault: str = ""
    after: int = 1
    offers: tuple[str, ...] = ("m",)
    fingerprint: str | None = "fp_1"
    window: int | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(self.folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32).eval()
        self.lock = threading.Lock()
        self.http: ThreadingHTTPServer | None = None

    def reset(self) -> FakeServer:
        """As it was begun: no fault, nothing asked yet."""
        self.fault, self.after, self.offers, self.fingerprint, self.window = "", 1, ("m",), "fp_1", None
        self.asked.clear()
        return self

    @property
    def posted(self) -> list[Any]:
        return [body for _, body in self.asked if body is not None]

    def start(self, port: int = 0, host: str = "127.0.0.1") -> FakeServer:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                with server.lock:
                    server.asked.append((self.path, None))
                if self.path.endswith("/models"):
                    self.say(200, {"object": "list", "created": time.time(), "data": server.listed()})
                else:
                    self.say(404, {"detail": "Not Found"})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server.lock:
                    server.asked.append((self.path, body))
                    server.headers.append(dict(self.headers))
                    spoiled = server.fault if len(server.posted) >= server.after else ""
                    if spoiled != "slow":
                        self.answer(body, spoiled)
                if spoiled == "slow":
                    time.sleep(2)
                    self.answer(body, "")

            def answer(self, body: Any, fault: str) -> None:
                if fault.startswith("status:"):
                    return self.say(int(fault[7:]), {"error": {"message": "engine\ndied"}})
                if fault == "html":
                    return self.write(200, b"<html>welcome</html>")
                if fault == "other":
                    return self.say(200, {"result": "ok"})
                if fault == "error":
                    return self.say(200, {"error": {"message": "out of memory"}})
                if fault == "hangup":
                    return self.connection.close()
                if fault == "lists" and isinstance(body.get("prompt"), list):
                    return self.say(500, {"error": {"message": "unhashable type: 'list'"}})
                if self.path == "/generate":
                    return self.say(200, server.native(body, fault))
                chat = self.path.endswith("/chat/completions")
                if not chat and not self.path.endswith("/completions"):
                    return self.say(404, {"detail": "Not Found"})
                return self.say(200, server.chat(body, fault) if chat else server.complete(body, fault))

            def say(self, code: int, value: Any) -> None:
                self.write(code, json.dumps(value).encode())

            def write(self, code: int, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        ThreadingHTTPServer.allow_reuse_address = True
        self.http = ThreadingHTTPServer((host, port), Handler)
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        assert self.http is not None
        self.http.shutdown()
        self.http.server_close()

    @property
    def port(self) -> int:
        assert self.http is not None
        return int(self.http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/completions"

    @property
    def chat_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/chat/completions"

    def listed(self) -> list[Any]:
        return [
            {"id": name, "owned_by": "fake", "created": time.time(), "max_model_len": self.window}
            for name in self.offers
        ]

    @torch.inference_mode()
    def complete(self, body: Any, fault: str) -> Any:
        prompts = body["prompt"]
        if not isinstance(prompts, list) or (prompts and isinstance(prompts[0], int)):
            prompts = [prompts]
        choices = []
        for index, prompt in enumerate(prompts):
            ids = prompt if isinstance(prompt, list) else self.tokenizer(prompt)["input_ids"]
            if body.get("echo"):
                choices.append({"index": index, "text": "", "logprobs": self.echo(ids, fault)})
            else:
                text = None if fault == "null" else self.generate(ids, body["max_tokens"], body.get("stop"))
                choices.append({"index": index, "text": text, "logprobs": None})
        return {"choices": choices[::-1], "system_fingerprint": self.fingerprint}

    @torch.inference_mode()
    def echo(self, ids: list[int], fault: str) -> Any:
        rows = torch.log_softmax(self.model(torch.tensor([ids])).logits[0].float(), -1)
        shift = {"knows": 0, "forgets": 2}.get(fault, 1)  # whose row a token is read from: its own, or one too early
        top_shift = 1 if fault == "values only" else shift
        values: list[Any] = [None] * len(ids)
        tops: list[Any] = [None] * len(ids)
        for at in range(1, len(ids)):
            values[at] = float(rows[max(at - (0 if fault == "values only" else shift), 0), ids[at]])
            row = rows[max(at - top_shift, 0)]
            best = int(row.argmax())
            tops[at] = {self.tokenizer.convert_ids_to_tokens(best): float(row[best])}
        if fault == "rolled":
            values, tops = [None, -2.0, *values[1:-1]], [None, {"x": -1.0}, *tops[1:-1]]
        if fault == "jitter":  # a server in low precision, whose batches come now so, now so
            values = [None if one is None else min(one + random.uniform(-0.02, 0.02), -1e-6) for one in values]
            tops = [top and {name: max(one, values[at]) for name, one in top.items()} for at, top in enumerate(tops)]
        if fault == "random":
            values = [None, *(-9 * random.random() - 0.01 for _ in ids[1:])]
            tops = [None, *({"x": max(one, -0.1)} for one in values[1:])]
        if fault == "zeros":
            values, tops = [0.0] * len(ids), [{"x": 0.0}] * len(ids)
        if fault == "constant":
            values, tops = [-1.0] * len(ids), [{"x": -1.0}] * len(ids)
        if fault == "no prompt":
            values, tops = values[-1:], tops[-1:]
        if fault == "more":
            values, tops = [None, *values], [None, *tops]
        if fault in {"nan", "positive", "hole"}:
            values[-1] = {"nan": float("nan"), "positive": 0.7, "hole": None}[fault]
        if fault == "no logprobs":
            return None
        if fault == "chat shape":
            return {"content": [{"token": "x", "logprob": -0.1}]}
        return {"token_logprobs": [*values, -1.0], "top_logprobs": [*tops, {"x": -1.0}], "tokens": []}

    def native(self, body: Any, fault: str) -> Any:
        """SGLang's own endpoint."""
        settings = body["sampling_params"]
        found = []
        for ids in body["input_ids"]:
            meta: dict[str, Any] = {}
            if body.get("return_logprob"):
                told = self.echo(ids, fault)
                meta["input_token_logprobs"] = [[value, 0, None] for value in told["token_logprobs"][:-1]]
                tops = told["top_logprobs"][:-1]
                meta["input_top_logprobs"] = [top and [[one, 0, None] for one in top.values()] for top in tops]
            text = self.generate(ids, settings["max_new_tokens"], settings.get("stop"))
            found.append({"text": text, "meta_info": meta})
        return found

    @torch.inference_mode()
    def generate(self, ids: list[int], count: int, stops: list[str] | None) -> str:
        out: list[int] = []
        for _ in range(min(count, 6)):
            out.append(int(self.model(torch.tensor([ids + out])).logits[0, -1].argmax()))
            text = str(self.tokenizer.decode(out, skip_special_tokens=True))
            for stop in stops or []:
                if stop in text:
                    return text.split(stop)[0]
        return str(self.tokenizer.decode(out, skip_special_tokens=True))

    def chat(self, body: Any, fault: str) -> Any:
        text = "".join(f"{turn['role']}{turn['content']}" for turn in body["messages"])
        said = self.generate(self.tokenizer(text)["input_ids"], body["max_tokens"], body.get("stop"))
        message: dict[str, Any] = {"role": "assistant", "content": said}
        if fault == "null":
            message["content"] = None
        if fault == "thought":
            message |= {"content": None, "reasoning_content": said}
        return {
            "choices": [{"index": 0, "message": message, "finish_reason": "length"}],
            "system_fingerprint": self.fingerprint,
        }
