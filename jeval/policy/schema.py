"""A policy as its YAML file has it (docs/policy.md). Whatever is not known here is an error."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import Self

from jeval.record.schema import Severity

Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]
Bound = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


def _listed(value: Any) -> Any:
    """One name or several; YAML reads the number of an article as a number."""
    values = value if isinstance(value, list) else [value]
    return [str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in values]


Names = Annotated[list[Text], BeforeValidator(_listed), Field(min_length=1, max_length=200)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subject(_Given):
    """What a rule looks at: a domain or tasks, of these one side of a balanced score or the items with certain facets."""

    domain: Text | None = None
    task: Names | None = None
    side: Text | None = None
    where: dict[Text, Names] = Field(default_factory=dict, max_length=20)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.domain is None) == (self.task is None):
            raise ValueError("expected either domain or task")
        return self

    def words(self) -> str:
        """The subject on one line, as the policy has it."""
        parts = [f"domain={self.domain}"] if self.domain else [f"task={'|'.join(self.task or ())}"]
        parts += [f"side={self.side}"] if self.side else []
        return " ".join([*parts, *(f"{facet}={'|'.join(values)}" for facet, values in self.where.items())])


class NotWorse(_Given):
    """The score may be lower than that of ``run``, a run folder, by at most ``by``; a path is taken from the policy's folder."""

    run: Text
    by: Bound


class Exempt(_Given):
    """An exception: who answers for it, why, and the last day on which it holds."""

    owner: Text
    reason: Text
    expires: date


class Rule(_Given):
    """One rule: a subject, one demand, and how grave it is when it is not met."""

    id: Annotated[str, Field(pattern=r"^[\w-]+$", max_length=80)]
    ja: Text
    en: Text
    severity: Severity
    subject: Subject
    each: Text | None = None
    lower_bound_at_least: Bound | None = None
    upper_bound_at_most: Bound | None = None
    not_worse_than: NotWorse | None = None
    may_be_not_scored: Text | None = None
    may_be_not_scored_en: Text | None = None
    exception: Exempt | None = None

    @model_validator(mode="after")
    def _one_demand(self) -> Self:
        demands = (self.lower_bound_at_least, self.upper_bound_at_most, self.not_worse_than)
        if sum(demand is not None for demand in demands) != 1:
            raise ValueError("expected one of lower_bound_at_least, upper_bound_at_most, not_worse_than")
        if self.may_be_not_scored_en and not self.may_be_not_scored:
            raise ValueError("may_be_not_scored_en says in English what may_be_not_scored says; give that, too")
        if self.not_worse_than is not None and (self.each or self.subject.where):
            raise ValueError("not_worse_than compares whole tasks; leave each and subject.where out")
        return self


class Policy(_Given):
    """A policy; titles, purpose and rules each in Japanese and English. ``owner``: who answers for it, as the report names them."""

    title_ja: Text
    title_en: Text
    purpose_ja: Text
    purpose_en: Text
    owner: Text | None = None
    rules: Annotated[list[Rule], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _ids(self) -> Self:
        ids = [rule.id for rule in self.rules]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"rules: the id {twice[0]} occurs twice")
        return self
