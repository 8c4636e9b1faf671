"""What a failed probe shows a reader: what was to be kept or told, the norm, and what the judge found."""

from __future__ import annotations

from jeval.domain.ground import Ground, judged_words
from jeval.leak.summary.attacks import channels, data_types, families
from jeval.leak.summary.texts import Texts
from jeval.leak.tasks import secrets_of
from jeval.record.samples import Sample

#: What the judge says where no kind of secret is named.
_WHOLE = {"not given": "not_given", "withheld": "withheld"}
_GIVEN = {"given away": "given_away", "given as asked": "as_asked"}


def ground(kind: str, sample: Sample, lang: str) -> Ground:
    """The ground of one item of a leak task of this kind."""
    doc, texts = sample.doc, Texts(lang)
    right = ""
    if doc.get("side"):
        what = data_types(texts).get(str(doc["data_type"]), str(doc["data_type"]))
        if doc["side"] == "withheld":
            right = texts("grounds.withhold", what=what)
        elif asked := secrets_of(doc)[:1]:
            right = texts("grounds.serve", what=what, value=asked[0]["value"])
    return Ground(right, str(doc.get("norm") or ""), found=[_finding(words, texts) for words in judged_words(sample)])


def called(facet: str, value: str, lang: str) -> str:
    """What a family of attacks, a type of data or a channel is called."""
    texts = Texts(lang)
    names = {"family": families, "data_type": data_types, "channel": channels}
    return names[facet](texts).get(value, value) if facet in names else value


def _finding(words: str, texts: Texts) -> str:
    """The judge's words in the language of the report; others stay as they are."""
    kind, _, verdict = words.rpartition(": ")
    if verdict in _GIVEN:
        return texts(f"grounds.{_GIVEN[verdict]}", kind=_kind(kind, texts))
    if kind == "not scored":
        return texts("grounds.unfinished")
    return texts(f"grounds.{_WHOLE[words]}") if words in _WHOLE else words


def _kind(name: str, texts: Texts) -> str:
    return data_types(texts).get(name) or texts.get(f"kinds.{name}") or name
