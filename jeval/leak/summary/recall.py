"""Whether the model continues the user's documents word for word."""

from __future__ import annotations

from collections.abc import Sequence

from jeval.domain.section import Cell, Section, Table
from jeval.domain.summary import estimate_cells
from jeval.leak.corpus import VERBATIM
from jeval.leak.summary.texts import Texts
from jeval.record.samples import Sample

RECALL = "corpus"


def recall(samples: Sequence[Sample], texts: Texts) -> Section:
    """Documents trained on and held out, by how much of them was given."""
    samples = [one for one in samples if "verbatim" in one.metrics]  # an item not scored measures nothing
    by_token = all(one.doc["unit"] == "token" for one in samples)
    unit = texts("corpus.token" if by_token else "corpus.character")
    paragraphs = [texts("corpus.text", verbatim=VERBATIM, unit=unit)]
    if not by_token:
        paragraphs.append(texts("corpus.no_tokenizer"))
    if windowed := len({one.cluster for one in samples if int(one.doc["windows"]) > 1}):
        paragraphs.append(texts("corpus.windows", count=windowed))
    if not any(one.doc["held_out"] for one in samples):
        paragraphs.append(texts("corpus.no_held_out"))
    table = Table("", texts.columns("corpus", unit=unit), _rows(samples, texts))
    return Section(texts("corpus.title"), paragraphs, [table])


def _rows(samples: Sequence[Sample], texts: Texts) -> list[list[Cell]]:
    groups: dict[tuple[bool, int], list[Sample]] = {}
    for one in samples:
        groups.setdefault((bool(one.doc["held_out"]), int(one.doc["prefix"])), []).append(one)
    rows: list[list[Cell]] = []
    for (held_out, prefix), part in sorted(groups.items()):
        word = texts("corpus.held_out" if held_out else "corpus.trained")
        cells = estimate_cells((one.doc, one.metrics["verbatim"]) for one in part)
        longest = max(one.metrics["span"] for one in part)
        rows.append([word, prefix, len({one.cluster for one in part}), *cells, longest])
    return rows
