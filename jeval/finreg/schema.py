"""Regulation items as they lie on disk: one JSON object a line, four kinds, each tied to the article it rests on."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from jeval.errors import InputError
from jeval.finreg.quantity import only_quantity, same
from jeval.reading import Row

Kind = Literal["statement", "choice", "figure", "case"]
Suite = Literal["audit", "search"]
KINDS: tuple[Kind, ...] = ("statement", "choice", "figure", "case")
SUITES: tuple[Suite, ...] = ("audit", "search")
#: What an item rests on: a statute or order, what the supervisor expects, a rule of the trade.
Tier = Literal["law", "guidance", "practice"]
TIERS: tuple[Tier, ...] = ("law", "guidance", "practice")
#: Kinds of firm that an item may bind; "all" binds every one.
Business = Literal["bank", "securities", "insurance", "lender", "payments", "all"]
BUSINESSES: tuple[Business, ...] = ("bank", "securities", "insurance", "lender", "payments", "all")
CHANCE: dict[str, float] = {"statement": 0.5, "choice": 0.25, "case": 0.25, "figure": 0.0}

Text = Annotated[str, Field(min_length=1)]
_LAW_ID = re.compile(r"[0-9A-Z]{15}")
_DOCUMENT = re.compile(r"[a-z][a-z0-9_.\-]*")


def _or(name: str, other: str) -> AliasChoices:
    """A field that items on statutes and on guidelines write under names of their own."""
    return AliasChoices(name, other)


class ItemBase(BaseModel):
    """What every item records.

    ``article`` is the number as printed in Arabic numerals with の ("36の3", "別表第一"); ``paragraph`` is "1", "2" …,
    or "" where the whole article or a schedule is meant. ``basis`` is the wording of the article that decides the
    answer, verbatim. ``article_sha256`` is the digest of the article's normalised text (:mod:`jeval.finreg.statutes`)
    on the day ``as_of``. ``in_force_from`` and ``in_force_until`` (first and last day, inclusive) bound the wording
    the item was written for, where they are known.

    An item of another ``tier`` than ``law`` rests on a document: its JSON has ``document``, ``title``, ``clause`` and ``clause_sha256``
    for ``law_id``, ``law``, ``article`` and ``article_sha256``, and names the ``edition`` (as the document does, or its day). All
    that is said of laws and articles here then holds of the document and its clause. ``business``: whom the item binds, where
    that differs from what ``data/finreg/knowledge/business.tsv`` says of its article.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)

    id: Annotated[str, Field(pattern=r"^[a-z]+-[A-Za-z0-9_.\-]+$")]
    suite: Suite
    topic: Text
    difficulty: Annotated[int, Field(ge=1, le=3)]
    tier: Tier = "law"
    law_id: Annotated[Text, Field(validation_alias=_or("law_id", "document"))]
    law: Annotated[Text, Field(validation_alias=_or("law", "title"))]
    edition: str = ""
    article: Annotated[Text, Field(validation_alias=_or("article", "clause"))]
    paragraph: Annotated[str, Field(pattern=r"^\d*$")] = ""
    basis: Text
    as_of: date
    article_sha256: Annotated[
        str, Field(pattern=r"^([0-9a-f]{64})?$", validation_alias=_or("article_sha256", "clause_sha256"))
    ] = ""
    business: list[Business] = []
    in_force_from: date | None = None
    in_force_until: date | None = None
    why: Text
    why_wrong: list[Text] = []
    note: str = ""

    @field_validator("in_force_from", "in_force_until", mode="before")
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="before")
    @classmethod
    def _source_of_its_tier(cls, row: object) -> object:
        """Fields of a statute for the tier ``law``, of a document for the others."""
        if isinstance(row, dict):
            law = row.get("tier", "law") == "law"
            other = ("document", "title", "edition", "clause", "clause_sha256") if law else (
                "law_id", "law", "article", "paragraph", "article_sha256",
            )  # fmt: skip
            if strangers := [name for name in other if name in row]:
                wanted = "law_id, law, article" if law else "document, title, edition, clause"
                raise ValueError(f"tier {row.get('tier', 'law')!r} with {strangers[0]}; expected {wanted}")
        return row

    @model_validator(mode="after")
    def _named_as_its_tier(self) -> ItemBase:
        if self.tier == "law" and not _LAW_ID.fullmatch(self.law_id):
            raise ValueError(f"law_id {self.law_id!r}: expected e-Gov's id, like 356AC0000000059")
        if self.tier != "law" and not _DOCUMENT.fullmatch(self.law_id):
            raise ValueError(f"document {self.law_id!r}: expected the name of its file, like ppc_tsusoku")
        if self.tier != "law" and not self.edition.strip():
            raise ValueError("edition: expected the edition of the document, by name or day")
        if len(set(self.business)) < len(self.business) or ("all" in self.business and len(self.business) > 1):
            raise ValueError(f"business {', '.join(self.business)}: expected each once, and all alone")
        return self

    @model_validator(mode="after")
    def _dates_in_order(self) -> ItemBase:
        if self.in_force_from and self.in_force_until and self.in_force_from > self.in_force_until:
            raise ValueError("in_force_from lies after in_force_until")
        return self

    @property
    def cluster(self) -> str:
        """Items that rest on one article are dependent; intervals are clustered by it."""
        return f"{self.law_id}:{self.article}"


