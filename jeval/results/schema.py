"""The run record (``run.json``), typed in one place. ``SCHEMA_VERSION`` changes when a field changes its meaning."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = "1"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ModelInfo(_Record):
    """The model under test. ``identity`` is ``None`` where the weights are behind another process and were not seen."""

    name: str
    path: str | None
    kind: Literal["hf", "lora", "gguf", "live", "remote"]
    backend: str
    device: str
    dtype: str
    parameters: int | None
    weight_bytes: int | None
    chat_template: bool
    identity: dict[str, Any] | None


class Interval(_Record):
    """A score with its 95 % interval."""

    score: float
    interval: tuple[float, float]


class TaskResult(_Record):
    """One task. ``score`` is ``None`` when nothing was scored; ``reason`` then says why. ``not_scored`` counts items."""

    domain: str
    suite: str
    title_ja: str
    title_en: str
    version: str
    n: int
    score: float | None
    interval: tuple[float, float] | None
    stderr: float | None
    chance: float
    clusters: int
    not_scored: int
    reason: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    instrument: dict[str, Any] | None = None
    corrected: Interval | None = None


class DomainResult(_Record):
    """A domain: mean of its tasks (or the combination the domain declares), over ``n`` scored items."""

    suite: str
    score: float | None
    interval: tuple[float, float] | None
    stderr: float | None
    n: int
    chance: float | None
    method: str


class RunRecord(_Record):
    """Everything a report says comes from here and from the samples beside it.

    ``notes`` are limits of the run: ``key`` names a sentence of the report's string table, the rest fills its gaps.
    """

    schema_version: str = SCHEMA_VERSION
    jeval_version: str
    model: ModelInfo
    suite: str
    settings: dict[str, Any]
    domains: dict[str, DomainResult]
    tasks: dict[str, TaskResult]
    left_out: dict[str, list[str]] = Field(default_factory=dict)
    outbound: dict[str, Any]
    notes: list[dict[str, Any]] = Field(default_factory=list)
    packages: dict[str, str]
    task_pack: dict[str, str]
    cost: dict[str, Any] = Field(default_factory=dict)
    timing: dict[str, Any] = Field(default_factory=dict)

    def stable(self) -> dict[str, Any]:
        """The record without what a second, identical run would measure anew (time and cost)."""
        return self.model_dump(mode="json", exclude={"timing", "cost"})
