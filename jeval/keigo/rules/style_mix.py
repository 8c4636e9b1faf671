"""style-mix: 常体 and 敬体 in one utterance.

Sentences of one utterance end in one style. Reported is the first of the rarer ones, of the plain ones where there are
as many.

SOURCE: 文体 (常体と敬体)

WRONG: 手続きは完了した。書類は明日届きます。
RIGHT: 手続きは完了しました。書類は明日届きます。

WRONG: 審査が終わりました。結果をお知らせします。担当は田中だ。
RIGHT: 審査が終わりました。結果をお知らせします。担当は田中です。
"""

from __future__ import annotations

from jeval.keigo.style import Ending, overall


def find(endings: list[Ending]) -> tuple[int, int] | None:
    """Where the style changes, in the text as given."""
    if overall(endings) != "mixed":
        return None
    plain = [ending for ending in endings if ending.style == "plain"]
    other = [ending for ending in endings if ending.style != "plain"]
    first = plain[0] if len(plain) <= len(other) else other[0]
    return first.start, first.end
