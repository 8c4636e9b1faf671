"""Mergekit configurations as candidates: merged in place, equal to what mergekit writes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner
from safetensors.torch import load_file

from jeval import Fitness
from jeval.errors import InputError
from jeval.fitness.merge import Merge
from jeval.fitness.weights import weights_digest

pytest.importorskip("mergekit")

TASKS = ["jeval_search_keigo_pairs", "jeval_search_finreg_statement"]
METHODS = ["linear", "slerp", "task_arithmetic", "ties", "dare_ties", "della"]


def recipe(method: str, parents: dict[str, Path], dtype: str = "float32") -> dict[str, Any]:
    """Every method with its parameters, a filter and a gradient."""
    own: dict[str, Any] = {"weight": [{"filter": "mlp", "value": 0.8}, {"value": [0.3, 0.6]}]}
    if method in ("ties", "dare_ties", "della"):
        own["density"] = 0.5
    both = [{"model": str(parents[name]), "parameters": own} for name in ("one", "two")]
    made: dict[str, Any] = {"merge_method": method, "dtype": dtype, "models": both}
    if method == "slerp":
        made |= {
            "base_model": str(parents["one"]),
            "models": [{"model": one["model"]} for one in both],
            "parameters": {"t": 0.4},
        }
    elif method != "linear":
        made["base_model"] = str(parents["base"])
    return made


def stack(parents: dict[str, Path], *layers: tuple[str, int]) -> dict[str, Any]:
    return {
        "merge_method": "passthrough",
        "dtype": "float32",
        "slices": [{"sources": [{"model": str(parents[name]), "layer_range": [n, n + 1]}]} for name, n in layers],
    }


def written(given: dict[str, Any], folder: Path) -> Path:
    """What the command line of mergekit makes of a configuration."""
    file = folder / "recipe.yaml"
    file.write_text(yaml.safe_dump(given))
    from mergekit.scripts.run_yaml import main

    done = CliRunner().invoke(main, [str(file), str(folder / "out"), "--random-seed", "7"])
    assert done.exit_code == 0, done.output
    return folder / "out"


def difference(merge: Merge, folder: Path) -> float:
    """The largest difference of a weight, relative to the largest weight."""
    theirs = {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}
    ours = {name: tensor.clone() for name, tensor in merge.tensors()}
    assert ours.keys() == theirs.keys()
    return max(float((ours[n] - theirs[n]).abs().max() / theirs[n].abs().max().clamp(min=1e-9)) for n in ours)


@pytest.mark.parametrize("method", METHODS)
def test_a_merge_in_memory_is_what_mergekit_yaml_writes(method: str, parents: dict[str, Path], tmp_path: Path) -> None:
    given = recipe(method, parents)
    assert difference(Merge(given, seed=7), written(given, tmp_path)) < 1e-6


def test_a_stack_in_memory_is_what_mergekit_yaml_writes(parents: dict[str, Path], tmp_path: Path) -> None:
    given = stack(parents, ("one", 0), ("two", 0), ("two", 1), ("one", 1))
    merge = Merge(given, seed=7)
    assert merge.config.num_hidden_layers == 4
    assert difference(merge, written(given, tmp_path)) == 0


@pytest.mark.parametrize("method", ["dare_ties", "della"])
def test_random_methods_draw_by_the_seed_whatever_was_drawn_before(method: str, parents: dict[str, Path]) -> None:
    def merged(seed: int) -> dict[str, torch.Tensor]:
        torch.rand(3)
        return {name: tensor.clone() for name, tensor in Merge(recipe(method, parents), seed).tensors()}

    first, again, other = merged(1), merged(1), merged(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.fixture
def fitness(parents: dict[str, Path]) -> Fitness:
    return Fitness(tasks=TASKS, limit=8, resident=parents["base"], device="cpu", results=False)


def test_a_configuration_earns_what_its_merge_on_disk_earns(
    fitness: Fitness, parents: dict[str, Path], tmp_path: Path
) -> None:
    given = recipe("ties", parents)
    file = tmp_path / "ties.yaml"
    file.write_text(yaml.safe_dump(given))
    from mergekit.config import MergeConfiguration

    on_disk = fitness(written(given, tmp_path))
    assert on_disk.error is None
    for one in (given, file, MergeConfiguration.model_validate(given)):
        assert fitness(one) == on_disk


def test_a_stack_of_another_depth_leaves_the_resident_model_as_it_is(
    fitness: Fitness, parents: dict[str, Path], tmp_path: Path
) -> None:
    level = fitness(recipe("linear", parents))
    resident = fitness._lm.model  # type: ignore[union-attr]
    before = weights_digest(resident)
    given = stack(parents, ("one", 0), ("two", 0), ("one", 1))
    deep = fitness(given)
    assert deep.error is None and weights_digest(resident) == before
    assert deep.per_item == fitness(written(given, tmp_path)).per_item
    assert fitness(recipe("linear", parents)) == level


def test_parents_are_not_written_to(fitness: Fitness, parents: dict[str, Path]) -> None:
    before = {name: (path / "model.safetensors").read_bytes() for name, path in parents.items()}
    fitness(recipe("task_arithmetic", parents))
    assert {name: (path / "model.safetensors").read_bytes() for name, path in parents.items()} == before


def test_a_parent_that_was_written_anew_is_read_anew(
    fitness: Fitness, parents: dict[str, Path], tmp_path: Path
) -> None:
    mine = {name: Path(shutil.copytree(path, tmp_path / name)) for name, path in parents.items()}
    first = fitness(recipe("linear", mine))
    shutil.copy(parents["base"] / "model.safetensors", mine["one"] / "model.safetensors")
    assert fitness(recipe("linear", mine)).digest != first.digest


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"merge_method": "tiess"}, "tiess"),
        ({"models": [{"model": "/nowhere/at/all"}]}, "/nowhere/at/all"),
        ({"parameters": {"normalize": "perhaps"}}, "mergekit cannot merge"),
    ],
)
def test_a_configuration_that_cannot_be_merged_is_a_broken_candidate(
    change: dict[str, Any], said: str, fitness: Fitness, parents: dict[str, Path]
) -> None:
    result = fitness(recipe("linear", parents) | change)
    assert result.score == -1 and said in str(result.error)


def test_a_configuration_needs_a_resident_model(parents: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="resident="):
        Fitness(tasks=TASKS, limit=2)(recipe("linear", parents))