class Statement(ItemBase):
    """A true statement and its minimally false twin."""

    kind: Literal["statement"]
    true: Text
    false: Text

    @model_validator(mode="after")
    def _twins_differ(self) -> Statement:
        if bare(self.true) == bare(self.false):
            raise ValueError("two right answers: the true and the false statement are the same")
        return self

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that a model may be shown of it."""
        return (self.true, self.false)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """What is to be told apart, the text at ``right`` being right."""
        return (self.true, self.false)

    @property
    def right(self) -> int:
        """The place of the right text in :attr:`alternatives`."""
        return 0


class _Options(ItemBase):
    question: Text
    options: Annotated[list[Text], Field(min_length=4, max_length=4)]
    answer: Annotated[int, Field(ge=0, le=3)]

    @field_validator("answer", mode="before")
    @classmethod
    def _one_answer(cls, value: object) -> object:
        if isinstance(value, list):
            raise ValueError(f"two right answers: answer is the list {value}; expected one index 0 to 3")
        if isinstance(value, bool):
            raise ValueError(f"answer is {value}; expected one index 0 to 3")
        return value

    @model_validator(mode="after")
    def _options_differ(self) -> _Options:
        right = self.options[self.answer]
        figure = only_quantity(right)
        seen: dict[str, int] = {}
        for index, option in enumerate(self.options):
            if (first := seen.setdefault(bare(option), index)) != index:
                what = "two right answers" if self.answer in (first, index) else "two equal options"
                raise ValueError(f"{what}: options {first} and {index} read the same")
            other = only_quantity(option)
            if index != self.answer and figure and other and same(figure, other, bounds=True):
                raise ValueError(f"two right answers: options {self.answer} and {index} name the same quantity")
        return self

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that a model may be shown of it."""
        return (self.question, *self.options)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """What is to be told apart, the text at ``right`` being right."""
        return tuple(self.options)

    @property
    def right(self) -> int:
        """The place of the right text in :attr:`alternatives`."""
        return self.answer


class Choice(_Options):
    """A question with four options, one right."""

    kind: Literal["choice"]


class Case(_Options):
    """A firm meets a customer; four actions, one lawful."""

    kind: Literal["case"]


class QuantitySpec(BaseModel):
    """The quantity that a figure item asks for: ``value`` exact (a number or a fraction "1/3"), unit, bound if asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: int | float | str
    unit: Text
    bound: Literal["", "以上", "以下", "超", "未満", "以内"] = ""

    @field_validator("value", mode="before")
    @classmethod
    def _a_number(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError(f"quantity value {value} is no number")
        return value

    @field_validator("unit")
    @classmethod
    def _a_unit(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("a quantity needs a unit")
        return value

    @field_validator("bound", mode="before")
    @classmethod
    def _no_bound(cls, value: object) -> object:
        return "" if value is None else value

    @property
    def exact(self) -> Fraction:
        """The value, exactly.

        Raises:
            ValueError: it is neither a number nor a fraction.
        """
        return Fraction(str(self.value).replace(",", ""))

    @model_validator(mode="after")
    def _readable(self) -> QuantitySpec:
        try:
            _ = self.exact
        except (ValueError, ZeroDivisionError) as err:
            raise ValueError(f"quantity value {self.value!r} is neither a number nor a fraction like 1/3") from err
        return self


class Figure(ItemBase):
    """A question for one amount, rate, period or count; the answer is generated and matched as a quantity."""

    kind: Literal["figure"]
    question: Text
    answer: Text
    quantity: QuantitySpec

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that a model may be shown of it."""
        return (self.question,)


AnyItem = Statement | Choice | Case | Figure
_ADAPTER: TypeAdapter[AnyItem] = TypeAdapter(Annotated[AnyItem, Field(discriminator="kind")])


def bare(text: str) -> str:
    """The text without spaces and punctuation, in NFKC: two options that agree in this read the same."""
    return re.sub(r"[\s。、．，,.・「」『』（）()]", "", unicodedata.normalize("NFKC", text))


def parse_item(row: Row, where: str) -> AnyItem:
    """Validate one object.

    Raises:
        InputError: naming the item id, the place and every reason.
    """
    try:
        return _ADAPTER.validate_python(row)
    except ValidationError as err:
        reasons = "; ".join(_reason(detail) for detail in err.errors()[:4])
        raise InputError(f"item {row.get('id', '(no id)')!r} ({where}): {reasons}") from err


def _reason(detail: ErrorDetails) -> str:
    place = ".".join(str(part) for part in detail["loc"] if part not in KINDS)
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
