"""The configuration of a search: mergekit's own words, with ranges where mergekit has values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, field_validator, model_validator

from jeval.errors import InputError
from jeval.reading import read_yaml
from jeval.suggest import near

METHODS = ("linear", "slerp", "task_arithmetic", "ties", "dare_ties", "della", "passthrough")
_NAME = re.compile(r"\w[\w.-]{0,63}")

#: Parameters that mergekit lists for a method which has no use for them.
_IDLE = {"task_arithmetic": frozenset({"density", "rescale", "int8_mask"})}

Scalar = bool | int | float | str


class Part(BaseModel):
    """A mapping of the configuration. Keys that it does not know are refused with the near ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        for key in given if isinstance(given, Mapping) else ():
            if key not in cls.model_fields:
                raise ValueError(f"{key!r} is not known here; {near(str(key), cls.model_fields)}")
        return given


class Range(Part):
    """Numbers from ``low`` to ``high``.

    Attributes:
        log: sample the logarithm.
        points: so many numbers, between which mergekit goes from the first layer to the last (its gradient).
    """

    low: float
    high: float
    log: bool = False
    points: int = Field(default=1, ge=1, le=64)

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs a low above 0, not {self.low:g}")
        return self


class Choice(Part):
    """One of these values."""

    choices: list[Scalar] = Field(min_length=2)


def _kind(given: Any) -> str:
    if isinstance(given, Choice) or (isinstance(given, Mapping) and "choices" in given):
        return "~choice"
    if isinstance(given, (Range, Mapping)):
        return "~range"
    return "~gradient" if isinstance(given, list) else "~value"


Value = Annotated[
    Annotated[Range, Tag("~range")]
    | Annotated[Choice, Tag("~choice")]
    | Annotated[list[Scalar], Tag("~gradient")]
    | Annotated[Scalar, Tag("~value")],
    Discriminator(_kind),
]


class Filtered(Part):
    """The value of the tensors whose name holds ``filter``; without one of all others."""

    value: Value
    filter: str | None = None


def _plural(given: Any) -> str:
    return "~filters" if isinstance(given, list) and given and isinstance(given[0], (Mapping, Filtered)) else "~one"


Setting = Annotated[
    Annotated[list[Filtered], Tag("~filters")] | Annotated[Value, Tag("~one")],
    Discriminator(_plural),
]


class Stack(Part):
    """Layers of the parents one upon the other (data flow): each of ``slots`` places holds a block of any parent, or nothing.

    Attributes:
        slots: places, the lowest first. The first and the last are never empty.
        block: layers of a block. Blocks begin at each multiple of it.
        models: parents whose layers may be taken; default: all.
        scale: what a block's output projections are multiplied by, mergekit's ``scale``; with a range each slot has its own.
    """

    slots: int = Field(ge=2, le=512)
    block: int = Field(default=1, ge=1)
    models: list[str] | None = None
    scale: Setting | None = None


