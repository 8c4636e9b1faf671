"""What a failed keigo item shows a reader: a right wording, the norm, and the judge's finding in words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jeval.domain.ground import Ground, Wording, judged_words
from jeval.keigo.summary import report_words
from jeval.record.samples import Sample


def ground(kind: str, sample: Sample, lang: str) -> Ground:
    """The ground of one item of a keigo task of this kind."""
    doc = sample.doc
    found = judged_words(sample)
    if lang == "ja":
        found = _phrases().all(found)
    why = ""
    if error := str(doc.get("error_type") or ""):
        why = _said("misuse", lang).format(type=_names(lang).get(error, error))
    return Ground(right=_right(kind, doc, lang), basis=str(doc.get("source") or ""), why=why, found=found)


def called(facet: str, value: str, lang: str) -> str:
    """What a type of error or a form is called."""
    return str(report_words()["facets"].get(facet, {}).get(value, value)) if lang == "ja" else value.replace("_", " ")


def _right(kind: str, doc: Mapping[str, Any], lang: str) -> str:
    if kind == "pairs":
        return str(doc.get("right", ""))
    if kind == "choice":
        return str(doc["choices"][int(doc["answer"])])
    if kind == "reply":
        return _said("reply", lang)
    example = str(doc.get("example") or "")
    return _said("example", lang).format(text=example) if example else ""


def _said(name: str, lang: str) -> str:
    return str(report_words()["grounds"][name]["ja" if lang == "ja" else "en"])


def _names(lang: str) -> dict[str, str]:
    return dict(report_words()["facets"]["error_type"]) if lang == "ja" else {}


@lru_cache(maxsize=1)
def _phrases() -> Wording:
    """The judges' phrases in Japanese."""
    report = report_words()
    names = report["things"] | report["facets"]["error_type"] | report["facets"]["target"]
    return Wording(report["phrases"], names)
