"""``analyze``: honorific expressions, style and misuses of an utterance."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from operator import attrgetter

from jeval.errors import InputError
from jeval.japanese.folding import Folded
from jeval.keigo import rules
from jeval.keigo.forms import FormFinder
from jeval.keigo.knowledge import Knowledge, knowledge
from jeval.keigo.misuse import Hit, MisuseFinder
from jeval.keigo.normalise import normalise
from jeval.keigo.persons import Scene, scene_of
from jeval.keigo.predicates import is_addressed
from jeval.keigo.sentence import Sentence
from jeval.keigo.style import Ending, is_firm, overall, sentence_style
from jeval.keigo.text import Piece, sentences
from jeval.keigo.types import Analysis, HonorificForm, Misuse
from jeval.keigo.unnamed import actor

_START = attrgetter("start")
_MOST = 20  # misuses in a sentence for which suggestions are tried; each takes an analysis of all of it


class Analyser:
    """The analyser over one :class:`Knowledge`; :func:`analyze` uses the installed data."""

    def __init__(self, data: Knowledge) -> None:
        self.knowledge = data
        self._find_forms = FormFinder(data)
        self._find_misuses = MisuseFinder(data)

    def __call__(self, text: str, context: Mapping[str, object] | None = None) -> Analysis:
        """See :func:`analyze`."""
        return self.document([text], [0], context)[0]

    def document(
        self, texts: Sequence[str], scopes: Sequence[object], context: Mapping[str, object] | None = None
    ) -> list[Analysis]:
        """See :func:`analyze_document`."""
        analyses: list[Analysis] = []
        endings: dict[object, list[Ending]] = {}
        bases: list[int] = []  # where each text would start if all were one, so that places in them differ
        base = 0
        for text, scope in zip(texts, scopes, strict=True):
            analysis, found = self._text(text, context)
            analyses.append(analysis)
            endings.setdefault(scope, []).extend(
                one._replace(start=one.start + base, end=one.end + base) for one in found
            )
            bases.append(base)
            base += len(text) + 1
        for rule_id, find in rules.OF_UTTERANCE:
            for of_scope in endings.values():
                if place := find(of_scope):
                    at = bisect_right(bases, place[0]) - 1
                    start, end = (offset - bases[at] for offset in place)
                    analyses[at] = self._blamed(analyses[at], rule_id, start, end)
        return analyses

    def _text(self, text: str, context: Mapping[str, object] | None) -> tuple[Analysis, list[Ending]]:
        """What its sentences hold, each by itself, and how they end."""
        normal = normalise(text)
        expressions = self.knowledge.expressions
        if not expressions["japanese"].search(text) and not expressions["japanese"].search(normal.text):
            return Analysis(text, None, (), ()), []
        forms: list[HonorificForm] = []
        errors: list[Misuse] = []
        endings: list[Ending] = []
        quoting = False  # whether a sentence has announced what is read out (次のとおりです。)
        text_end = len(normal.text.rstrip())
        for piece, sentence in self.read(normal, context):
            forms += self._forms(sentence, text)
            errors += self._misuses(sentence, text)
            if endings and sentence.matches("takes_up", sentence.prose):
                endings[-1] = endings[-1]._replace(firm=False)  # そんな声 …: what was said before is reported
            endings += self._ending(sentence, piece.start + len(piece.masked) >= text_end, quoting)
            quoting = quoting or (
                piece.start + len(piece.masked) < text_end and sentence.matches("quotes_ahead", sentence.prose)
            )
        style = overall(endings) or self._style_without_predicate(normal, forms)
        return Analysis(text, style, tuple(forms), tuple(errors)), endings

    def _blamed(self, analysis: Analysis, rule_id: str, start: int, end: int) -> Analysis:
        """The analysis with what a rule of utterances found at that place."""
        misuse = Misuse(self.knowledge.by_id[rule_id].type, analysis.text[start:end], start, end, rule_id)
        return replace(analysis, errors=tuple(sorted((*analysis.errors, misuse), key=_START)))

    def read(self, normal: Folded, context: Mapping[str, object] | None) -> Iterator[tuple[Piece, Sentence]]:
        """The sentences of a normalised text with their honorific expressions; each knows who was called in those before it."""
        scene = scene_of(context, self.knowledge)
        for piece in sentences(normal, self.knowledge):
            sentence = self._sentence(piece, normal, scene)
            yield piece, sentence
            may_call = self.knowledge.expressions["may_call"].search(piece.masked)
            if not scene.called and may_call and is_addressed(sentence):
                scene = replace(scene, called=True)

    def _forms(self, sentence: Sentence, text: str) -> list[HonorificForm]:
        found = []
        for form in sentence.forms:
            start, end = sentence.place(form.start, form.end)
            found.append(HonorificForm(text[start:end], start, end, form.type))
        return found

    def _misuses(self, sentence: Sentence, text: str) -> list[Misuse]:
        hits = list(self._find_misuses(sentence))
        if not hits:
            return []
        hits = _distinct(hits)
        found = []
        for hit in hits:
            start, end = sentence.origin(hit.start, hit.end)
            sure = _sureness(sentence, hit) if hit.rule.id in rules.OF_UNNAMED else None
            trial = partial(self._suggestion, sentence, hit, hits)
            found.append(Misuse(hit.rule.type, text[start:end], start, end, hit.rule.id, sure, trial))
        return found

    def _suggestion(self, sentence: Sentence, hit: Hit, hits: list[Hit]) -> str | None:
        suggestion = hit.rule.suggestion(sentence.text[hit.start : hit.end], sentence.text[hit.end : hit.end + 3])
        if suggestion is None or len(hits) > _MOST or not self._mends(sentence, hit, suggestion, hits):
            return None
        return suggestion

    def _mends(self, sentence: Sentence, hit: Hit, suggestion: str, hits: list[Hit]) -> bool:
        """Whether the sentence with the suggestion in it has one misuse less, and none that it did not have."""
        text = sentence.text[: hit.start] + suggestion + sentence.text[hit.end :]
        left = Counter(
            (other.rule.id, piece.text[other.start : other.end])
            for piece in sentences(normalise(text), self.knowledge)
            for other in _distinct(list(self._find_misuses(self._sentence(piece, normalise(text), sentence.scene))))
        )
        before = Counter((other.rule.id, sentence.text[other.start : other.end]) for other in hits if other is not hit)
        return left <= before

    def _sentence(self, piece: Piece, normal: Folded, scene: Scene) -> Sentence:
        sentence = Sentence(piece, normal, scene, self.knowledge)
        sentence.forms = self._find_forms(sentence)
        return sentence

    def _ending(self, sentence: Sentence, last: bool, quoting: bool) -> list[Ending]:
        """How the sentence ends, if that counts: a plain end without a full stop may be a heading, or cut off."""
        style, at = sentence_style(sentence)
        if style is None or (style == "plain" and not last and not sentence.matches("ended", sentence.prose)):
            return []
        return [
            Ending(style, *sentence.place(at, at + 1), firm=style != "plain" or (not quoting and is_firm(sentence, at)))
        ]

    def _style_without_predicate(self, normal: Folded, forms: list[HonorificForm]) -> str:
        if self.knowledge.expressions["invitation"].search(normal.text):
            return "polite"
        return "polite" if any(form.type == "teineigo" for form in forms) else "plain"


def _sureness(sentence: Sentence, hit: Hit) -> float | None:
    """How sure the cue is that tells whose act the form found is."""
    for form in sentence.forms:
        if sentence.characters(*form.span) == (hit.start, hit.end):
            cue = actor(sentence, form)
            return cue.sure if cue is not None else None
    return None


def _distinct(hits: list[Hit]) -> list[Hit]:
    """One finding per place; where spans overlap, the earlier rule stays."""
    kept: list[Hit] = []
    for hit in hits:
        if not any(hit.start < other.end and other.start < hit.end for other in kept):
            kept.append(hit)
    return sorted(kept, key=_START)


@lru_cache(maxsize=2)
def _analyser(contested: bool = False) -> Analyser:
    return Analyser(knowledge(contested))


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


def analyze_document(
    texts: Sequence[str], scopes: Sequence[object], context: Mapping[str, object] | None = None, contested: bool = False
) -> list[Analysis]:
    """Analyse the paragraphs, headings, cells … of a document, each by itself, and the style over all of one scope.

    Args:
        scopes: for each text, what its style is judged with: equal values belong together.
        context: as in :func:`analyze`, of all of them.
        contested: find what authorities dispute, too.
    """
    return _analyser(contested).document(texts, scopes, context)


__all__ = ["Analyser", "analyze", "analyze_document"]
