"""``analyze``: honorific expressions, style and misuses of an utterance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter

from jeval.errors import InputError
from jeval.japanese.folding import Folded
from jeval.keigo import rules
from jeval.keigo.forms import FormFinder
from jeval.keigo.knowledge import Knowledge, knowledge
from jeval.keigo.misuse import MisuseFinder
from jeval.keigo.normalise import normalise
from jeval.keigo.persons import scene_of
from jeval.keigo.predicates import is_addressed
from jeval.keigo.sentence import Sentence
from jeval.keigo.style import Ending, is_firm, overall, sentence_style
from jeval.keigo.text import sentences
from jeval.keigo.types import Analysis, HonorificForm, Misuse

_START = attrgetter("start")


class Analyser:
    """The analyser over one :class:`Knowledge`; :func:`analyze` uses the installed data."""

    def __init__(self, data: Knowledge) -> None:
        self.knowledge = data
        self._find_forms = FormFinder(data)
        self._find_misuses = MisuseFinder(data)

    def __call__(self, text: str, context: Mapping[str, object] | None = None) -> Analysis:
        """See :func:`analyze`."""
        normal = normalise(text)
        expressions = self.knowledge.expressions
        if not expressions["japanese"].search(text) and not expressions["japanese"].search(normal.text):
            return Analysis(text, None, (), ())
        scene = scene_of(context, self.knowledge)
        forms: list[HonorificForm] = []
        errors: list[Misuse] = []
        endings: list[Ending] = []
        text_end = len(normal.text.rstrip())
        for piece in sentences(normal, self.knowledge):
            sentence = Sentence(piece, normal, scene, self.knowledge)
            sentence.forms = self._find_forms(sentence)
            forms += self._forms(sentence, text)
            errors += self._misuses(sentence, text)
            if endings and sentence.matches("takes_up", sentence.prose):
                endings[-1] = endings[-1]._replace(firm=False)  # その声 …: what was said before is reported
            endings += self._ending(sentence, last=piece.start + len(piece.masked) >= text_end)
            if not scene.called and expressions["may_call"].search(piece.masked) and is_addressed(sentence):
                scene = replace(scene, called=True)
        for rule_id, find in rules.OF_UTTERANCE:
            if place := find(endings):
                errors.append(self._misuse_of_utterance(rule_id, text, *place))
                errors.sort(key=_START)
        style = overall(endings) or self._style_without_predicate(normal, forms)
        return Analysis(text, style, tuple(forms), tuple(errors))

    def _forms(self, sentence: Sentence, text: str) -> list[HonorificForm]:
        found = []
        for form in sentence.forms:
            start, end = sentence.place(form.start, form.end)
            found.append(HonorificForm(text[start:end], start, end, form.type))
        return found

    def _misuses(self, sentence: Sentence, text: str) -> list[Misuse]:
        found = []
        for hit in self._find_misuses(sentence):
            start, end = sentence.origin(hit.start, hit.end)
            suggestion = hit.rule.suggestion(text[start:end], text[end : end + 3])
            found.append(Misuse(hit.rule.type, text[start:end], start, end, hit.rule.id, suggestion))
        return _distinct(found) if len(found) > 1 else found

    def _ending(self, sentence: Sentence, last: bool) -> list[Ending]:
        """How the sentence ends, if that counts: a plain end without a full stop may be a heading, or cut off."""
        style, at = sentence_style(sentence)
        if style is None or (style == "plain" and not last and not sentence.matches("ended", sentence.prose)):
            return []
        return [Ending(style, *sentence.place(at, at + 1), firm=style != "plain" or is_firm(sentence, at))]

    def _misuse_of_utterance(self, rule_id: str, text: str, start: int, end: int) -> Misuse:
        return Misuse(self.knowledge.by_id[rule_id].type, text[start:end], start, end, rule_id)

    def _style_without_predicate(self, normal: Folded, forms: list[HonorificForm]) -> str:
        if self.knowledge.expressions["invitation"].search(normal.text):
            return "polite"
        return "polite" if any(form.type == "teineigo" for form in forms) else "plain"


def _distinct(errors: list[Misuse]) -> list[Misuse]:
    """One finding per place and type; where spans of two types overlap, the earlier rule stays."""
    kept: list[Misuse] = []
    for error in errors:
        if not any(error.start < other.end and other.start < error.end for other in kept):
            kept.append(error)
    return sorted(kept, key=_START)


@lru_cache(maxsize=1)
def _analyser() -> Analyser:
    return Analyser(knowledge())


def analyze(text: str, context: Mapping[str, object] | None = None) -> Analysis:
    """Analyse an utterance after 文化審議会答申「敬語の指針」(2007).

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


__all__ = ["Analyser", "analyze"]
