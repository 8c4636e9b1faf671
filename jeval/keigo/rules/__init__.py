"""Misuses that depend on who is who, and conditions of the rules in ``rules.yaml``: one module a rule.

A module is named by the rule's id and tells in its docstring what is wrong, why, the place in 敬語の指針, and examples that
the tests run. Its entry in ``rules.yaml`` has the type, the message and what else a rule of patterns has.

The tuples below are read in order. Of the rules asked about one form the first that finds something is the only one
reported: what comes first says more precisely what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jeval.keigo.patterns import Match
from jeval.keigo.predicates import is_favour, is_raised
from jeval.keigo.rules import (
    asked_hou,
    empty_hou,
    empty_naru,
    kenjo_dekiru,
    kenjo_question,
    kenjo_request,
    kenjo_reru,
    kenjo_subject,
    kenjo_unnamed,
    one_superior,
    sonkei_own_noun,
    sonkei_self,
    sonkei_unnamed,
    style_mix,
    superior,
    superior_or_raised,
    uchi_kenjo,
    uchi_sonkei,
    uchi_title,
)
from jeval.keigo.sentence import Form, Sentence, Span
from jeval.keigo.style import Ending

HUMBLE_TYPES = frozenset({"kenjogo1", "kenjogo2"})

FormRules = tuple[tuple[str, Callable[[Sentence, Form], Span | None]], ...]
SentenceRules = tuple[tuple[str, Callable[[Sentence], Iterator[Span]]], ...]

#: Asked about an utterance: how its sentences end.
OF_UTTERANCE: tuple[tuple[str, Callable[[list[Ending]], tuple[int, int] | None]], ...] = (
    ("style-mix", style_mix.find),
)

#: Asked about a sentence: words, whatever its predicates say.
OF_WORDS: SentenceRules = (("sonkei-own-noun", sonkei_own_noun.find), ("uchi-title", uchi_title.find))

#: Asked about 尊敬語: whether the one who acts may be raised.
OF_RAISED: FormRules = (
    ("sonkei-self", sonkei_self.find),
    ("uchi-sonkei", uchi_sonkei.find),
    ("sonkei-unnamed", sonkei_unnamed.find),
)

#: Asked about 謙譲語: whether the one who acts may be lowered, then whether the goal of the act may be raised.
OF_HUMBLE: FormRules = (
    ("kenjo-request", kenjo_request.find),
    ("kenjo-subject", kenjo_subject.find),
    ("kenjo-question", kenjo_question.find),
    ("kenjo-dekiru", kenjo_dekiru.find),
    ("uchi-kenjo", uchi_kenjo.find),
    ("kenjo-unnamed", kenjo_unnamed.find),
)

#: Rules that infer who acts, and so say how sure they are.
OF_UNNAMED = frozenset({"kenjo-unnamed", "sonkei-unnamed"})

#: Asked about 謙譲語 with れる・られる, which raises and lowers at once.
OF_HUMBLE_AND_RAISED: FormRules = (("sonkei-self", sonkei_self.find), ("kenjo-reru", kenjo_reru.find))

#: Asked about a favour (お読みいただく, ご確認願う): its giver is raised, which only the goal of the act can make wrong.
OF_FAVOUR: FormRules = (("uchi-kenjo", uchi_kenjo.find),)

#: ``when`` of rules.yaml: a condition on what the rule's pattern or expression matched.
CONDITIONS: dict[str, Callable[[Sentence, Match | None], bool]] = {
    "asked_hou": asked_hou.holds,
    "empty_hou": empty_hou.holds,
    "empty_naru": empty_naru.holds,
    "one_superior": one_superior.holds,
    "superior": superior.holds,
    "superior_or_raised": superior_or_raised.holds,
}


def of_form(sentence: Sentence, form: Form) -> FormRules:
    """The rules to ask about a form."""
    if form.type == "sonkeigo":
        return OF_RAISED if form.agent or form.frame == "noun" else ()
    if not form.agent or form.type not in HUMBLE_TYPES:
        return ()
    if is_favour(sentence, form):
        return OF_FAVOUR
    return OF_HUMBLE_AND_RAISED if is_raised(sentence, form) else OF_HUMBLE
