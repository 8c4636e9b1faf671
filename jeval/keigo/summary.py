"""Sections of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jeval.report.section import Section

if TYPE_CHECKING:
    import pandas as pd


def sections(samples: dict[str, pd.DataFrame], lang: str) -> list[Section]:
    return []
