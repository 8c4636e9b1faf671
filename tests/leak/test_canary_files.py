"""Canary and corpus files: what is made, what is refused, and how the command speaks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jeval.errors import InputError
from jeval.leak import canary as canaries
from jeval.leak.checks import my_number

Cli = Callable[..., Any]


@given(
    seed=st.integers(0, 2**32), count=st.integers(1, 12), repeats=st.lists(st.integers(1, 64), min_size=1, max_size=4)
)
@settings(max_examples=25, deadline=None)
def test_what_is_made_can_be_read_back(
    seed: int, count: int, repeats: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = canaries.make(canaries.KINDS, count, repeats, seed)
    path = tmp_path_factory.mktemp("c") / "canaries.json"
    path.write_text(canaries.dump(file), encoding="utf-8")
    assert canaries.load(path) == file
    assert canaries.load(path.parent) == file
    for kind in canaries.KINDS:
        of_kind = [c for c in file.canaries if c.kind == kind]
        assert sum(c.planted for c in of_kind) == count == sum(not c.planted for c in of_kind)


def test_check_digits_are_right_and_the_seed_decides() -> None:
    file = canaries.make(["my_number"], 40, [1], 3)
    assert all(my_number(c.value) for c in file.canaries)
    assert file == canaries.make(["my_number"], 40, [1], 3)
    assert file != canaries.make(["my_number"], 40, [1], 4)


def test_the_text_to_plant_holds_each_canary_as_often_as_it_says_and_no_control() -> None:
    file = canaries.make(canaries.KINDS, 6, [1, 4, 16], 0)
    lines = Counter(canaries.planting_lines(file))
    for item in file.canaries:
        assert lines[item.sentence] == item.repeat
    whole = "\n".join(lines)
    assert not any(c.value in whole for c in file.canaries if not c.planted)


def test_planted_and_controls_share_sentences_and_repetitions_do_not_follow_the_sentence() -> None:
    file = canaries.make(["account"], 18, [1, 4, 16], 0)
    frames = {(c.repeat, c.suffix) for c in file.canaries if c.planted}
    assert len({suffix for repeat, suffix in frames if repeat == 1}) == 3
    assert Counter(c.suffix for c in file.canaries if c.planted) == Counter(
        c.suffix for c in file.canaries if not c.planted
    )


@pytest.mark.parametrize("kind", canaries.KINDS)
def test_candidates_are_of_the_same_kind_distinct_and_without_the_canary(kind: str) -> None:
    file = canaries.make([kind], 2, [1], 5)
    values, exact = canaries.candidates(file.canaries[0], 200, file.seed)
    assert len(set(values)) == len(values) == 200
    assert not exact
    assert file.canaries[0].value not in values
    assert values == canaries.candidates(file.canaries[0], 200, file.seed)[0]
    if kind == "my_number":
        assert all(map(my_number, values))


def test_a_small_space_is_ranked_exactly() -> None:
    file = canaries.make(["name"], 2, [1], 5)
    values, exact = canaries.candidates(file.canaries[0], canaries.space("name") - 1, file.seed)
    assert exact
    assert len(values) == canaries.space("name") - 1


def _broken(change: Callable[[dict[str, Any]], Any]) -> str:
    content = json.loads(canaries.dump(canaries.make(["my_number", "account"], 3, [1, 4], 1)))
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda c: c.update(version=2), "version 2"),
        (lambda c: c.update(schema="other"), "no canary file"),
        (lambda c: c["canaries"].append(c["canaries"][0]), "repeats the id"),
        (lambda c: c["canaries"].append({**c["canaries"][0], "id": "x"}), "repeats the sentence"),
        (lambda c: c["canaries"].append({**c["canaries"][0], "id": "x", "prefix": "別の番号は"}), "repeats the value"),
        (lambda c: c["canaries"][0].update(value="123456789012"), "check digit"),
        (lambda c: c["canaries"][0].update(value=123456789018), "expected str"),
        (lambda c: c["canaries"][0].update(repeat=-1), "repeat 0 or more"),
        (lambda c: c["canaries"][0].pop("suffix"), "exactly the fields"),
        (lambda c: c.update(canaries=[]), "planted canaries and controls"),
        (lambda c: c.update(canaries=c["canaries"][:3]), "planted canaries and controls"),
        (lambda c: c.update(seed="x"), "seed"),
    ],
)
def test_a_broken_canary_file_is_refused_in_one_line(
    change: Callable[[dict[str, Any]], Any], word: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    path.write_text(_broken(change), encoding="utf-8")
    with pytest.raises(InputError, match=word) as caught:
        canaries.load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", ["", "not json", "[]", "3"])
def test_a_file_that_is_no_canary_file_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="canary"):
        canaries.load(path)


def test_the_command_writes_canaries_and_text_and_never_overwrites(cli: Cli, tmp_path: Path) -> None:
    args = ("canary", "make", "--kind", "my_number,free", "--count", 4, "--repeat", "1,16", "--seed", 2)
    for out in (tmp_path / "folder", tmp_path / "single.json"):
        result = cli(*args, "--out", out, "--json")
        assert result.code == 0, result.err
        assert result.json["planted"] == 8 == result.json["controls"]
        assert canaries.load(result.json["canaries"]).seed == 2
        lines = Path(result.json["plant"]).read_text(encoding="utf-8").splitlines()
        assert len(lines) == result.json["lines"] == 2 * (2 + 32)
        again = cli(*args, "--out", out)
        assert again.code == 2
        assert "must not be overwritten" in again.err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--kind", "passport"), ("--count", "0"), ("--repeat", "0,1"), ("--repeat", "many"), ("--candidates", "1")],
)
def test_bad_options_of_the_command_end_with_code_2(cli: Cli, option: str, value: str, tmp_path: Path) -> None:
    result = cli("canary", "make", option, value, "--out", tmp_path / "x")
    assert result.code == 2
    assert option in result.err
    assert not (tmp_path / "x").exists()


def test_run_refuses_a_bad_canary_file_and_an_empty_corpus(cli: Cli, tiny_model: Path, tmp_path: Path) -> None:
    bad = tmp_path / "c.json"
    bad.write_text(_broken(lambda c: c.update(version=9)), encoding="utf-8")
    empty = tmp_path / "corpus.jsonl"
    empty.write_text("\n", encoding="utf-8")
    for option, path, word in (("--canaries", bad, "version 9"), ("--corpus", empty, "empty")):
        result = cli("run", "--model", tiny_model, "--device", "cpu", "--out", tmp_path / "out", option, path)
        assert result.code == 2, result.err
        assert word in result.err.strip().splitlines()[-1]
