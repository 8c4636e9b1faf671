"""From numbers to mergekit configurations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.errors import InputError
from jeval.fitness.merge import Merge
from jeval.search.config import Choice, Range, Scalar, checked
from jeval.search.parents import check_parents
from jeval.search.space import Builder, Recipe

METHODS = ["linear", "slerp", "task_arithmetic", "ties", "dare_ties", "della"]


def highest(name: str, of: Range | Choice) -> Scalar:
    return of.choices[-1] if isinstance(of, Choice) else of.high


def built(given: dict[str, Any], draw: Callable[..., Scalar] = highest) -> tuple[Builder, Recipe]:
    config = checked(given)
    builder = Builder(config, check_parents(config))
    return builder, builder.recipe(draw)


def test_a_filter_and_a_range_become_values_of_mergekit(given: dict[str, Any], parents: dict[str, Path]) -> None:
    builder, recipe = built(given)
    assert builder.names() == ["merge_method", "one.weight", "two.weight[mlp]", "one.density"]
    assert recipe["merge_method"] == "ties" and recipe["base_model"] == str(parents["base"])
    assert recipe["models"] == [
        {"model": str(parents["one"]), "parameters": {"weight": 1.2, "density": 1.0}},
        {"model": str(parents["two"]), "parameters": {"weight": [{"filter": "mlp", "value": 1.0}, {"value": 0.5}]}},
    ]


def test_a_method_gets_only_the_parameters_that_it_uses(given: dict[str, Any]) -> None:
    first = built(given, lambda name, of: of.choices[0] if isinstance(of, Choice) else of.low)[1]
    assert first["merge_method"] == "task_arithmetic" and "density" not in first["models"][0]["parameters"]


def test_points_become_a_gradient(changed: Callable[..., dict[str, Any]]) -> None:
    given = changed("space.models.one.weight", {"low": 0.0, "high": 1.2, "points": 3})
    builder, recipe = built(given)
    assert recipe["models"][0]["parameters"]["weight"] == [1.2, 1.2, 1.2]
    assert "one.weight#2" in builder.names()


def test_layer_groups_have_numbers_of_their_own(
    changed: Callable[..., dict[str, Any]], parents: dict[str, Path]
) -> None:
    def draw(name: str, of: Range | Choice) -> Scalar:
        return of.choices[0] if isinstance(of, Choice) else (0.9 if "@1" in name else 0.1)

    recipe = built(changed("space.layer_groups", 2), draw)[1]
    assert [part["sources"][0]["layer_range"] for part in recipe["slices"]] == [[0, 1], [1, 2]]
    assert [part["sources"][0]["parameters"]["weight"] for part in recipe["slices"]] == [0.1, 0.9]
    merged = {name: tensor.clone() for name, tensor in Merge(recipe).tensors()}
    weights = {name: dict(Merge({"merge_method": "linear", "models": [{"model": str(path), "parameters": {"weight": 1}}]}).tensors()) for name, path in parents.items()}  # fmt: skip
    for layer, weight in ((0, 0.1), (1, 0.9)):
        name = f"model.layers.{layer}.self_attn.q_proj.weight"
        base = weights["base"][name]
        expected = base + weight * (weights["one"][name] - base) + 0.5 * (weights["two"][name] - base)
        assert float((merged[name] - expected).abs().max()) < 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_every_method_makes_a_recipe_that_mergekit_takes(method: str, changed: Callable[..., dict[str, Any]]) -> None:
    given = changed("space.merge_method", method)
    if method == "slerp":
        given["space"] |= {"models": {"base": {}, "one": {}}, "parameters": {"t": {"low": 0.0, "high": 1.0}}}
    elif method == "linear" or method == "task_arithmetic":
        given["space"]["models"]["one"].pop("density")
    elif method == "della":
        given["space"]["models"]["one"]["epsilon"] = {"low": 0.01, "high": 0.1}
        given["space"]["models"]["one"]["density"] = 0.5
    for recipe in (built(given)[1], built(given | {"space": given["space"] | {"layer_groups": 2}})[1]):
        assert recipe["merge_method"] == method
        assert len(dict(Merge(recipe).tensors())) > 10


def test_a_stack_repeats_reorders_and_leaves_out(given: dict[str, Any], parents: dict[str, Path]) -> None:
    given["space"] = {
        "merge_method": "passthrough",
        "stack": {"slots": 4, "scale": {"low": 0.5, "high": 1.0}, "models": ["one", "two"]},
    }
    chosen = {"slot0": "two:1", "slot1": "-", "slot2": "one:0", "slot3": "one:0"}
    builder, recipe = built(given, lambda name, of: chosen.get(name, 0.5))
    taken = [(Path(one["sources"][0]["model"]).name, one["sources"][0]["layer_range"]) for one in recipe["slices"]]
    assert taken == [("two", [1, 2]), ("one", [0, 1]), ("one", [0, 1])]
    merged = {name: tensor.clone() for name, tensor in Merge(recipe).tensors()}
    whole = dict(Merge({"merge_method": "linear", "models": [{"model": str(parents["one"]), "parameters": {"weight": 1}}]}).tensors())  # fmt: skip
    half, kept = "model.layers.2.mlp.down_proj.weight", "model.layers.2.mlp.up_proj.weight"
    assert float((merged[half] - 0.5 * whole[half.replace("2", "0")]).abs().max()) < 1e-6
    assert float((merged[kept] - whole[kept.replace("2", "0")]).abs().max()) == 0
    assert "-" not in builder.spaces()["slot0"].choices  # type: ignore[union-attr]


def test_more_groups_than_layers_are_refused(changed: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(InputError, match="3 groups of 2 layers"):
        built(changed("space.layer_groups", 3))
