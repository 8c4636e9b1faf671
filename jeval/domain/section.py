"""What a domain hands to the report: plain text and tables, never markup.

The template escapes everything, so a domain cannot inject HTML even where a cell quotes a model's output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """A table with a caption; ``None`` in a cell reads "not measured", floats are shown with three digits."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    @property
    def numeric(self) -> list[bool]:
        """Of each column, whether it holds a number in any row; its header and its gaps then stand to the right as well."""
        return [any(isinstance(row[i], int | float) for row in self.rows) for i in range(len(self.columns))]


@dataclass(frozen=True)
class Heat:
    """A matrix of shares, shaded by size: ``cells[row][column]`` is (how many were right, of how many), ``None`` where no item
    stands, which shows an empty cell.
    """

    caption: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[tuple[float, int] | None]]


@dataclass(frozen=True)
class Section:
    """One section of a domain's part of the report. What is ``folded`` opens on request: detail for who checks the instrument."""

    title: str
    paragraphs: Sequence[str] = field(default_factory=tuple)
    tables: Sequence[Table] = field(default_factory=tuple)
    heats: Sequence[Heat] = field(default_factory=tuple)
    folded: bool = False
