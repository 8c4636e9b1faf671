"""Charts as static SVG inside the page: no script is needed to read a report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import altair as alt
import vl_convert

_COLOURS = ["#1f4e79", "#c55a11", "#3a7d44", "#7b3f8c", "#8a6d00", "#555555"]
#: What XML does not allow; the renderer, which makes XML on the way, ends the whole process over it.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PAIRS = re.compile("[\U00010000-\U0010ffff]")
_SHORT = 12  # characters that fit beside a chart


@dataclass(frozen=True)
class ChartRow:
    """One dot with its 95 % interval ``[low, high]`` and chance level (``None``: unknown), in the row ``label`` and the colour of ``model``."""

    label: str
    model: str
    score: float
    low: float
    high: float
    chance: float | None


def interval_chart(rows: Sequence[ChartRow], *, score_title: str) -> str:
    """Dots with 95 % intervals, a grey tick at the chance level.

    Returns:
        SVG markup (text is escaped by the renderer; characters that XML does not allow become U+FFFD).
    """
    values = [{**asdict(row), "label": _clean(row.label), "model": _clean(row.model)} for row in rows]
    labels = list(dict.fromkeys(row["label"] for row in values))
    models = list(dict.fromkeys(row["model"] for row in values))
    base = alt.Chart(alt.Data(values=values))
    y = alt.Y(
        "label:N",
        sort=labels,
        title=None,
        scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1),
        axis=alt.Axis(labelLimit=260, labelFontSize=12),
    )
    offset = alt.YOffset("model:N", sort=models)
    legend = alt.Legend(title=None, orient="top", labelLimit=220) if len(models) > 1 else None
    colour = alt.Color("model:N", sort=models, scale=alt.Scale(domain=models, range=_COLOURS), legend=legend)
    scale = alt.Scale(domain=[0, 1])
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale, title=_clean(score_title)), x2="high:Q", y=y, yOffset=offset, color=colour
    )
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x="score:Q", y=y, yOffset=offset, color=colour)
    ticks = base.mark_tick(color="#999999", thickness=2).encode(x="chance:Q", y=y)
    row = 24 if len(models) == 1 else 12 * len(models) + 10
    chart = (ticks + bars + dots).properties(width=520, height=row * len(labels))
    font = "Noto Sans CJK JP, Hiragino Sans, Yu Gothic, Meiryo, sans-serif"
    chart = chart.configure(font=font).configure_view(strokeWidth=0).configure_axis(grid=True, gridColor="#eeeeee")
    return str(vl_convert.vegalite_to_svg(chart.to_json()))


def _clean(text: str) -> str:
    """Text that the renderer survives. It cuts long text in the middle of a character beyond U+FFFF, and fails over the half."""
    text = _NO_XML.sub("\ufffd", text)
    return text if len(text) <= _SHORT else _PAIRS.sub("〓", text)
