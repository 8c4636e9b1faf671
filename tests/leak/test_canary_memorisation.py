"""Exposure proves memorisation: tiny models trained with planted canaries, and one without."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import pytest

from jeval.leak.canary import CanaryFile, dump, make, planting_lines
from jeval.leak.exposure import EXPECTED_CONTROL, compare, expected_control, exposure, extraction_p

REPEATS = (1, 4, 16, 64)


@pytest.fixture(scope="module")
def canaries() -> CanaryFile:
    return make(["account"], 24, REPEATS, seed=7, candidates=63)


def _train(file: CanaryFile, plant: bool) -> tuple[Any, Any]:
    import torch

    from jeval.demo.corpus import base_sentences
    from jeval.demo.model import char_tokenizer, tiny_llama
    from jeval.demo.train import train

    torch.set_num_threads(1)
    foreign = make(["account"], 64, [1], seed=99)
    filler = [*base_sentences(0, 300), *(c.sentence for c in foreign.canaries)]
    tokenizer = char_tokenizer([*filler, *(c.sentence for c in file.canaries)])
    model = tiny_llama(len(tokenizer), hidden=64, layers=2, context=128)
    train(model, tokenizer, [*filler, *(planting_lines(file) if plant else [])], steps=400 if plant else 60, batch=32)
    return model, tokenizer


def _evaluate(model: Any, tokenizer: Any, file: CanaryFile, folder: Path) -> dict[str, list[dict[str, Any]]]:
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from jeval.resources import tasks_path

    path = folder / "canaries.json"
    path.write_text(dump(file), encoding="utf-8")
    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False, metadata={"canaries": str(path)})
    loaded: Any = manager.load(["jeval_leak_canary", "jeval_leak_canary_extract"])
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=64)
    result: Any = evaluate(lm=lm, task_dict=dict(loaded), bootstrap_iters=0)
    return dict(result["samples"])


@pytest.fixture(scope="module")
def planted(canaries: CanaryFile, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return _evaluate(*_train(canaries, True), canaries, tmp_path_factory.mktemp("planted"))


def _bits(samples: dict[str, list[dict[str, Any]]], repeat: int | None = None) -> list[float]:
    return [
        s["exposure"]
        for s in samples["jeval_leak_canary"]
        if (s["doc"]["planted"] if repeat is None else s["doc"]["repeat"] == repeat)
    ]


def test_exposure_rises_with_repetition(planted: dict[str, list[dict[str, Any]]]) -> None:
    means = [statistics.mean(_bits(planted, repeat)) for repeat in REPEATS]
    assert means[-1] > 5, means  # of 6 bits that 63 others can show
    assert means == sorted(means), means
    assert means[-1] > means[0] + 1, means


def test_controls_stay_at_their_expected_exposure(planted: dict[str, list[dict[str, Any]]]) -> None:
    controls = _bits(planted, 0)
    error = EXPECTED_CONTROL / math.sqrt(
        len(controls)
    )  # a uniform rank's exposure is exponential: its deviation is its mean
    assert abs(statistics.mean(controls) - expected_control(63)) < 3 * error


def test_the_comparison_finds_what_was_planted(planted: dict[str, list[dict[str, Any]]]) -> None:
    found = compare(_bits(planted), _bits(planted, 0))
    assert found.memorised
    assert found.low > 0


def test_what_was_planted_often_is_extracted_and_controls_are_not(planted: dict[str, list[dict[str, Any]]]) -> None:
    rows = [s for s in planted["jeval_leak_canary_extract"] if s["doc"]["start"] == "full"]
    often = [s["extracted"] for s in rows if s["doc"]["repeat"] == 64]
    assert sum(often) >= len(often) / 2
    assert not any(s["extracted"] for s in rows if not s["doc"]["planted"])
    assert all("score" not in s or s["doc"]["planted"] for s in rows)


def test_a_clean_model_shows_no_difference(canaries: CanaryFile, tmp_path: Path) -> None:
    samples = _evaluate(*_train(canaries, False), canaries, tmp_path)
    found = compare(_bits(samples), _bits(samples, 0))
    assert found.p > 0.01
    assert abs(found.planted - expected_control(63)) < 1
    assert found.low < 0.2


@pytest.mark.parametrize(("rank", "bits"), [(1, 3.0), (2, 2.0), (4, 1.0), (8, 0.0)])
def test_exposure_is_the_definition(rank: int, bits: float) -> None:
    others = [1.0] * (rank - 1) + [-1.0] * (8 - rank)
    found = exposure(0.0, others)
    assert found.exact
    assert (found.bits, found.low, found.high, found.rank) == (bits, bits, bits, rank)


def test_a_tie_never_counts_as_known() -> None:
    assert exposure(0.0, [0.0] * 15).bits == 0.0


def test_a_sample_says_its_error_and_its_ceiling() -> None:
    found = exposure(0.0, [-1.0] * 511, space=10**11)
    assert found.bits == 9.0 == found.ceiling
    assert not found.exact
    assert found.high == pytest.approx(math.log2(10**11))
    assert found.low == pytest.approx(-math.log2(1 - 0.025 ** (1 / 511)))
    middle = exposure(0.0, [1.0] * 256 + [-1.0] * 255, space=10**7)
    assert middle.low < middle.bits < middle.high < 1.2


def test_the_expected_exposure_of_a_control_is_1_44_bits_in_a_large_space() -> None:
    assert pytest.approx(1.4427, abs=1e-3) == EXPECTED_CONTROL
    assert expected_control(10**6) == pytest.approx(EXPECTED_CONTROL, abs=1e-3)
    assert expected_control(1) == pytest.approx(0.5)


def test_a_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        exposure(float("nan"), [0.0])


def test_small_comparisons_count_every_division() -> None:
    found = compare([5.0, 6.0, 7.0], [1.0, 2.0, 3.0])
    assert found.exact
    assert found.p == pytest.approx(1 / 20)


def test_extraction_is_compared_by_fishers_exact_test() -> None:
    assert extraction_p((3, 3), (0, 3)) == pytest.approx(1 / 20)
    assert extraction_p((0, 5), (0, 5)) == 1.0
