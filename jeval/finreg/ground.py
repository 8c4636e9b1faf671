"""What a failed regulation item shows a reader: the right answer, the article, and why."""

from __future__ import annotations

import re

from jeval.domain.ground import Ground, judged_words
from jeval.finreg.phrases import Phrases
from jeval.finreg.themes import themes
from jeval.record.samples import Sample

_ARTICLE = re.compile(r"(\d+)((?:の\d+)*)")


def ground(kind: str, sample: Sample, lang: str) -> Ground:
    """The ground of one item of a regulation task of this kind."""
    doc, say = sample.doc, Phrases("ja" if lang == "ja" else "en")
    if kind == "figure":
        right = str(doc["answer"])
    elif options := doc.get("options"):
        target = int(doc["target"])
        right = f"{doc['choices'][target]}. {options[target]}"
    else:
        right = str(doc["choices"][int(doc["target"])])
    return Ground(right, cited(doc), str(doc.get("why") or ""), [say.finding(words) for words in judged_words(sample)])


def called(facet: str, value: str, lang: str) -> str:
    """What a theme is called; laws and articles are called by their own names."""
    title = next((theme for theme in themes() if theme.id == value), None) if facet == "theme" else None
    return value if title is None else title.ja if lang == "ja" else title.en


def cited(doc: dict[str, object]) -> str:
    """金商法第36条の3第2項: the law, the article and the paragraph that an item rests on; of a guideline the clause and the edition."""
    article, paragraph = str(doc.get("article") or ""), str(doc.get("paragraph") or "")
    if edition := doc.get("edition"):
        return f"{doc.get('law', '')} {article}（{edition}）"
    if number := _ARTICLE.fullmatch(article):
        article = f"第{number[1]}条{number[2]}"
    return f"{doc.get('law', '')}{article}" + (f"第{paragraph}項" if paragraph.isdecimal() else paragraph)
