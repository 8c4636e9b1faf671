"""From a genotype (Optuna's numbers) to a recipe: a mergekit configuration of plain values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import InputError
from jeval.search.config import Choice, Filtered, Range, Scalar, SearchConfig, Setting, Stack, method_parameters

if TYPE_CHECKING:
    import optuna

Recipe = dict[str, Any]
Draw = Callable[[str, Range | Choice], Scalar]
"""The number or choice of this name."""

EMPTY = "-"


def draw_with(trial: optuna.Trial) -> Draw:
    """Numbers and choices of an Optuna trial."""

    def draw(name: str, of: Range | Choice) -> Scalar:
        if isinstance(of, Choice):
            found: Scalar = trial.suggest_categorical(name, of.choices)  # type: ignore[assignment]
            return found
        return trial.suggest_float(name, of.low, of.high, log=of.log)

    return draw


class Builder:
    """Builds the recipes of a configuration.

    Args:
        layers: of each parent.

    Raises:
        InputError: parts of the space that these parents do not allow.
    """

    def __init__(self, config: SearchConfig, layers: Mapping[str, int]) -> None:
        self._config, self._layers = config, layers
        space = config.space
        if space.stack is not None:
            self._blocks: list[Scalar] = list(_blocks(space.stack, space.stack.models or list(config.models), layers))
            if len(self._blocks) < 2:
                raise InputError(f"space.stack.block: {space.stack.block} layers are more than the parents have")
        least = min((layers[name] for name in space.models), default=space.layer_groups)
        if space.layer_groups > least:
            raise InputError(
                f"space.layer_groups: {space.layer_groups} groups of {least} layers; expected at most {least}"
            )

    def recipe(self, draw: Draw) -> Recipe:
        """The recipe of one candidate, whose parents stand in it by their folders."""
        made = self._stacked(draw) if self._config.space.stack else self._blended(draw)
        made["dtype"] = self._config.dtype
        if self._config.base_model is not None and made["merge_method"] not in {"linear", "passthrough"}:
            made["base_model"] = self._folder(self._config.base_model)
        if self._config.tokenizer_source is not None:
            source = self._config.tokenizer_source
            made["tokenizer_source"] = self._folder(source) if source in self._config.models else source
        return made

    def names(self) -> list[str]:
        """Names of all numbers and choices, those of every method."""
        return list(self.spaces())

    def spaces(self) -> dict[str, Range | Choice]:
        """What each number or choice may be, by its name."""
        found: dict[str, Range | Choice] = {}
        for method in self._config.space.methods:

            def note(name: str, of: Range | Choice, method: str = method) -> Scalar:
                found[name] = of
                if name == "merge_method":
                    return method
                return of.choices[0] if isinstance(of, Choice) else of.low

            self.recipe(note)
        return found

    def _folder(self, name: str) -> str:
        return str(Path(self._config.models[name]).absolute())

    def _blended(self, draw: Draw) -> Recipe:
        space = self._config.space
        method = space.methods[0]
        if len(space.methods) > 1:
            method = str(draw("merge_method", Choice(choices=list(space.methods))))
        shared, own = method_parameters([method])
        known = {
            "": {key: value for key, value in space.parameters.items() if key in shared},
            **{name: {k: v for k, v in part.items() if k in own} for name, part in space.models.items()},
        }
        if space.layer_groups == 1:
            return {
                "merge_method": method,
                "models": [
                    {"model": self._folder(name), **self._set(known[name], name, "", draw)} for name in space.models
                ],
                **self._set(known[""], "", "", draw),
            }
        base = None if method == "linear" else self._config.base_model
        return {"merge_method": method, "slices": [*self._groups(known, base, draw)]}

    def _groups(self, known: Mapping[str, Mapping[str, Setting]], base: str | None, draw: Draw) -> Iterator[Recipe]:
        """One slice of mergekit's a group of layers."""
        space = self._config.space
        depth = {name: self._layers[name] for name in space.models}
        for group in range(space.layer_groups):
            mark = f"@{group}"
            sources = [
                {
                    "model": self._folder(name),
                    "layer_range": [count * group // space.layer_groups, count * (group + 1) // space.layer_groups],
                    **self._set(known[name], name, mark, draw),
                }
                for name, count in depth.items()
            ]
            if base is not None and base not in space.models:
                sources.append({"model": self._folder(base), "layer_range": sources[0]["layer_range"]})
            yield {"sources": sources, **self._set(known[""], "", mark, draw)}

    def _set(self, settings: Mapping[str, Setting], owner: str, mark: str, draw: Draw) -> Recipe:
        """``parameters`` of one parent, or (``owner`` "") of all, with values."""
        found = {
            key: _valued(setting, f"{owner}.{key}" if owner else key, mark, draw) for key, setting in settings.items()
        }
        return {"parameters": found} if found else {}

    def _stacked(self, draw: Draw) -> Recipe:
        stack = self._config.space.stack
        assert stack is not None
        slices = []
        for slot in range(stack.slots):
            ends = slot in (0, stack.slots - 1)
            chosen = str(draw(f"slot{slot}", Choice(choices=self._blocks if ends else [EMPTY, *self._blocks])))
            if chosen == EMPTY:
                continue
            name, _, first = chosen.rpartition(":")
            source: Recipe = {"model": self._folder(name), "layer_range": [int(first), int(first) + stack.block]}
            if stack.scale is not None:
                scale = _valued(stack.scale, "scale", f"@{slot}", draw)
                source["parameters"] = {"scale": scale if isinstance(scale, list) else _outputs(scale)}
            slices.append({"sources": [source]})
        return {"merge_method": "passthrough", "slices": slices}


def _outputs(scale: Scalar) -> list[Recipe]:
    """A scale of what a layer adds: of its two output projections alone."""
    return [{"filter": "o_proj", "value": scale}, {"filter": "down_proj", "value": scale}, {"value": 1.0}]


def _blocks(stack: Stack, models: list[str], layers: Mapping[str, int]) -> Iterator[str]:
    for name in models:
        for first in range(0, layers[name] - stack.block + 1, stack.block):
            yield f"{name}:{first}"


def _valued(setting: Setting, name: str, mark: str, draw: Draw) -> Any:
    """A setting of the space as mergekit takes it, its ranges drawn. Choices are drawn once for all groups of layers."""
    if isinstance(setting, list) and any(isinstance(one, Filtered) for one in setting):
        return [
            {
                **({"filter": one.filter} if one.filter else {}),
                "value": _valued(one.value, f"{name}[{one.filter}]" if one.filter else name, mark, draw),
            }
            for one in setting
            if isinstance(one, Filtered)
        ]
    if isinstance(setting, Choice):
        return draw(name, setting)
    if isinstance(setting, Range):
        if setting.points == 1:
            return draw(f"{name}{mark}", setting)
        return [draw(f"{name}{mark}#{point}", setting) for point in range(setting.points)]
    return setting


def recipe_yaml(recipe: Recipe, seed: int) -> str:
    """A recipe as the file that ``mergekit-yaml`` takes."""
    import yaml

    head = f"# mergekit-yaml recipe.yaml OUT --random-seed {seed}\n"
    return head + yaml.safe_dump(json.loads(json.dumps(recipe)), allow_unicode=True, sort_keys=False)
