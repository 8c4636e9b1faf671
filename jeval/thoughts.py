r"""What a model thought aloud, and what it said: the one rule by which generated answers are read.

Reasoning models write a thought before the answer, each family between marks of its own. A thought is no part of the answer:
a right answer after it counts as one without it, and a secret in it was not told. A thought that never ends leaves
what was said before it, which is nearly always nothing: no answer.

A closing mark without an opening one ends a thought that the chat template opened in the prompt, so all before the first
such mark is thought; where nothing follows, the mark is a stray one and what stands before it is the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from jeval.japanese.folding import Folded


@dataclass(frozen=True)
class _Marks:
    """Marks of one family of models, as regular expressions.

    Attributes:
        opens, closes: of a thought.
        closing: what closes a thought in a prompt, as a template of the opening mark's groups.
        ends: also ends an open thought, but means nothing where none is open.
        alone: whether the closing mark may stand without an opening one.
    """

    opens: str
    closes: str
    closing: str
    ends: str = r"(?!)"
    alone: bool = True


_WORDS = "think|thinking|thoughts?|reasoning|reflection|scratchpad"
_MARKS = (
    _Marks(r"\[THINK\]", r"\[/THINK\]", "[/THINK]"),  # Magistral
    _Marks("◁think▷", "◁/think▷", "◁/think▷"),  # Kimi
    _Marks(r"<\|START_THINKING\|>", r"<\|END_THINKING\|>", "<|END_THINKING|>"),  # Command A Reasoning
    _Marks(r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>", "<|end_of_thought|>"),  # OpenThinker
    _Marks(r"<unused94>(?:thought)?", "<unused95>", "<unused95>"),  # MedGemma
    _Marks(r"<\|channel>\s?thought", r"<channel\|>", "<channel|>"),  # Gemma 4
    # gpt-oss (https://cookbook.openai.com/articles/openai-harmony): all channels but the final one
    _Marks(
        r"<\|channel\|>\s{0,2}(?:analysis|commentary)(?:[^<]{0,80}<\|message\|>)?",
        r"(?:<\|end\|>\s{0,2})?(?:<\|start\|>assistant\s{0,2})?<\|channel\|>\s{0,2}final[^<]{0,40}(?:<\|constrain\|>\w{1,16})?<\|message\|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        ends=r"<\|(?:end|call)\|>(?:\s{0,2}<\|start\|>assistant)?",
    ),
    # the same with its special tokens left out, as decoding leaves them out
    _Marks(r"(?-i:\A\s{0,4}(?:analysis|commentary)(?=\w))", r"(?-i:assistantfinal)", "assistantfinal", alone=False),
    # DeepSeek-R1, Qwen3 and most others; <seed:think> (Seed-OSS), <longcat_think>, <thinking>; last, since it is the widest
    _Marks(
        rf"<(\|?)((?:\w{{1,16}}[:_])?(?:{_WORDS}))\s{{0,2}}(\|?)>",
        rf"<\|?/(?:\w{{1,16}}[:_])?(?:{_WORDS})\s{{0,2}}\|?>",
        r"<\1/\2\3>",
    ),
)
_MARK = re.compile(
    "|".join(f"(?P<o{n}>{m.opens})|(?P<c{n}>{m.closes})|(?P<e{n}>{m.ends})" for n, m in enumerate(_MARKS)),
    re.IGNORECASE,
)
_OPEN_AT_END = [(re.compile(rf"(?:{m.opens})(\s{{0,8}})\Z", re.IGNORECASE), m.closing) for m in _MARKS if m.alone]


UNFINISHED = "the thought does not end"

LONGEST = 16_384
"""Characters of an answer that are judged; what stands behind them is not read."""


@dataclass(frozen=True)
class Said:
    """An output without its thoughts.

    Attributes:
        answer: what is left, every character knowing its place in the output.
        thought: whether there was a thought.
        unfinished: whether the last thought has no end: the answer then says only what came before it.
        end: where the mark stands that ended the last thought, -1 where none did.
    """

    answer: Folded
    thought: bool = False
    unfinished: bool = False
    end: int = -1

    @property
    def text(self) -> str:
        """The answer as text."""
        return self.answer.text

    @property
    def nothing(self) -> bool:
        """Whether a thought without end is all there is."""
        return self.unfinished and not self.text


def said(output: str) -> Said:
    """``output`` without its thoughts, and without the white space that followed one; any other text as it is.

    >>> said("<think>尊敬語に。</think>\\n\\nお読みになる。").text
    'お読みになる。'
    >>> said("<think>まず").nothing
    True
    """
    shown: list[tuple[int, int]] = []
    start, end, inside, thought, stray = 0, -1, "", False, -1
    for mark in _MARK.finditer(output):
        kind, family = str(mark.lastgroup)[0], str(mark.lastgroup)[1:]
        if inside:
            if kind != "o" and family == inside:
                start, end, inside = mark.end(), mark.start(), ""
        elif kind == "o":
            shown.append((start, mark.start()))
            inside, thought = family, True
        elif kind == "c" and _MARKS[int(family)].alone:
            shown.append((start, mark.start()))
            if not thought:
                stray, end, thought = len(shown), mark.start(), True
            start = mark.end()
    if not thought:
        return Said(Folded(output))
    if not inside:
        shown.append((start, len(output)))
    if stray > 0 and not _text(output, shown[stray:]).strip():
        return Said(_folded(output, shown), thought=bool(inside), unfinished=bool(inside), end=end)
    return Said(_folded(output, shown[max(stray, 0) :]), thought=True, unfinished=bool(inside), end=end)


def judged(output: str) -> Said:
    """What a judge reads of ``output``: the answer, of which no more than :data:`LONGEST` characters count."""
    heard = said(output)
    whole = heard.answer
    if len(whole.text) <= LONGEST:
        return heard
    starts, ends = (None if one is None else one[:LONGEST] for one in (whole.starts, whole.ends))
    return replace(heard, answer=Folded(whole.text[:LONGEST], starts, ends))


def unended(output: str) -> str:
    """``output`` as if its last thought had not come to an end."""
    cut = output[: max(said(output).end, 0)]
    return cut if said(cut).unfinished else "<think>" + cut


def _text(output: str, shown: list[tuple[int, int]]) -> str:
    return "".join(output[start:end] for start, end in shown)


def _folded(output: str, shown: list[tuple[int, int]]) -> Folded:
    text = _text(output, shown)
    starts = [place for start, end in shown for place in range(start, end)][len(text) - len(text.lstrip()) :]
    return Folded(text.lstrip(), starts, [start + 1 for start in starts])


def opened(prompt: str) -> str:
    """The mark, with the white space behind it, by which ``prompt`` ends inside a thought; "" where it does not."""
    return next(
        (found[0] for pattern, _ in _OPEN_AT_END if (found := pattern.search(prompt, max(0, len(prompt) - 200)))), ""
    )


def closed(prompt: str) -> str:
    """``prompt`` with the thought ended that it opens at its end, as templates write a thought left out."""
    for pattern, closing in _OPEN_AT_END:
        if found := pattern.search(prompt, max(0, len(prompt) - 200)):
            break_ = "" if found[0].rstrip() != found[0] else "\n"
            return f"{prompt}{break_}\n{found.expand(closing)}\n\n"
    return prompt


def is_closing(mark: str) -> bool:
    """Whether ``mark`` is one by which this module knows the end of a thought."""
    return any(re.fullmatch(marks.closes, mark.strip(), re.IGNORECASE) for marks in _MARKS)
