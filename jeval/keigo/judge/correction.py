"""Is a sentence with a misuse put right: the error gone, none added, the content kept?"""

from __future__ import annotations

from collections.abc import Mapping

from jeval.keigo.analysis import analyze
from jeval.keigo.judge.answer import clean
from jeval.keigo.judge.decide import content_changes
from jeval.keigo.judge.tables import expression


def judge_correction(
    wrong: str, right: str, error: str, output: str, context: Mapping[str, object] | None = None
) -> tuple[bool, bool, list[str]]:
    """``(clean, kept, reasons)`` for ``output``, the correction of ``wrong``.

    Content is compared, politeness apart, with ``wrong`` and with one right wording: agreeing with either is enough, since
    some misuses (よろしかったでしょうか, なるほどですね) are themselves in the content. A colleague's title may go with ``uchi_soto``.
    """
    answer, why = clean(output)
    if why:
        return False, False, [why]
    if _letters(answer) == _letters(wrong):
        return False, True, ["unchanged"]
    found = analyze(answer, context)
    reasons = [f"misuse: {one.type} ({one.surface})" for one in found.errors]
    if found.style == "plain" and analyze(right, context).style != "plain" and error != "style_mix":
        reasons.append("politeness lost")
    changes = min((_changes(one, answer, error, context) for one in (right, wrong)), key=len)
    return not reasons, not changes, reasons + changes


def _changes(reference: str, answer: str, error: str, context: Mapping[str, object] | None) -> list[str]:
    """What the answer says otherwise than ``reference``."""
    changes = content_changes(reference, answer, context)
    if error != "uchi_soto":
        return changes
    return [one for one in changes if not _only_titles_lost(one)]


def _only_titles_lost(reason: str) -> bool:
    name, _, lost = reason.partition(": ")
    return name == "lost" and not expression("title").sub("", lost).strip()


def _letters(text: str) -> str:
    return expression("punctuation").sub("", text)
