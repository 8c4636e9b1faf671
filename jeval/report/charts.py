"""Charts as static SVG inside the page: no script is needed to read a report."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from jeval.output import harmless, one_line

_log = logging.getLogger(__name__)

# Okabe & Ito (2008), told apart by colour-blind readers; each has a shape of its own as well, for print in grey.
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8a6d00", "#000000"]
_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
#: What XML does not allow; the renderer, which makes XML on the way, ends the whole process over it.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PAIRS = re.compile("[\U00010000-\U0010ffff]")
_SHORT = 12  # characters that fit beside a chart
#: Characters of a label, of which a third is shown; dots and panels of a picture. Beyond these the renderer takes ever longer.
_LONGEST, _DOTS, _PANELS = 80, 1000, 30
_FONT = "Noto Sans CJK JP, Noto Sans JP, Hiragino Sans, Yu Gothic, Meiryo, sans-serif"


def drawn(draw: Callable[[], str]) -> Markup | None:
    """The picture that ``draw`` makes, ``None`` where it cannot be drawn: that costs the picture, and is logged."""
    try:
        return Markup(draw())
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as err:  # a panic of the renderer is no Exception
        _log.warning("a chart of the report cannot be drawn (%s)", one_line(str(err), 200))
        return None


@dataclass(frozen=True)
class ChartRow:
    """One dot with its 95 % interval ``[low, high]`` and chance level (``None``: unknown), in the row ``label`` of the panel
    ``group``, in the colour and shape of ``model``.
    """

    group: str
    label: str
    model: str
    score: float
    low: float
    high: float
    chance: float | None


@dataclass(frozen=True)
class ChartWords:
    """What the chart says: the axis, and the two marks in its legend."""

    score: str
    chance: str


def forest(rows: Sequence[ChartRow], words: ChartWords) -> str:
    """Dots with 95 % intervals by domain and task, and a grey bar where guessing (or answering nothing) lies.

    Returns:
        SVG markup (text is escaped by the renderer; characters that XML does not allow become U+FFFD, marks that hide or turn it are
        written out).
    """
    _check_number(len(rows), len({row.group for row in rows}))
    values: list[dict[str, Any]] = [
        {**asdict(row), "group": _clean(row.group), "label": _clean(row.label), "model": _clean(row.model)}
        for row in rows
    ]
    groups = list(dict.fromkeys(row["group"] for row in values))
    models = list(dict.fromkeys(row["model"] for row in values))
    panels = [_panel([row for row in values if row["group"] == group], models, words) for group in groups]
    chart = alt.vconcat(*panels, spacing=14).resolve_scale(color="shared", shape="shared")
    chart = chart.configure(font=_FONT).configure_view(stroke="#d9dce1").configure_title(anchor="start", fontSize=14)
    return str(vl_convert.vegalite_to_svg(chart.to_json()))


def _panel(values: list[dict[str, Any]], models: list[str], words: ChartWords) -> alt.LayerChart:
    labels = list(dict.fromkeys(row["label"] for row in values))
    base = alt.Chart(alt.Data(values=values))
    y = alt.Y(
        "label:N",
        sort=labels,
        title=None,
        scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15),
        axis=alt.Axis(labelLimit=230, labelFontSize=12, minExtent=230),
    )
    offset = alt.YOffset("model:N", sort=models)
    legend = alt.Legend(title=None, orient="top", labelLimit=220) if len(models) > 1 else None
    domain = alt.Scale(domain=models, range=_COLOURS)
    colour = alt.Color("model:N", sort=models, scale=domain, legend=legend)
    shape = alt.Shape("model:N", sort=models, scale=alt.Scale(domain=models, range=_SHAPES), legend=legend)
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2f", grid=True, gridColor="#e6e6e6", labelFontSize=11)
    x = alt.X("low:Q", scale=scale, axis=axis, title=_clean(words.score))
    bars = base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q", y=y, yOffset=offset, color=colour)
    dots = base.mark_point(filled=True, size=55, opacity=1).encode(
        x="score:Q", y=y, yOffset=offset, color=colour, shape=shape
    )
    ticks = base.mark_tick(color="#767676", thickness=3, opacity=0.55).encode(x="chance:Q", y=y)
    row = 24 if len(models) == 1 else 13 * len(models) + 10
    panel: alt.LayerChart = alt.layer(ticks, bars, dots).properties(
        width=440, height=row * len(labels), title=alt.TitleParams(str(values[0]["group"]))
    )
    return panel


@dataclass(frozen=True)
class Moment:
    """A domain's score in the run of this number, with its 95 % interval."""

    run: int
    domain: str
    score: float
    low: float
    high: float


def over_time(moments: Sequence[Moment], *, run: str, score: str) -> str:
    """Scores of each domain run by run, a panel a domain: SVG markup, as :func:`forest`."""
    _check_number(len(moments), len({one.domain for one in moments}))
    values = [{**asdict(one), "domain": _clean(one.domain)} for one in moments]
    base = alt.Chart(alt.Data(values=values))
    x = alt.X("run:O", title=_clean(run), axis=alt.Axis(labelAngle=0))
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y("score:Q", scale=scale, title=_clean(score), axis=alt.Axis(format=".2f", gridColor="#e6e6e6"))
    line = base.mark_line(color=_COLOURS[0], strokeWidth=1, opacity=0.5).encode(x=x, y=y)
    dots = base.mark_point(color=_COLOURS[0], filled=True, size=55, opacity=1).encode(x=x, y=y)
    bars = base.mark_rule(color=_COLOURS[0], strokeWidth=2).encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q")
    width = max(120, min(520, 28 * len({one.run for one in moments})))
    panels = [
        alt.layer(line, bars, dots)
        .transform_filter(alt.datum.domain == domain)
        .properties(width=width, height=150, title=alt.TitleParams(domain))
        for domain in dict.fromkeys(str(one["domain"]) for one in values)
    ]
    chart = alt.vconcat(*panels, spacing=14).configure(font=_FONT).configure_view(stroke="#d9dce1")
    return str(vl_convert.vegalite_to_svg(chart.configure_title(anchor="start", fontSize=14).to_json()))


def _check_number(dots: int, panels: int) -> None:
    if dots > _DOTS or panels > _PANELS:
        raise ValueError(f"{dots} dots in {panels} panels; a picture has up to {_DOTS} in {_PANELS}")


def _clean(text: str) -> str:
    """Text that the renderer survives. It cuts long text in the middle of a character beyond U+FFFF, and fails over the half; the time
    that it takes to find where grows with the square of the length.
    """
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 4 :]}"
    text = harmless(_NO_XML.sub("\ufffd", text))
    return text if len(text) <= _SHORT else _PAIRS.sub("〓", text)
