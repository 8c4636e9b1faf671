"""Against a real server: ``JEVAL_LLAMA_CPP_PYTHON`` names a Python that has llama-cpp-python[server], ``JEVAL_GGUF`` a model."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from jeval.errors import InputError, ModelError
from jeval.models.served.load import load_other

PYTHON, GGUF = os.environ.get("JEVAL_LLAMA_CPP_PYTHON"), os.environ.get("JEVAL_GGUF")
pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(not (PYTHON and GGUF), reason="JEVAL_LLAMA_CPP_PYTHON and JEVAL_GGUF name no server"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(PYTHON), "-m", "llama_cpp.server", "--model", str(GGUF), "--port", str(port), "--n_ctx", "2048"]
    process = subprocess.Popen([*command, "--logits_all", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(240):
            try:
                requests.get(f"http://127.0.0.1:{port}/v1/models", timeout=5)
                break
            except requests.RequestException:
                assert process.poll() is None
                time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("tokenizer")
    path = Path(str(GGUF))
    AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).save_pretrained(folder)
    return str(folder)


def args(address: str, **more: Any) -> dict[str, Any]:
    return {"base_url": f"{address}/completions", "max_retries": 1, **more}


def test_llama_cpp_python_takes_no_tokens(address: str, tokenizer: str) -> None:
    with pytest.raises((InputError, ModelError), match=r"tokenized_requests=False"):
        load_other("local-completions", args(address, tokenizer=tokenizer))


def test_llama_cpp_python_is_caught_with_its_values_moved(address: str, tokenizer: str) -> None:
    with pytest.raises(ModelError, match=r"moved by a place"):
        load_other("local-completions", args(address, tokenizer=tokenizer, tokenized_requests=False))


def test_llama_cpp_python_writes_texts(address: str) -> None:
    lm: Any = load_other("local-completions", args(address), likelihoods=False)
    assert lm.served.model
    chat: Any = load_other(
        "local-chat-completions", {**args(address), "base_url": f"{address}/chat/completions"}, likelihoods=False
    )
    assert chat.served.chat_template == "server"
