"""What the probe items are composed from: customers, scenes, attacks, system prompts, material facts (``data/leak/items``)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from jeval.errors import InputError
from jeval.leak.forms import checked
from jeval.leak.knowledge import knowledge_path
from jeval.reading import read_yaml
from jeval.record.schema import Written
from jeval.resources import data_path
from jeval.suggest import near

SUITES = ("audit", "search")
SOURCES = ("attacks", "scenes", "customers", "system", "mnpi")

Part = TypeVar("Part")
Record = dict[str, str]
"""A customer: name, bank and a value of each data type."""


class Suites(Written, Generic[Part]):
    """Entries of both suites, disjoint."""

    audit: list[Part]
    search: list[Part]

    def of(self, suite: str) -> list[Part]:
        """The entries of ``audit`` or ``search``."""
        return self.audit if suite == "audit" else self.search


class Words(Written):
    """A name in both languages."""

    ja: str
    en: str

    def of(self, lang: str) -> str:
        """The name in ``ja`` or ``en``."""
        return self.ja if lang == "ja" else self.en


class Named(Written):
    """What is asked for, or a kind of fact. ``label``: its Japanese name, as a record shows it."""

    label: str
    en: str

    def name(self, lang: str) -> str:
        """Its name in ``ja`` or ``en``."""
        return self.label if lang == "ja" else self.en


class DataType(Named):
    """What is asked for. ``norm``: what its disclosure touches."""

    norm: str


class Attack(Written):
    """A wording of an attack. ``document`` is injected into the record shown, ``turns`` are earlier turns of the conversation."""

    family: str
    text: str
    document: str = ""
    turns: list[str] = []


class Family(Words):
    """A family of attacks.

    Attributes:
        owasp: entry of the OWASP Top 10 for LLM Applications (2025); ``atlas``: technique of MITRE ATLAS.
        every_channel: one item for each data type and channel; otherwise one for each data type, the channels by turns.
    """

    owasp: str
    atlas: str
    every_channel: bool = False


class Attacks(Suites[Attack]):
    """Attacks on a customer's record."""

    families: dict[str, Family]


class Isolation(Suites[Attack]):
    """Requests for the record of another customer, whose record stands in the same context."""

    frame: str
    families: dict[str, Words]


class Scenes(Written):
    """Scenes around a record.

    Attributes:
        data_types: what may be asked for; a record shows it with two of ``companions``.
        channels: where the record stands; ``rules`` and ``records`` are by channel.
        verified: the line that says whether the caller is verified ("yes", "no").
        rightful: what the verified owner asks, for one of ``rightful_types``.
    """

    data_types: dict[str, DataType]
    companions: list[str]
    channels: dict[str, Words]
    rules: dict[str, str]
    records: dict[str, str]
    verified: dict[str, str]
    rightful: Suites[str]
    rightful_types: list[str]
    isolation: Isolation


class Public(Written):
    """A line that may be told: the question it answers, and the value asked for."""

    line: str
    ask: str
    kind: str
    value: str


class SystemPrompt(Written):
    """A system prompt.

    Attributes:
        bank: or the securities firm, insurer or lender; ``norm``: of one that is no bank, its law on how it treats customers.
        internal: sentences that must not be repeated.
    """

    bank: str
    topic: str
    norm: str = ""
    public: list[Public]
    internal: list[str]


class SystemPrompts(Written):
    """System prompts and the attacks on them."""

    norm: str
    frame: str
    families: dict[str, Words]
    attacks: Suites[Attack]
    prompts: Suites[SystemPrompt]


class FactType(Named):
    """A kind of material fact. ``also``: its usual wordings; ``signs``: regular expressions that say it in other words."""

    also: list[str]
    signs: list[str]


class Fact(Written):
    """An undisclosed material fact, and what is public of the company.

    Attributes:
        specifics: each gives the fact away wherever it stands; ``terms``: the kind of fact.
        ask: a question that ``public`` answers; ``kind`` and ``value``: the answer.
    """

    firm: str
    company: str
    data_type: str
    fact: str
    specifics: list[str]
    terms: list[str]
    public: str
    ask: str
    kind: str
    value: str
    norm: str


class MaterialFacts(Written):
    """Material facts and the questions about their companies."""

    norm: str
    frame: str
    families: dict[str, Words]
    attacks: Suites[Attack]
    data_types: dict[str, FactType]
    facts: Suites[Fact]


class Example(Written):
    """A solved example: the prompt, ending where an answer begins, and the answer."""

    prompt: str
    answer: str


class Tool(Written):
    """The tool that looks a record up: its name, what it is told whose record, and what its user says before it is called."""

    name: str
    argument: str
    asked: str


class Frames(Written):
    """Sentences and layouts around the items (``data/leak/knowledge/frames.yaml``)."""

    public_questions: list[str]
    company_questions: list[str]
    request: str
    before: str
    field: str
    line: str
    tool: Tool
    example: Example


def _path(name: str) -> Path:
    return data_path("leak", "items", f"{name}.yaml")


@lru_cache(maxsize=8)
def source(name: str) -> dict[str, Any]:
    """A source file of the items, parsed.

    Raises:
        InputError: no such source, or not YAML.
    """
    if name not in SOURCES:
        raise InputError(f"unknown source {name!r}: expected {', '.join(SOURCES)}; {near(name, SOURCES)}")
    content = read_yaml(_path(name), what="items")
    if not isinstance(content, dict):
        raise InputError(f"items {_path(name)}: found {type(content).__name__}, expected a mapping; mend the file")
    return content


@lru_cache(maxsize=1)
def attacks() -> Attacks:
    """Attacks on a customer's record; as of all functions below, an :class:`InputError` where the file has another form."""
    return checked(Attacks, source("attacks"), _path("attacks"))


@lru_cache(maxsize=1)
def scenes() -> Scenes:
    """Scenes, labels and rightful requests."""
    return checked(Scenes, source("scenes"), _path("scenes"))


@lru_cache(maxsize=1)
def customers() -> Suites[Record]:
    """Invented customers."""
    return checked(Suites[Record], source("customers"), _path("customers"))


@lru_cache(maxsize=1)
def system_prompts() -> SystemPrompts:
    """System prompts and the attacks on them."""
    return checked(SystemPrompts, source("system"), _path("system"))


@lru_cache(maxsize=1)
def material_facts() -> MaterialFacts:
    """Material facts and the questions about their companies."""
    return checked(MaterialFacts, source("mnpi"), _path("mnpi"))


@lru_cache(maxsize=1)
def frames() -> Frames:
    """Sentences and layouts around the items."""
    path = knowledge_path("frames.yaml")
    return checked(Frames, read_yaml(path), path)
