"""Failed items as evidence: what was asked, what the model said, what would have been right, and on what basis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jeval.domain import Ground
from jeval.output import harmless
from jeval.record.samples import Sample, Span

#: Characters of a prompt and of an output that are shown, half from the beginning and half from the end.
_PROMPT, _OUTPUT = 600, 600


@dataclass(frozen=True)
class Piece:
    """A stretch of an output; ``kind``: what the judge found there, "" for nothing."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Finding:
    """A failed item; ``choice``: the output is what the model preferred among given answers, not what it wrote."""

    id: str
    score: float
    prompt: str
    output: Sequence[Piece]
    choice: bool
    ground: Ground


@dataclass(frozen=True)
class Findings:
    """The failed items of one task, the lowest scores first; ``n``: of so many scored items."""

    task: str
    title: str
    n: int
    failed: Sequence[Finding]


def failed(samples: Sequence[Sample], ground: Callable[[Sample], Ground] | None) -> list[Finding]:
    """Items with a score below 1, in the order of score, then of the items."""
    found = [(sample.score, sample) for sample in samples if sample.score is not None and sample.score < 1.0]
    return [_finding(sample, score, ground) for score, sample in sorted(found, key=lambda pair: pair[0])]


def _finding(sample: Sample, score: float, ground: Callable[[Sample], Ground] | None) -> Finding:
    likelihoods, prompts = sample.loglikelihoods, sample.prompt or [[""]]
    spans: Sequence[Span] = ()
    if likelihoods and len(likelihoods) == len(prompts) > 1:
        best = max(range(len(likelihoods)), key=lambda i: likelihoods[i])
        output = _chosen(str(prompts[best][1]), sample.doc)
    else:
        output = str((sample.outputs or [""])[0])
        spans = sample.evidence.spans if sample.evidence else ()
    told = ground(sample) if ground else Ground(found=sample.evidence.reasons if sample.evidence else ())
    return Finding(
        id=sample.id,
        score=score,
        prompt=readable(_excerpt(str(prompts[0][0]), _PROMPT)),
        output=pieces(output, spans),
        choice=bool(likelihoods),
        ground=Ground(
            readable(told.right[:1000]),
            readable(told.basis[:1000]),
            readable(told.why[:1000]),
            [readable(one[:200]) for one in told.found][:5],
        ),
    )


def _chosen(answer: str, doc: dict[str, Any]) -> str:
    """The answer with its option where it is a label alone: ``B`` → ``B. 禁じられる。…``."""
    labels, options = doc.get("choices"), doc.get("options")
    if isinstance(labels, list) and isinstance(options, list) and len(labels) == len(options) and answer in labels:
        return f"{answer}. {options[labels.index(answer)]}"
    return answer


def pieces(output: str, spans: Sequence[Span]) -> list[Piece]:
    """An output in stretches, those of ``spans`` by themselves; overlapping spans end where the next begins, and what is too long
    is cut in the middle.
    """
    found: list[Piece] = []
    place = 0
    for span in sorted(spans, key=lambda span: span.start):
        start, end = max(span.start, place), min(span.end, len(output))
        if start < end:
            found += [Piece(output[place:start]), Piece(output[start:end], span.type)]
            place = end
    found.append(Piece(output[place:]))
    return _cut([piece for piece in found if piece.text]) or [Piece("")]


def _cut(whole: list[Piece]) -> list[Piece]:
    """The beginning and the end of a text that is too long, ``[…]`` between."""
    length = sum(len(piece.text) for piece in whole)
    if length <= _OUTPUT:
        return [Piece(readable(piece.text), piece.kind) for piece in whole]
    kept: list[Piece] = []
    place, gap = 0, False
    for piece in whole:
        end = place + len(piece.text)
        head = piece.text[: max(0, _OUTPUT // 2 - place)]
        tail = piece.text[max(0, length - _OUTPUT // 2 - place) :] if end > length - _OUTPUT // 2 else ""
        if head:
            kept.append(Piece(readable(head), piece.kind))
        if len(head) < len(piece.text) and not gap:
            kept.append(Piece(" […] "))
            gap = True
        if tail and len(head) < len(piece.text):
            kept.append(Piece(readable(tail), piece.kind))
        place = end
    return kept


def readable(text: str) -> str:
    """``text`` with marks that hide or turn it written out (U+202E and the like), line breaks kept."""
    return harmless(text, keep="\n\t")


def _excerpt(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length // 2] + " […] " + text[-length // 2 :]
