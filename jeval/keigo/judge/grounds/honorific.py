"""The honorific: the predicate carries the target type, on the right person.

That is what was asked for. 尊敬語 raises the one who acts and therefore not the speaker; 謙譲語I raises the one acted on, so it needs
one and is not for what the honoured person does; 丁寧語 is です・ます without more; plain has none of it. A sentence without a verb
may carry the type on a noun.

Refused: 社長が来る。 → 社長が来ます。 (sonkeigo: no sonkeigo on the predicate)
Accepted: 社長が来る。 → 社長がお見えになります。 (sonkeigo)
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from jeval.keigo.judge.comparison import Comparison
from jeval.keigo.judge.morphemes import morphemes
from jeval.keigo.judge.tables import expression, word_class


def reasons(compared: Comparison) -> list[str]:
    """Why the answer does not carry ``compared.target``; one reason, two for 丁寧語."""
    return _OF_TARGET[compared.target](compared)


def _plain(compared: Comparison) -> list[str]:
    left = [form.surface for form in compared.after.forms if form.type != "bikago"]
    if not left and compared.after.style != "plain":
        left = [compared.answer]
    return [f"honorific left: {' '.join(left)}"] if left else []


def _teineigo(compared: Comparison) -> list[str]:
    found = [] if compared.after.style in {"polite", "formal"} else ["not in です・ます"]
    raised = _new_on_predicate(compared) & {"sonkeigo", "kenjogo1"}
    return found + ([f"{' '.join(sorted(raised))} instead of teineigo"] if raised else [])


def _bikago(compared: Comparison) -> list[str]:
    pairs = pairwise(morphemes(compared.answer))
    if any(prefix.is_a("go_prefix") and word.is_a("native", "with_o") for prefix, word in pairs):
        return ["お and ご confused"]
    return [] if _prefixes(compared.answer) > _prefixes(compared.source) else ["no bikago"]


def _sonkeigo(compared: Comparison) -> list[str]:
    given, said = compared.given, compared.said
    new = _new_on_predicate(compared)
    if said.request and "kenjogo1" in new:
        return ["kenjogo1 for what the addressee is asked to do"]
    if said.request and "kenjogo2" in new and expression("itasu_verb").search(compared.answer):
        return ["kenjogo2 for what the addressee is asked to do"]
    if _has_o_suru(compared) and _only_person_acts(compared):
        return ["kenjogo1 for what the honoured person does"]
    on_predicate = compared.carried_after.predicate
    by_reru = said.reru > given.reru and on_predicate.isdisjoint({"kenjogo1", "kenjogo2"})
    if "sonkeigo" in on_predicate or by_reru:
        return ["sonkeigo for the speaker"] if _speaker_is_raised(compared) else []
    return _on_noun_only(compared)


def _kenjogo1(compared: Comparison) -> list[str]:
    return [] if "kenjogo1" in compared.carried_after.predicate else _on_noun_only(compared)


def _kenjogo2(compared: Comparison) -> list[str]:
    if _has_o_suru(compared) and word_class("object").isdisjoint(compared.given.persons.values()):
        return ["kenjogo1 with nobody to raise"]
    return [] if "kenjogo2" in compared.carried_after.predicate else _on_noun_only(compared)


_OF_TARGET: dict[str, Callable[[Comparison], list[str]]] = {
    "sonkeigo": _sonkeigo,
    "kenjogo1": _kenjogo1,
    "kenjogo2": _kenjogo2,
    "teineigo": _teineigo,
    "bikago": _bikago,
    "plain": _plain,
}


def _on_noun_only(compared: Comparison) -> list[str]:
    """Enough in a sentence without a verb."""
    if compared.target in compared.carried_after.noun and not compared.given.has_verb:
        return []
    return [f"no {compared.target} on the predicate"]


def _new_on_predicate(compared: Comparison) -> set[str]:
    """The types that the predicate has in the answer and had not in the source."""
    return compared.carried_after.predicate - compared.carried_before.predicate


def _has_o_suru(compared: Comparison) -> bool:
    """Whether the answer has お読みする: the frame お〜する without いたす."""
    return any(form.type == "kenjogo1" and expression("o_suru").match(form.surface) for form in compared.after.forms)


def _only_person_acts(compared: Comparison) -> bool:
    """Whether the source names one person, its subject, who is not the speaker."""
    persons = compared.given.persons
    return len(persons) == 1 and "self" not in persons and word_class("subject").issuperset(persons.values())


def _speaker_is_raised(compared: Comparison) -> bool:
    """Whether the speaker is the one subject of the predicate."""
    given, said = compared.given.persons, compared.said.persons
    subject = word_class("subject")
    speaker = said.get("self", given.get("self", ""))
    return speaker in subject and sum(particle in subject for particle in given.values()) == 1


def _prefixes(text: str) -> int:
    """How many words of ``text`` are beautified."""
    return sum(one.is_a("bikago_word") for one in morphemes(text))
