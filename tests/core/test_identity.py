"""A path is not an identity: the digests follow the bytes, and answers follow the digests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from safetensors.torch import load_file, save_file

from jeval.models import cache
from jeval.models.cache import AnswerStore, StoredLM
from jeval.models.identity import identify
from jeval.models.source import resolve


def test_a_remerge_into_the_same_folder_is_another_model(model_copy: Path) -> None:
    before = identify(resolve(model_copy))
    weights = load_file(model_copy / "model.safetensors")
    weights["model.norm.weight"][0] += 1e-3
    save_file(weights, model_copy / "model.safetensors", {"format": "pt"})
    after = identify(resolve(model_copy))
    assert before.weights != after.weights
    assert before.digest != after.digest
    assert (before.tokenizer, before.config) == (after.tokenizer, after.config)


def test_the_same_bytes_elsewhere_are_the_same_model(tiny_model: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_model, tmp_path / "another-name")
    assert identify(resolve(tiny_model)).digest == identify(resolve(copy)).digest


def test_a_chat_template_is_part_of_the_identity(model_copy: Path) -> None:
    before = identify(resolve(model_copy))
    (model_copy / "chat_template.jinja").write_text("{{ messages[0].content }}")
    after = identify(resolve(model_copy))
    assert before.chat_template is None
    assert after.chat_template is not None
    assert before.digest != after.digest


class CountingLM(LM):
    """Answers with the length of the continuation and counts what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        self.asked += [request.args for request in requests]
        return [(-float(len(request.args[1])), False) for request in requests]

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        return [-1.0 for _ in requests]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        return [request.args[0][::-1] for request in requests]


def requests_of(*pairs: tuple[str, str]) -> list[Instance]:
    return [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]


def test_two_models_never_share_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    one, two = AnswerStore(path, {"model": "1"}), AnswerStore(path, {"model": "2"})
    one.put_many("loglikelihood", [(("x", "y"), (-1.0, True))])
    assert one.get_many("loglikelihood", [("x", "y")]) == [(-1.0, True)]
    assert two.get_many("loglikelihood", [("x", "y")]) == [None]
    assert one.get_many("generate_until", [("x", "y")]) == [None]


def test_generation_settings_are_part_of_the_key(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.sqlite", {"model": "1"})
    store.put_many("generate_until", [(("x", {"until": ["。"], "max_gen_toks": 8}), "あ")])
    assert store.get_many("generate_until", [("x", {"max_gen_toks": 8, "until": ["。"]})]) == ["あ"]
    assert store.get_many("generate_until", [("x", {"max_gen_toks": 9, "until": ["。"]})]) == [None]


def test_stored_answers_survive_reopening_exactly(tmp_path: Path) -> None:
    path, value = tmp_path / "a.sqlite", -12.345678901234567
    store = AnswerStore(path, {"model": "1"})
    store.put_many("loglikelihood", [(("文脈", "続き\ud800"), (value, False))])
    store.close()
    assert AnswerStore(path, {"model": "1"}).get_many("loglikelihood", [("文脈", "続き\ud800")]) == [(value, False)]


def test_only_unfinished_chunks_are_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "CHUNK", 4)
    pairs = [(f"c{i}", "z" * i) for i in range(10)]
    store = AnswerStore(tmp_path / "a.sqlite", {"model": "1"})
    first = CountingLM()
    StoredLM(first, store).loglikelihood(requests_of(*pairs[:4]))
    second = CountingLM()
    answers = StoredLM(second, store).loglikelihood(requests_of(*pairs))
    assert second.asked == pairs[4:]
    assert answers == [(-float(i), False) for i in range(10)]


def test_the_cache_file_is_private(tmp_path: Path) -> None:
    AnswerStore(tmp_path / "deep" / "a.sqlite", {})
    assert (tmp_path / "deep" / "a.sqlite").stat().st_mode & 0o077 == 0
