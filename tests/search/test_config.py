"""What a configuration may say, and what is said of one that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from jeval.errors import InputError
from jeval.search.command import example_text, hosts_of
from jeval.search.config import checked, read_config
from jeval.search.space import Builder

WRONG = [
    ("merge_methud", {}, "'merge_methud' is not known here"),
    ("space.merge_method", "tiess", "did you mean ties"),
    ("space.merge_method", ["ties", "ties"], "each once"),
    ("space.parameters", {"lamda": 1.0}, "did you mean lambda"),
    ("space.models.one.wieght", 1.0, "models.one.wieght is no parameter of task_arithmetic/ties for a parent; did you mean weight"),
    ("space.models.three", {"weight": 1.0}, "'three', which is no parent"),
    ("space.models.one.weight", {"low": 1.0, "high": 0.0}, "low 1 is not below high 0"),
    ("space.models.one.weight", {"low": 0.0, "hihg": 1.0}, "space.models.one.weight: 'hihg' is not known here; did you mean high"),
    ("space.models.one.weight", {"low": "a", "high": 1.0}, "space.models.one.weight.low: "),
    ("space.models.one.weight", {"low": 0, "high": 1, "log": True}, "log needs a low above 0"),
    ("space.models.one.weight", [{"filtre": "mlp", "value": 1}], "did you mean filter"),
    ("space.layer_groups", 0, "space.layer_groups: "),
    ("space.stack", {"slots": 3}, "stack and merge_method: passthrough go together"),
    ("budget", {}, "budget.candidates: Field required"),
    ("budget.candidates", 0, "budget.candidates: "),
    ("base_model", "bse", "did you mean base"),
    ("base_model", None, "needs one of the parents"),
    ("fitness.reference", "baze", "did you mean base"),
    ("fitness.wieghts", {}, "did you mean weights"),
    ("objectives", ["keigo"], "at least two domains"),
    ("sampler.name", "cma", "sampler.name: "),
    ("models", {}, "models: "),
    ("models", {"a/b": "x"}, "expected a name of letters"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "said"), WRONG, ids=[f"{path}={value}" for path, value, _ in WRONG])
def test_what_is_wrong_is_named_by_its_path_with_what_is_near(
    path: str, value: Any, said: str, changed: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(InputError) as refused:
        checked(changed(path, value))
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_several_objectives_take_neither_race_nor_cmaes(changed: Callable[..., dict[str, Any]]) -> None:
    given = changed("objectives", ["keigo", "finreg"])
    checked(given)
    with pytest.raises(InputError, match="a race has one finish"):
        checked(given | {"fitness": {"race": 0.05}})
    with pytest.raises(InputError, match="cmaes has one objective"):
        checked(given | {"sampler": {"name": "cmaes"}})


def test_the_example_is_a_configuration(tmp_path: Path, parents: dict[str, Path]) -> None:
    file = tmp_path / "search.yaml"
    file.write_text(example_text(), encoding="utf-8")
    config = read_config(file)
    assert config.models["base"] == tmp_path / "models" / "base"
    builder = Builder(config, dict.fromkeys(config.models, 4))
    assert set(config.start[0]) <= set(builder.names())


def test_the_command_prints_the_example(cli: Any) -> None:
    printed = cli("search", "--example")
    assert printed.code == 0 and yaml.safe_load(printed.out) == yaml.safe_load(example_text())


def test_only_the_host_of_the_storage_may_be_reached(changed: Callable[..., dict[str, Any]]) -> None:
    assert hosts_of(checked(changed("storage", "postgresql://user:secret@db.example:5432/x"))) == ["db.example"]
    assert hosts_of(checked(changed("storage", None))) == []
    assert hosts_of(checked(changed("storage", "sqlite:////tmp/x.sqlite"))) == []
