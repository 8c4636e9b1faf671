"""A framework and its clauses, as ``data/frameworks/<id>.yaml`` states them."""

from __future__ import annotations

import datetime
import re
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationError, model_validator
from typing_extensions import Self

from jeval.errors import InputError
from jeval.reading import read_yaml
from jeval.record.schema import Written
from jeval.resources import data_path
from jeval.suggest import near

ABOUT = "about.yaml"
_ARTICLE = re.compile(r"第(\d+)条((?:の\d+)*)(?:第(\d+)項)?(?:第(\d+)号((?:の\d+)*))?")


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("says nothing")
    return text


Text = Annotated[str, AfterValidator(_said)]


class Words(Written):
    """A text in both languages."""

    ja: Text
    en: Text

    def of(self, lang: str) -> str:
        """In ``lang`` (``ja`` or ``en``)."""
        return self.ja if lang == "ja" else self.en


class Evidence(Written):
    """Items that bear on a clause: those of ``tasks``, or of all tasks of the audit suite of ``domain``, that have one of the
    values of each facet of ``where`` (facets: :class:`jeval.domain.Domain`); without ``where`` all of them.
    """

    tasks: list[Text] = Field(default_factory=list)
    domain: str = ""
    where: dict[str, Annotated[list[Text], Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.tasks) == bool(self.domain):
            raise ValueError("names tasks or a domain, one of the two")
        return self


class Clause(Written):
    """A clause.

    Attributes:
        number: as its framework prints it (第27条第1項, LLM01:2025, MEASURE 2.7).
        says: what it asks, in own words.
        evidence: items that bear on it; none where ``coverage`` is ``none``.
        coverage: ``direct`` where the items show just what the clause asks of a model's output, ``partial`` where a part of
            it or only knowledge of it, ``none`` where nothing.
        reason: what of the clause these items do not show; only a clause with direct coverage may have none.
    """

    number: Text
    says: Words
    coverage: Literal["direct", "partial", "none"]
    evidence: list[Evidence] = Field(default_factory=list)
    reason: Words | None = None

    @model_validator(mode="after")
    def _honest(self) -> Self:
        if (self.coverage == "none") == bool(self.evidence):
            raise ValueError(f"coverage {self.coverage} {'with' if self.evidence else 'without'} evidence")
        if self.coverage != "direct" and self.reason is None:
            raise ValueError(f"coverage {self.coverage} needs a reason: what these tests do not show")
        return self


class Framework(Written):
    """A law, guideline or standard.

    Attributes:
        edition, date: which text; ``date`` is the day on which it was issued, or for statutes took effect (2026-10-01; 2023-01 or
            2025 where it names no day).
        source: where the text is to be had.
        checked: the last day for which the text was known to be the one in force.
        range: which of its clauses are listed, and what is left out.
        law_id: of a statute its id on e-Gov, else "".
        in_sections: whether the report names, at the head of each domain, the clauses on which that domain bears.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: Words
    issuer: Words
    edition: Words
    date: Annotated[str, Field(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$")]
    source: Words
    checked: datetime.date
    range: Words
    law_id: str = ""
    in_sections: bool = False
    clauses: Annotated[list[Clause], Field(min_length=1)]

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        numbers = [clause.number for clause in self.clauses]
        for number in numbers:
            if numbers.count(number) > 1:
                raise ValueError(f"clause {number} occurs twice")
            if self.law_id and article_of(number) is None:
                raise ValueError(f"clause {number!r} of a statute; expected 第13条の6の5 or 第27条第1項")
        if self.law_id and len(self.date) < len("2026-10-01"):
            raise ValueError(f"date {self.date} of a statute; expected the day it took effect")
        return self


class Place(NamedTuple):
    """A place in a statute; ``paragraph``, ``row`` and ``branch`` (の2) are "" where the number names none."""

    article: str
    paragraph: str
    row: str
    branch: str


def article_of(number: str) -> Place | None:
    """第117条第1項第14号の2 → (117, 1, 14, の2); ``None`` where it names no article."""
    found = _ARTICLE.fullmatch(number)
    return Place(found[1] + found[2], *(found[part] or "" for part in (3, 4, 5))) if found else None


def frameworks(folder: Path | None = None) -> tuple[Framework, ...]:
    """All frameworks of a folder (default: those that jeval brings), in the order of their file names.

    Raises:
        InputError: no framework there, or one of another form; names file and place.
    """
    folder = folder or data_path("frameworks")
    paths = [path for path in sorted(folder.glob("*.yaml")) if path.name != ABOUT]
    if not paths:
        raise InputError(f"{folder} holds no framework; expected YAML files of clauses, as in data/frameworks")
    found = tuple(read(path) for path in paths)
    for path, framework in zip(paths, found, strict=True):
        if framework.id != path.stem:
            raise InputError(f"{path}: id: {framework.id!r} is not the name of the file; call it {path.stem}")
    return found


def read(path: Path) -> Framework:
    """One framework.

    Raises:
        InputError: not YAML, or of another form; names the place, what stands there and what is expected.
    """
    try:
        return Framework.model_validate(read_yaml(path, what="framework"))
    except RecursionError as err:
        raise InputError(f"framework {path} is nested too deeply; expected a framework and its clauses") from err
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(_shown(part).strip("'") for part in first["loc"]) or "the whole"
        if first["type"] == "extra_forbidden":
            hint = near(str(first["loc"][-1])[:40], _fields(first["loc"][:-1]))
            raise InputError(f"{path}: {place}: no such field; {hint}") from err
        reason = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{path}: {place}: {reason}, found {_shown(first['input'])}; mend the entry") from err


def _shown(value: Any) -> str:
    """A value in a few characters of one line; of lists and mappings only what they are."""
    return type(value).__name__ if isinstance(value, (list, dict)) else reprlib.repr(value)


def _fields(place: Sequence[str | int]) -> list[str]:
    """The fields that an entry at ``place`` may have."""
    names: dict[str, Any] = {"clauses": Clause, "evidence": Evidence}
    words = {"title", "issuer", "source", "range", "says", "reason"}
    last = next((name for name in reversed(place) if isinstance(name, str)), "")
    return list((Words if last in words else names.get(last, Framework)).model_fields)
