"""``analyze``: honorific expressions, style and misuses of an utterance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from operator import attrgetter

from jeval.errors import InputError
from jeval.keigo.clause import Clause
from jeval.keigo.forms import FormFinder, Found
from jeval.keigo.knowledge import Knowledge, knowledge
from jeval.keigo.misuse import MisuseFinder
from jeval.keigo.normalise import Normalised, normalise
from jeval.keigo.persons import Scene, scene_of
from jeval.keigo.style import overall, sentence_style
from jeval.keigo.text import MASK, Sentence, sentences
from jeval.keigo.tokens import Token
from jeval.keigo.types import Analysis, HonorificForm, Misuse

_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿々]")
_WIDTH = attrgetter("width")
_CALLED = re.compile(r"[長任頭様ま生授輩務取役師問監]+[、,。!?]|[長様生輩]$")
_QUESTION = re.compile(r"(?:か[ねなよ]?|[?？])[。?？\s]*$")


class Analyser:
    """The analyser over one :class:`Knowledge`; :func:`analyze` uses the installed data."""

    def __init__(self, data: Knowledge) -> None:
        self.knowledge = data
        self.find_forms = FormFinder(data)
        self.find_misuses = MisuseFinder(data)

    def __call__(self, text: str, context: Mapping[str, object] | None = None) -> Analysis:
        if not _JAPANESE.search(text) and not _JAPANESE.search(normalise(text).text):
            return Analysis(text, None, (), ())
        scene = scene_of(context)
        normal = normalise(text)
        forms: list[HonorificForm] = []
        errors: list[Misuse] = []
        styles: list[tuple[str, int, int]] = []
        soft = False
        text_end = len(normal.text.rstrip())
        for sentence in sentences(normal, self.knowledge):
            polite, called = self._sentence(sentence, normal, text, text_end, scene, forms, errors, styles)
            soft |= polite
            if called and not scene.called:
                scene = replace(scene, called=True)
        style = overall([one for one, _, _ in styles])
        if style == "mixed":
            errors = sorted([*errors, *self._mix(text, styles)], key=lambda error: error.start)
        if style is None and normal.text.rstrip("。!、 ").endswith("どうぞ"):
            style = "polite"
        if style is None:
            style = "polite" if soft else "plain"
        return Analysis(text, style, tuple(forms), tuple(errors))

    def _sentence(
        self, sentence: Sentence, normal: Normalised, text: str, text_end: int, scene: Scene, forms: list[HonorificForm],
        errors: list[Misuse], styles: list[tuple[str, int, int]],
    ) -> tuple[bool, bool]:  # fmt: skip
        tokens = self.knowledge.tagger(sentence.text)
        starts = list(accumulate(map(_WIDTH, tokens), initial=0))
        if " " in sentence.text:
            starts = [start + token.blank for start, token in zip(starts, tokens, strict=False)]

        def outer(start: int, end: int) -> tuple[int, int]:
            left, right = sentence.origin(start, end)
            return normal.span(left, right)

        masked = sentence.masked
        question = bool(_QUESTION.search(masked))
        clause = Clause(tokens, self.knowledge)
        found = self.find_forms(tokens, clause, scene, question)
        direct = sentence.offsets is None and normal.starts is None
        base = sentence.start
        for one in found:
            if direct:
                start, end = base + starts[one.start], base + starts[one.end - 1] + len(tokens[one.end - 1].surface)
                forms.append(HonorificForm(text[start:end], start, end, one.type))
                continue
            start, end = outer(starts[one.start], starts[one.end - 1] + len(tokens[one.end - 1].surface))
            forms.append(HonorificForm(text[start:end], start, end, one.type))
        said = [one for one in found if masked[starts[one.start]] != MASK] if MASK in masked else found
        misused: list[Misuse] = []
        for rule, left, right in self.find_misuses(
            sentence.text, masked, tokens, starts, clause, said, scene, question
        ):
            start, end = outer(left, right)
            suggestion = rule.suggestion(text[start:end], text[end : end + 3]) if rule.suggestions else None
            misused.append(Misuse(rule.type, text[start:end], start, end, rule.id, suggestion))
        errors.extend(_distinct(misused) if len(misused) > 1 else misused)
        last = sentence.start + len(masked) >= text_end
        self._style(tokens, starts, masked, outer, styles, last)
        vocative = clause.vocative() if _CALLED.search(masked) else None
        called = vocative is not None and vocative.role in {"out", "teacher", "superior"}
        return any(one.type == "teineigo" for one in found), called

    def _style(
        self, tokens: list[Token], starts: list[int], masked: str, outer: object, styles: list[tuple[str, int, int]],
        last: bool,
    ) -> None:  # fmt: skip
        if MASK in masked:
            kept = [i for i in range(len(tokens)) if masked[starts[i] : starts[i] + 1] != MASK]
            style, at = sentence_style([tokens[i] for i in kept], self.knowledge)
            at = kept[at] if style else at
        else:
            style, at = sentence_style(tokens, self.knowledge)
        if style is None:
            return
        if style == "plain" and not masked.rstrip().endswith(("。", "!", "?", "！", "？")) and not last:
            return
        start = starts[at]
        assert callable(outer)
        left, right = outer(start, start + len(tokens[at].surface))
        styles.append((style, left, right))

    def _mix(self, text: str, styles: list[tuple[str, int, int]]) -> list[Misuse]:
        plain = [one for one in styles if one[0] == "plain"]
        rest = [one for one in styles if one[0] != "plain"]
        _, start, end = plain[0] if len(plain) <= len(rest) else rest[0]
        return [Misuse("style_mix", text[start:end], start, end, "style-mix")]


def _distinct(errors: list[Misuse]) -> list[Misuse]:
    """One finding per place and type; where spans of two types overlap, the earlier rule stays."""
    kept: list[Misuse] = []
    for error in errors:
        if not any(error.start < other.end and other.start < error.end for other in kept):
            kept.append(error)
    return sorted(kept, key=lambda error: error.start)


@lru_cache(maxsize=1)
def _analyser() -> Analyser:
    return Analyser(knowledge())


def analyze(text: str, context: Mapping[str, object] | None = None) -> Analysis:
    """Analyse an utterance.

    ``context`` says who speaks to whom about whom, in free Japanese, every field optional:
    ``{"speaker": "自社社員", "addressee": "顧客", "referent": "自社の部長"}``. Without context and without an explicit
    subject the rules that depend on persons abstain.

    Offsets in the result are code points of ``text`` as given. ``style`` is ``None`` when the text holds no Japanese.

    Raises :class:`jeval.errors.InputError` when ``text`` is not a string or ``context`` not a mapping.
    """
    if not isinstance(text, str):
        raise InputError(f"keigo: text must be a string, not {type(text).__name__}")
    if context is not None and not isinstance(context, Mapping):
        raise InputError(
            f"keigo: context must be an object with speaker, addressee, referent, not {type(context).__name__}"
        )
    return _analyser()(text, context)


__all__ = ["Analyser", "Found", "analyze"]
