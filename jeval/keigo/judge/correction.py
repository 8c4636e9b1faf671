"""Is a sentence with a misuse put right: the error gone, none added, the content kept?"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jeval.keigo.analysis import analyze
from jeval.keigo.judge.answer import clean
from jeval.keigo.judge.decide import content_changes

_TITLES = re.compile(r"部長|課長|支店長|次長|室長|専務|常務|所長|係長|主任|店長|社長|会長")


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
    if _same(answer, wrong):
        return False, True, ["unchanged"]
    found = analyze(answer, context)
    reasons = [f"misuse: {one.type} ({one.surface})" for one in found.errors]
    if found.style == "plain" and analyze(right, context).style != "plain" and error != "style_mix":
        reasons.append("politeness lost")
    best: list[str] | None = None
    for reference in (right, wrong):
        changes = content_changes(reference, answer, context)
        if error == "uchi_soto":
            changes = [
                one for one in changes if not (one.startswith("lost: ") and not _TITLES.sub("", one[6:]).strip())
            ]
        if best is None or len(changes) < len(best):
            best = changes
    return not reasons, not best, reasons + (best or [])


def _same(one: str, other: str) -> bool:
    return re.sub(r"[\s、。]", "", one) == re.sub(r"[\s、。]", "", other)
