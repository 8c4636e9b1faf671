"""Pictures of a search as static SVG, in the colours and shapes of the report's charts."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

_KINDS = ("full", "stopped", "infeasible")
_COLOURS = ("#0072B2", "#8a6d00", "#D55E00")
_SHAPES = ("circle", "diamond", "cross")
_FONT = "Noto Sans CJK JP, Noto Sans JP, Hiragino Sans, Yu Gothic, Meiryo, sans-serif"


def kind_of(one: Mapping[str, Any]) -> str:
    """How a candidate ended: ``broken``, ``stopped`` early, ``infeasible`` or ``full``."""
    if one["error"] is not None:
        return "broken"
    if one["stopped"]:
        return "stopped"
    return "full" if one["feasible"] else "infeasible"


def history(candidates: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    """Scores in the order of the candidates, and the best of the feasible so far. Broken ones have no score."""
    values, best, steps = [], None, []
    for number, one in enumerate(candidates):
        kind = kind_of(one)
        if kind == "full" and (best is None or one["score"] > best):
            best = one["score"]
        if best is not None:
            steps.append({"number": number, "best": best})
        if kind != "broken":
            values.append({"number": number, "score": one["score"], "kind": words[f"search_{kind}"]})
    x = alt.X("number:Q", title=words["search_candidate"], axis=alt.Axis(format="d", gridColor="#e6e6e6"))
    dots = alt.Chart(alt.Data(values=values)).mark_point(filled=True, size=40, opacity=0.8)
    dots = dots.encode(x=x, y=_score("score:Q", words["score"]), color=_colour(words), shape=_shape(words))
    line = alt.Chart(alt.Data(values=steps)).mark_line(interpolate="step-after", color="#0072B2", strokeWidth=1.5)
    return _svg(alt.layer(line.encode(x=x, y=alt.Y("best:Q")), dots).properties(width=520, height=230))


def fronts(
    candidates: Sequence[Mapping[str, Any]],
    front: Sequence[Mapping[str, float]],
    labels: Mapping[str, str],
    words: Mapping[str, str],
) -> str:
    """Candidates asked in full, domain against domain; those of the front are joined."""
    panels = []
    for one, other in itertools.combinations(labels, 2):
        values = [
            {"x": found["objectives"][one], "y": found["objectives"][other], "kind": words[f"search_{kind}"]}
            for found in candidates
            if (kind := kind_of(found)) in ("full", "infeasible")
        ]
        edge = sorted(({"x": found[one], "y": found[other]} for found in front), key=lambda at: (at["x"], -at["y"]))
        dots = alt.Chart(alt.Data(values=values)).mark_point(filled=True, size=35, opacity=0.5)
        x, y = _score("x:Q", labels[one], alt.X), _score("y:Q", labels[other])
        ring = alt.Chart(alt.Data(values=edge)).mark_point(size=110, color="#000000", strokeWidth=1.5)
        dots = dots.encode(x=x, y=y, color=_colour(words), shape=_shape(words))
        panels.append(alt.layer(dots, ring.encode(x=x, y=y)).properties(width=230, height=200))
    return _svg(alt.concat(*panels, columns=2, spacing=20))


def _score(field: str, title: str, channel: Any = alt.Y) -> Any:
    return channel(field, title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format=".3f", gridColor="#e6e6e6"))


def _colour(words: Mapping[str, str]) -> alt.Color:
    names = [words[f"search_{kind}"] for kind in _KINDS]
    legend = alt.Legend(title=None, orient="top", labelLimit=260)
    return alt.Color("kind:N", scale=alt.Scale(domain=names, range=list(_COLOURS)), legend=legend)


def _shape(words: Mapping[str, str]) -> alt.Shape:
    names = [words[f"search_{kind}"] for kind in _KINDS]
    return alt.Shape("kind:N", scale=alt.Scale(domain=names, range=list(_SHAPES)))


def _svg(chart: Any) -> str:
    return str(vl_convert.vegalite_to_svg(chart.configure(font=_FONT).configure_view(stroke="#d9dce1").to_json()))
