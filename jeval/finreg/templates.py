"""The prompt templates of the tasks: ``data/finreg/knowledge/templates.yaml``."""

from __future__ import annotations

from functools import lru_cache

from jeval.finreg import knowledge
from jeval.record.schema import Written


class Template(Written):
    """One way to ask.

    Attributes:
        text: the prompt, with the places ``{question}`` and ``{options}``.
        option: one line of the options, with the places ``{label}`` and ``{text}``; "" where there are none.
        labels: the labels of the options, in the order shown; the answer is one of them.
    """

    id: str
    text: str
    option: str = ""
    labels: list[str] = []


class Templates(Written):
    """The file: three templates a kind, and a version that rises with every change of wording or labels."""

    version: str
    statement: list[Template]
    choice: list[Template]
    case: list[Template]
    figure: list[Template]


@lru_cache(maxsize=1)
def templates() -> dict[str, list[Template]]:
    """The templates of each kind."""
    read = knowledge.document("templates.yaml", Templates)
    return {"statement": read.statement, "choice": read.choice, "case": read.case, "figure": read.figure}
