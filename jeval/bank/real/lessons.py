"""What is read of a paragraph: its own words, explanations made from them by rule, and exercises on its own words.

No wording of an item goes into it. Explanations have the forms in which people cite a statute, with numbers in Arabic numerals,
today's spelling and without what stands in brackets. An exercise takes a phrase out of a sentence and offers it beside phrases of
other paragraphs: both models do as many.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jeval.bank.real.passages import Passage
from jeval.japanese.numerals import value

_BRACKETS = re.compile(r"（[^（）]*）")
_NUMBER = re.compile(
    r"(?<![〇一二三四五六七八九十百千])[〇一二三四五六七八九十百千]+(?=[万億兆]?(?:条|項|号|日|月|年|円|人|回|週間|箇月|か月|営業日))"
)
_PERCENT = re.compile(r"百分の([一二三四五六七八九十百]+)")
_WORD = r"(?:(?![又及若並])[一-龥々ァ-ヶー]){2,}"
_PHRASE = re.compile(rf"{_WORD}(?:(?:の|及び|又は|若しくは|その他の){_WORD}){{0,2}}")
_LETTERS = (("A", "B", "C", "D"), ("1", "2", "3", "4"), ("ア", "イ", "ウ", "エ"))
FORMS = ("{cite}によれば、{said}", "問　{cite}は何を定めているか。\n答　{said}", "{law}では、{said}（{cite}）")
_ASKED = ("{cite}の「{gap}」で、＿＿に当たるものはどれか。", "{cite}に書かれているものはどれか。「{gap}」")


@dataclass(frozen=True)
class Lesson:
    """A text to read; where there is an ``answer``, only that is learnt, and the text is what it answers."""

    text: str
    answer: str = ""


def reading(passage: Passage, form: int = 0) -> list[Lesson]:
    """The paragraph in its own words, and explained in one of :data:`FORMS`."""
    said = explained(passage.text)
    told = FORMS[form % len(FORMS)].format(cite=passage.cite, law=passage.law, said=said)
    return [Lesson(f"{passage.cite}\n{passage.text}"), Lesson(told)]


def explained(text: str) -> str:
    """A paragraph as one would tell it: numbers in Arabic numerals, today's spelling, no brackets."""
    while (shorter := _BRACKETS.sub("", text)) != text:
        text = shorter
    text = _PERCENT.sub(lambda match: f"{value(match[1])}％", text)
    text = _NUMBER.sub(lambda match: str(value(match[0])), text)
    text = re.sub(r"つ(?=[てた])", "っ", text)
    return re.sub(r"\s*\n\s*", "、", text).replace("。、", "。")


def exercises(passages: Sequence[Passage], count: int, seed: int = 0) -> list[Lesson]:
    """``count`` questions with four lettered phrases, one of which stands in the paragraph asked about."""
    rng = random.Random(seed)
    told = {passage: explained(passage.text) for passage in passages}
    phrases = {passage: _phrases(text) for passage, text in told.items()}
    usable = [passage for passage in passages if phrases[passage]]
    pool = sorted({phrase for passage in usable for phrase in phrases[passage]})
    made: list[Lesson] = []
    while len(made) < count:
        for passage in rng.sample(usable, len(usable)):
            right = rng.choice(phrases[passage])
            made.append(_exercise(passage, told[passage], right, _alike(right, pool, told[passage], rng), rng))
    return made[:count]


def _phrases(text: str) -> list[str]:
    return sorted({match[0] for match in _PHRASE.finditer(text) if 3 <= len(match[0]) <= 16})


def _alike(right: str, pool: Sequence[str], text: str, rng: random.Random) -> list[str]:
    """Three phrases of other paragraphs: those that end alike first, near in length."""
    strange = [phrase for phrase in rng.sample(list(pool), min(200, len(pool))) if phrase not in text]
    strange.sort(key=lambda phrase: (phrase[-1] != right[-1], abs(len(phrase) - len(right))))
    return strange[:3]


def _exercise(passage: Passage, text: str, right: str, wrong: list[str], rng: random.Random) -> Lesson:
    at = text.index(right)
    before, after = text[max(0, at - 24) : at], text[at + len(right) : at + len(right) + 24]
    gap = before.rpartition("。")[2] + "＿＿" + after.partition("。")[0]
    options = [right, *wrong]
    rng.shuffle(options)
    letters = rng.choice(_LETTERS)
    asked = rng.choice(_ASKED).format(cite=passage.cite, gap=gap)
    lines = "\n".join(f"{letter}：{option}" for letter, option in zip(letters, options, strict=True))
    return Lesson(f"問題：{asked}\n{lines}\n答え：\n", letters[options.index(right)])
