"""Bad input ends with one line and exit code 2, and nothing that was told is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

from jeval.audit.lock import locked
from jeval.demo.model import char_tokenizer, save, tiny_llama
from jeval.search.config import checked
from jeval.search.run import search

Given = dict[str, Any]


@pytest.fixture
def refused(cli: Any, tmp_path: Path) -> Callable[..., str]:
    """What ``jeval search`` says of a configuration that it does not take."""

    def run(given: Given, out: Path | None = None) -> str:
        file = tmp_path / "search.yaml"
        file.write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
        ended = cli("search", file, "--out", out or tmp_path / "out")
        assert ended.code == 2, ended.err
        said: str = ended.err.strip().split("\n")[-1]
        assert said.startswith("jeval: ") and "fault of jeval" not in said
        return said

    return run


def test_a_parent_that_is_missing(changed: Callable[..., Given], refused: Callable[..., str], tmp_path: Path) -> None:
    assert f"models.one: there is no folder {tmp_path / 'no'}" in refused(changed("models.one", str(tmp_path / "no")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model_type", "mistral", "architecture 'mistral', not 'llama'"),
        ("intermediate_size", 12, "intermediate_size 12, not 96"),
        ("vocab_size", 7, "vocab_size 7, not"),
    ],
)
def test_parents_of_another_architecture(
    key: str, value: Any, said: str, changed: Callable[..., Given], refused: Callable[..., str], parents: dict[str, Path], tmp_path: Path
) -> None:  # fmt: skip
    other = Path(shutil.copytree(parents["one"], tmp_path / "other"))
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {key: value}))
    found = refused(changed("models.one", str(other)))
    assert said in found and ("tokenizer_source" in found) == (key == "vocab_size")


@pytest.fixture
def foreign(parents: dict[str, Path], tmp_path: Path) -> Path:
    """A model of the same architecture and size of vocabulary, with other tokens."""
    from transformers import AutoTokenizer

    size = len(AutoTokenizer.from_pretrained(parents["base"]))
    tokenizer = char_tokenizer([chr(0x4E00 + number) for number in range(size - 4)])
    return save(tiny_llama(len(tokenizer), hidden=32, layers=2, seed=5), tokenizer, tmp_path / "foreign")


def test_parents_of_another_tokenizer(
    changed: Callable[..., Given], refused: Callable[..., str], foreign: Path
) -> None:
    said = refused(changed("models.one", str(foreign)))
    assert (
        "another tokenizer than models.base" in said
        and "tokens only it has" in said
        and "tokenizer_source: union" in said
    )


def test_tokenizer_source_changes_that(given: Given, foreign: Path, tmp_path: Path) -> None:
    given["models"]["one"] = str(foreign)
    given |= {"tokenizer_source": "union", "budget": {"candidates": 2}}
    ending = search(checked(given), tmp_path / "out", silent=True)
    assert ending.count.broken == 0 and ending.best is not None and ending.same


def test_a_constraint_on_an_unknown_task(changed: Callable[..., Given], refused: Callable[..., str]) -> None:
    said = refused(changed("fitness.constraints", {"jeval_search_keigo_pair": 0.5}))
    assert "did you mean jeval_search_keigo_pairs" in said


def test_an_unknown_domain_as_objective(changed: Callable[..., Given], refused: Callable[..., str]) -> None:
    assert "'keigoo' is no domain" in refused(changed("objectives", ["keigoo", "finreg"]))


def test_a_folder_that_another_search_writes_into(given: Given, refused: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    search(checked(given), out, silent=True)
    with locked(out):
        assert "another run is writing here" in refused(given, out)


def test_a_folder_of_another_search_or_of_something_else(
    given: Given, changed: Callable[..., Given], refused: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    search(checked(given), out, silent=True)
    before = (out / "study.sqlite").read_bytes()
    assert "a search of another configuration" in refused(changed("seed", 1), out)
    assert (out / "study.sqlite").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("important")
    assert "something else than a search" in refused(given, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_storage_that_is_none(given: Given, refused: Callable[..., str]) -> None:
    assert "cannot be used" in refused(given | {"storage": "nosuchdb://user:secret@host/x"})
    assert "secret" not in refused(given | {"storage": "nosuchdb://user:secret@host/x"})


def test_a_storage_whose_study_is_of_others(given: Given, refused: Callable[..., str], tmp_path: Path) -> None:
    from jeval.search.study import config_digest

    url = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    given |= {"storage": url}
    theirs = optuna.create_study(storage=url, study_name=f"jeval-{config_digest(checked(given))[:16]}")
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    assert "a study of another search" in refused(given)
    assert len(theirs.get_trials()) == 1


def test_a_study_is_shared_by_two_folders(given: Given, tmp_path: Path) -> None:
    given |= {"storage": f"sqlite:///{tmp_path / 'shared.sqlite'}", "budget": {"candidates": 3}}
    search(checked(given), tmp_path / "a", silent=True)
    given["budget"] = {"candidates": 5}
    ending = search(checked(given), tmp_path / "b", silent=True)
    assert len(ending.history) == 5


def test_a_full_disk_loses_nothing_that_was_told(given: Given, tmp_path: Path, warm: list[str]) -> None:
    """Files may not grow beyond a limit that the study reaches after some candidates."""
    given["budget"]["candidates"] = 40
    file, out = tmp_path / "search.yaml", tmp_path / "out"
    file.write_text(yaml.safe_dump(given, sort_keys=False))
    code = textwrap.dedent(
        """
        import resource, signal, sys
        from jeval.search import run
        from jeval.search.study import Study
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        tell = Study.tell
        def limited(self, trial, result):
            tell(self, trial, result)
            if len(self.told) == 3:
                resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        Study.tell = limited
        from jeval.cli import main
        main()
        """
    )
    ended = subprocess.run(
        [*warm, "-c", code, "search", str(file), "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    last = ended.stderr.strip().split("\n")[-1]
    assert ended.returncode == 2 and "What was told is kept" in last, ended.stderr[-2000:]
    given["budget"]["candidates"] = 4
    assert len(search(checked(given), out, silent=True).history) == 4