class Space(Part):
    """What candidates are made of.

    Attributes:
        merge_method: one of mergekit's, or a list of which a candidate has one.
        parameters: of the method (``t``, ``lambda``, ``normalize`` …).
        models: parent → its parameters (``weight``, ``density``, ``epsilon``); parents not named here take no part.
        layer_groups: cut the layers into so many groups of equal size; each has its own numbers from each range.
        stack: of ``passthrough``, instead of ``parameters`` and ``models``.
    """

    merge_method: str | list[str]
    parameters: dict[str, Setting] = Field(default_factory=dict)
    models: dict[str, dict[str, Setting]] = Field(default_factory=dict)
    layer_groups: int = Field(default=1, ge=1, le=512)
    stack: Stack | None = None

    @field_validator("merge_method")
    @classmethod
    def _methods(cls, given: str | list[str]) -> str | list[str]:
        for name in [given] if isinstance(given, str) else given:
            if name not in METHODS:
                raise ValueError(
                    f"{name!r} is no method that a search takes; {near(name, METHODS, limit=len(METHODS))}"
                )
        if not given or (not isinstance(given, str) and len(set(given)) < len(given)):
            raise ValueError("expected at least one method, each once")
        return given

    @property
    def methods(self) -> list[str]:
        return [self.merge_method] if isinstance(self.merge_method, str) else list(self.merge_method)

    @model_validator(mode="after")
    def _whole(self) -> Space:
        if (self.stack is not None) != ("passthrough" in self.methods) or (self.stack and len(self.methods) > 1):
            raise ValueError("stack and merge_method: passthrough go together, and with no other method")
        if self.stack is not None:
            if self.models or self.parameters or self.layer_groups > 1:
                raise ValueError("a stack takes neither models, parameters nor layer_groups")
            return self
        if not self.models:
            raise ValueError("models: name the parents that take part, and the parameters of each")
        if "slerp" in self.methods and len(self.models) != 2:
            raise ValueError(f"slerp goes between two parents; models names {len(self.models)}")
        self._check_parameters()
        return self

    def _check_parameters(self) -> None:
        shared, own = method_parameters(self.methods)
        for name in self.parameters:
            if name not in shared:
                raise ValueError(f"parameters.{name} is no parameter of {'/'.join(self.methods)}; {near(name, shared)}")
        for model, settings in self.models.items():
            for name in settings:
                if name not in own:
                    raise ValueError(
                        f"models.{model}.{name} is no parameter of {'/'.join(self.methods)} for a parent; {near(name, own)}"
                    )


def method_parameters(methods: list[str]) -> tuple[set[str], set[str]]:
    """Names of the parameters that any of these methods takes for all parents together, and for each.

    mergekit looks a parent's parameter up among the shared ones too, so these may name both.
    """
    from jeval.fitness.merge import mergekit

    shared: set[str] = set()
    own: set[str] = set()
    with mergekit():
        from mergekit.merge_methods.registry import get

        for method in methods:
            spec, idle = get(method).spec, _IDLE.get(method, frozenset())
            own |= {one.name for one in spec.input_parameters} - idle
            shared |= {one.name for one in (*spec.shared_parameters, *spec.input_parameters)} - idle
    return shared, own


class FitnessPart(Part):
    """What is handed to :class:`jeval.Fitness` as it stands; ``reference`` names a parent."""

    tasks: list[str] | None = None
    weights: dict[str, float] | None = None
    constraints: dict[str, float] = Field(default_factory=dict)
    reference: str | None = None
    limit: int | None = Field(default=None, ge=1)
    chance_adjusted: bool = False
    race: float | None = Field(default=None, gt=0, lt=1)
    gain: float = Field(default=0.0, ge=0, lt=1)
    device: str | None = None
    dtype: str | None = None
    batch_size: str = "32"


class Sampler(Part):
    """How Optuna draws. ``startup``: candidates drawn at random first (tpe); ``population``: of a generation (nsgaii, cmaes)."""

    name: Literal["tpe", "cmaes", "nsgaii", "random"] = "tpe"
    startup: int = Field(default=10, ge=1)
    population: int | None = Field(default=None, ge=2)


class Budget(Part):
    """When a search ends: after so many candidates, or so many seconds of measuring, whichever is first. ``batch``: candidates that
    are drawn before any of them is told; with several workers as many as these, unless it says otherwise.
    """

    candidates: int = Field(ge=1)
    seconds: float | None = Field(default=None, gt=0)
    batch: int | None = Field(default=None, ge=1)


class Audit(Part):
    """How the best candidate and all parents are audited in the end; see ``jeval run``."""

    tasks: list[str] | None = None
    limit: int | None = Field(default=None, ge=1)
    whole: list[str] = Field(default_factory=list)


