"""The report of a search: one page, no script."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jeval.pipeline import domains
from jeval.report.catalogue import strings
from jeval.report.charts import drawn
from jeval.report.page import template
from jeval.search import charts
from jeval.search.config import SearchConfig
from jeval.search.outcome import Ending
from jeval.search.study import config_digest
from jeval.statistics import Estimate
from jeval.version import __version__
from jeval.writing import write_text

PAGE = "report.html"


def write_page(ending: Ending, config: SearchConfig, lang: str) -> Path:
    """Write the report into the search's folder."""
    path = ending.out / PAGE
    write_text(path, page(ending, config, lang))
    return path


def page(ending: Ending, config: SearchConfig, lang: str) -> str:
    """The report of a search in ``lang``."""
    words = strings(lang)
    names = sorted(ending.front[0].objectives if ending.front else (), key=domains.place)
    labels = {name: domains.title(name, lang) for name in names}
    asked = [one["share"] for one in ending.history if one["error"] is None]
    return str(
        template("search.html.j2").render(
            lang=lang,
            t=words,
            title=words["search_title"],
            runs=[],
            edition=__version__,
            ending=ending,
            config=config,
            digest=config_digest(config)[:12],
            verdict=_verdict(ending, words),
            history=drawn(lambda: charts.history(ending.history, words)) if ending.history else "",
            fronts=_fronts(ending, labels, words),
            labels=labels,
            asked=sum(asked) / len(asked) if asked else 1.0,
            shown=lambda estimate: _shown(estimate),
            link=lambda run: os.path.relpath(run / "report.html", ending.out),
            number=lambda value: f"{value:.4g}" if isinstance(value, float) else str(value),
        )
    )


def _verdict(ending: Ending, words: Mapping[str, str]) -> str:
    """The finding in one sentence: which parents were beaten on the audit items."""
    if ending.best is None:
        return words["search_none"]
    if not ending.parents:
        return words["search_unaudited"]
    beaten = sum(one.beaten for one in ending.parents)
    key = "search_all" if beaten == len(ending.parents) else "search_some" if beaten else "search_no_parent"
    return words[key].format(n=beaten, of=len(ending.parents))


def _fronts(ending: Ending, labels: Mapping[str, str], words: Mapping[str, str]) -> Any:
    if len(labels) < 2:
        return ""
    front = [one.objectives for one in ending.front]
    return drawn(lambda: charts.fronts(ending.history, front, labels, words))


def _shown(estimate: Estimate | None) -> str:
    return "–" if estimate is None else f"{estimate.score:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
