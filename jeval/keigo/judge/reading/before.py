"""What stands before a verb that only helps another word: a stem after お, a noun of an act, a copula."""

from __future__ import annotations

from jeval.keigo.judge.morphemes import NOTHING
from jeval.keigo.judge.reading.cursor import Cursor


def after_stem(cursor: Cursor) -> bool:
    """Whether お + stem stands before, perhaps with a particle between: お読みに, ご説明を, ご覧."""
    step = -1
    while step > -3 and cursor.at(step).is_a("inside_frame"):
        step -= 1
    stem = cursor.at(step)
    if stem.is_a("goran"):
        return True
    if not cursor.has_prefix(step, 2):
        return False
    between = cursor.at(step + 1)
    if step == -1 or (between.is_a("ni") and cursor.here.is_a("naru")):
        return True
    return between.is_a("wo", "ha", "mo") and stem.is_a("sahen")


def after_bare_stem(cursor: Cursor) -> bool:
    """Whether a verb of benefit follows the stem of another: お気をつけください, お聞かせください."""
    before = cursor.at(-1)
    return cursor.here.is_a("benefactive") and before.is_a("stem_form") and before.is_a("verb", "causative")


def after_noun(cursor: Cursor) -> bool:
    """Whether する (いたす, なさる, できる) here makes a verb of the noun before it: 説明する, 説明をする."""
    if cursor.at(-2) is not NOTHING and cursor.at(-1).is_a("wo", "ha", "mo", "ga"):
        return cursor.at(-2).is_a("does")
    return cursor.at(-1).is_a("does")


def after_koto(cursor: Cursor) -> bool:
    """読むことが(できる)."""
    return cursor.at(-1).is_a("ga", "ha", "mo") and cursor.at(-2).is_a("koto")


def after_copula(cursor: Cursor) -> bool:
    """Whether で of a copula stands before: で(は)いらっしゃる, でございます, である."""
    step = -2 if cursor.at(-1).is_a("ha", "mo") else -1
    de, head = cursor.at(step), cursor.at(step - 1)
    if head is NOTHING or not de.is_a("te_de"):
        return False
    return de.is_a("da") or (de.is_a("de") and head.is_a("copula_head"))