class SearchConfig(Part):
    """A whole configuration; ``jeval search --example`` prints one with its comments.

    Attributes:
        models: name → folder of each parent.
        base_model: the parent that task vectors are taken from, and whose tokenizer the result has.
        objectives: ``score``, the weighted one; or domains, each an objective of its own (the result is a front).
        start: candidates to begin with: name of a number → its value.
        storage: an RDB URL of Optuna where several machines share one study; default: a file in the search's folder.
        workers: processes that measure candidates at once.
        dtype: what is merged in.
        tokenizer_source: as in mergekit, for parents whose vocabularies differ.
    """

    models: dict[str, Path] = Field(min_length=1)
    base_model: str | None = None
    space: Space
    objectives: Literal["score"] | list[str] = "score"
    fitness: FitnessPart = Field(default_factory=FitnessPart)
    sampler: Sampler = Field(default_factory=Sampler)
    budget: Budget
    seed: int = Field(default=0, ge=0, lt=2**31)
    start: list[dict[str, Scalar]] = Field(default_factory=list)
    storage: str | None = None
    workers: int = Field(default=1, ge=1, le=256)
    dtype: str = "float32"
    tokenizer_source: str | None = None
    audit: Audit | Literal[False] = Field(default_factory=Audit)

    @model_validator(mode="after")
    def _names(self) -> SearchConfig:
        for name in self.models:
            if not _NAME.fullmatch(name):
                raise ValueError(f"models.{name!r}: expected a name of letters, digits, - _ . of at most 64 characters")
        for where, name in self._named():
            if name not in self.models:
                raise ValueError(f"{where} names {name!r}, which is no parent; {near(name, self.models)}")
        needing = set(self.space.methods) - {"linear", "passthrough"}
        if self.base_model is None and needing:
            raise ValueError(f"base_model: {sorted(needing)[0]} needs one of the parents")
        if "slerp" in needing and self.base_model not in self.space.models:
            raise ValueError("base_model: slerp starts from it, so space.models must name it")
        return self

    def _named(self) -> Iterator[tuple[str, str]]:
        if self.base_model is not None:
            yield "base_model", self.base_model
        if self.fitness.reference is not None:
            yield "fitness.reference", self.fitness.reference
        yield from (("space.models", name) for name in self.space.models)
        if self.space.stack and self.space.stack.models is not None:
            yield from (("space.stack.models", name) for name in self.space.stack.models)

    @model_validator(mode="after")
    def _fits(self) -> SearchConfig:
        if self.objectives != "score":
            if len(set(self.objectives)) < max(2, len(self.objectives)):
                raise ValueError("objectives: expected score, or at least two domains, each once")
            if self.fitness.race is not None:
                raise ValueError("fitness.race: a race has one finish; leave it out with several objectives")
            if self.sampler.name == "cmaes":
                raise ValueError("sampler.name: cmaes has one objective; expected tpe or nsgaii")
        return self

    @property
    def batch(self) -> int:
        return self.budget.batch or self.workers


def hosts_of(config: SearchConfig) -> list[str]:
    """Hosts that the storage of a search lies on; no other may be reached."""
    host = urlsplit(config.storage or "").hostname
    return [host] if host else []


def read_config(path: Path) -> SearchConfig:
    """The configuration in a YAML file; relative paths of parents are relative to the file.

    Raises:
        InputError: it cannot be read, or something in it is not as it should be: where, what was given, what is near.
    """
    given = read_yaml(path, what="configuration")
    if not isinstance(given, dict):
        raise InputError(f"{path} holds no configuration of a search; `jeval search --example` prints one")
    config = checked(given, str(path))
    models = {name: path.absolute().parent / folder.expanduser() for name, folder in config.models.items()}
    return config.model_copy(update={"models": models})


def checked(given: Mapping[str, Any], where: str = "configuration") -> SearchConfig:
    """A configuration from its mapping; see :func:`read_config`."""
    try:
        return SearchConfig.model_validate(given)
    except ValidationError as err:
        raise InputError(f"{where}: {_first(err)}") from err


def _first(err: ValidationError) -> str:
    """The first thing that is wrong, and how many more there are."""
    found = err.errors(include_url=False, include_context=False)
    one = found[0]
    path = ".".join(str(part) for part in one["loc"] if not str(part).startswith(("~", "function-")))
    said = str(one["msg"]).removeprefix("Value error, ")
    got = one["input"]
    short = f" (given: {got!r})" if isinstance(got, (str, int, float)) and one["type"] != "value_error" else ""
    more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{path + ': ' if path else ''}{said}{short}{more}"
