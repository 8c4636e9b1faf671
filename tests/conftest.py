"""Fixtures shared by all areas: a tiny model on disk, the demonstration's models, the command line in-process."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.warm import start

os.environ.setdefault("TQDM_DISABLE", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # a worker a core: threads would only stand in each other's way
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

#: The files that take longest, longest first: begun first, they do not leave one worker alone at the end.
LONGEST = (
    "core/test_demo.py",
    "search/test_adapters.py",
    "search/test_search.py",
    "core/test_run.py",
    "core/test_recipes.py",
    "leak/test_corpus_recall.py",
    "policy/test_rules.py",
    "report/test_browser.py",
    "report/test_document.py",
)


# What the libraries and the collected tests made stays: it need not be looked through again and again.
gc.set_threshold(100_000, 20, 100)


def pytest_collection_finish() -> None:
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get("/".join(item.path.parts[-2:]), len(LONGEST)))


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Answers of a test are its own."""
    path = tmp_path_factory.mktemp("cache") / "answers.sqlite"
    monkeypatch.setenv("JEVAL_CACHE", str(path))
    return path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained character-level Llama in a Hugging Face folder (read only: copy it to change it)."""
    from jeval.demo.corpus import vocabulary_texts
    from jeval.demo.model import char_tokenizer, plant, save, tiny_llama

    tokenizer = char_tokenizer(vocabulary_texts())
    model = plant(
        tiny_llama(len(tokenizer), hidden=32, layers=2), tokenizer
    )  # an item's new character leaves it as it is
    return save(model, tokenizer, tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def parents(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three models that can be merged, ``base``, ``one`` and ``two``, in folders (read only)."""
    import torch
    from safetensors.torch import load_file, save_file

    found = {"base": tiny_model}
    for seed, name in enumerate(("one", "two")):
        found[name] = Path(shutil.copytree(tiny_model, tmp_path_factory.mktemp("parents") / name))
        generator = torch.Generator().manual_seed(seed)
        state = load_file(tiny_model / "model.safetensors")
        other = {n: t + 0.5 * t.std() * torch.randn(t.shape, generator=generator) for n, t in state.items()}
        save_file(other, found[name] / "model.safetensors", metadata={"format": "pt"})
    return found


@pytest.fixture
def model_copy(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may damage."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Stands where a test would put ``sys.executable``: the libraries are imported already, see ``tests/warm.py``."""
    command, serving = start(tmp_path_factory.mktemp("warm"))
    yield command
    serving.kill()
    serving.wait()


@dataclass
class CliResult:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@cache
def click_command() -> Any:
    """What the command line is made into whenever it is called, here once."""
    from typer.main import get_command

    from jeval.cli import app

    return get_command(app)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., CliResult]:
    """Run ``jeval …`` in this process."""
    from jeval import cli
    from jeval.cli import main

    monkeypatch.setattr(cli, "app", click_command())

    def call(*args: object) -> CliResult:
        monkeypatch.setattr(sys, "argv", ["jeval", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return CliResult(int(ended.value.code or 0), captured.out, captured.err)

    return call
