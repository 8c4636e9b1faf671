"""Hooks of the regulation tasks (``tasks/finreg/*.yaml``): items to documents, prompts, targets and scores."""

from __future__ import annotations

import math
from typing import Any

from jeval.domain.dataset import as_dataset
from jeval.evidence.guesser import share_of_right
from jeval.finreg import bank
from jeval.finreg.answer import judge
from jeval.finreg.business import of_item
from jeval.finreg.layout import Layout, layouts, rotate
from jeval.finreg.schema import CHANCE, AnyItem
from jeval.finreg.templates import templates
from jeval.finreg.themes import theme_of
from jeval.record.samples import Evidence, Span

Doc = dict[str, Any]
"""One item as lm-eval has it: flat, with the prompt and what is scored."""


#: What each beginning of a task's items holds in proportion: laws, themes, places of the right answer, units of figures.
STRATA = {
    "statement": ("law", "theme", "target", "difficulty"),
    "choice": ("law", "theme", "target", "difficulty"),
    "figure": ("law", "theme", "unit", "difficulty"),
    "case": ("law", "theme", "target", "difficulty"),
}


def dataset(kind: str, suite: str = "audit", **_: object) -> dict[str, Any]:
    """``custom_dataset`` hook: the items of one kind and suite as documents, every beginning balanced by :data:`STRATA`."""
    return as_dataset(documents(kind, suite), STRATA[kind])


def documents(kind: str, suite: str) -> list[Doc]:
    """Documents of one kind and suite. Facets are flat strings; dates not recorded are ""."""
    items = bank.select(bank.load(), kind, suite)
    plan = layouts(items, len(templates()[kind]))
    return [_document(item, plan[item.id]) for item in items]


def _document(item: AnyItem, layout: Layout) -> Doc:
    template = templates()[item.kind][layout.template]
    facets = _facets(item, template.id)
    if item.kind == "statement":
        twins = [item.true, item.false] if layout.position == 0 else [item.false, item.true]
        return facets | {"prompt": template.text, "choices": twins, "target": layout.position}
    if item.kind == "figure":
        return facets | {
            "prompt": template.text.format(question=item.question),
            "question": item.question,
            "answer": item.answer,
            "value": str(item.quantity.exact),
            "unit": item.quantity.unit,
            "bound": item.quantity.bound,
        }
    options = rotate(item.options, item.answer, layout.position)
    lines = [
        template.option.format(label=label, text=option) for label, option in zip(template.labels, options, strict=True)
    ]
    return facets | {
        "prompt": template.text.format(question=item.question, options="\n".join(lines)),
        "options": options,
        "choices": list(template.labels),
        "target": layout.position,
    }


def _facets(item: AnyItem, template: str) -> Doc:
    """What every document says of its item."""
    return {
        "id": item.id,
        "suite": item.suite,
        "cluster": item.cluster,
        "chance": CHANCE[item.kind],
        "law": item.law,
        "law_id": item.law_id,
        "article": item.article,
        "paragraph": item.paragraph,
        "tier": item.tier,
        "edition": item.edition,
        "business": ", ".join(of_item(item)),
        "theme": theme_of(item.law, item.article),
        "topic": item.topic,
        "difficulty": str(item.difficulty),
        "template": template,
        "as_of": item.as_of.isoformat(),
        "in_force_from": item.in_force_from.isoformat() if item.in_force_from else "",
        "in_force_until": item.in_force_until.isoformat() if item.in_force_until else "",
        "basis": item.basis,
        "why": item.why,
    }


def text(doc: Doc) -> str:
    """``doc_to_text``: the prompt."""
    return str(doc["prompt"])


def choices(doc: Doc) -> list[str]:
    """``doc_to_choice``: the twins of a statement, or the option labels."""
    return list(doc["choices"])


def target(doc: Doc) -> int:
    """``doc_to_target``: index of the right answer in :func:`choices`."""
    return int(doc["target"])


def figure_target(doc: Doc) -> str:
    """``doc_to_target`` of the generated figure: the answer as a professional writes it (for the log only)."""
    return str(doc["answer"])


def statement_results(doc: Doc, results: list[tuple[float, bool]]) -> dict[str, float]:
    """``score``: the true twin is the likelier one (sum of log-likelihoods; a tie is 0.5).

    Own metrics: ``score_per_char`` compares log-likelihood per character; ``margin`` is the difference of the
    log-likelihoods, true minus false, in nats.
    """
    values = [float(result[0]) for result in results]
    right = target(doc)
    per_char = [value / len(twin) for value, twin in zip(values, doc["choices"], strict=True)]
    margin = values[right] - values[1 - right]
    return {
        "score": share_of_right(values, right),
        "score_per_char": share_of_right(per_char, right),
        "margin": 0.0 if math.isnan(margin) else margin,
    }


def option_results(doc: Doc, results: list[tuple[float, bool]]) -> dict[str, float]:
    """``score``: the right label is the likeliest (ties share). ``picked_1`` … ``picked_4``: which position was."""
    values = [float(result[0]) for result in results]
    shares = {f"picked_{index + 1}": share_of_right(values, index) for index in range(len(values))}
    return {"score": share_of_right(values, target(doc)), **shares}


def figure_results(doc: Doc, results: list[str]) -> dict[str, float]:
    """``score``: the generated answer is the quantity asked for. ``answered``: it names any quantity at all."""
    verdict = judge(doc, str(results[0]))
    return {"score": float(verdict.correct), "answered": float(verdict.found is not None)}


def explain_figure(doc: Doc, outputs: list[Any]) -> dict[str, Any]:
    """Evidence for the report: the span read as the answer, and why it was accepted or refused."""
    verdict = judge(doc, str(outputs[0]) if outputs else "")
    evidence = Evidence(reasons=list(verdict.reasons))
    if read := verdict.found:
        kind = "right" if verdict.correct else "wrong"
        evidence.spans.append(Span(start=read.start, end=read.end, type=kind, note=read.text))
    return evidence.model_dump()
