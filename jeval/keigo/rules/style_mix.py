"""style-mix: 常体 and 敬体 in one utterance.

Sentences of one utterance end in one style. Reported is the first of the rarer ones, of the plain ones where there are
as many. What is said to oneself or cried out, proverbs, headings, remarks in （） and quoted words have a style of their own.

SOURCE: 文体 (常体と敬体)

WRONG: 手続きは完了した。書類は明日届きます。
RIGHT: 手続きは完了しました。書類は明日届きます。

WRONG: 審査が終わりました。結果をお知らせします。担当は田中だ。
RIGHT: 審査が終わりました。結果をお知らせします。担当は田中です。

WRONG: 見積もりは高かった。来週までに決めます。
RIGHT: すばらしい！早速進めましょう（費用は別途かかる）。雨なら延期でもいいかな。
"""

from __future__ import annotations

from jeval.keigo.style import Ending, overall


def find(endings: list[Ending]) -> tuple[int, int] | None:
    """Where the style changes, in the text as given."""
    if overall(endings) != "mixed":
        return None
    firm = [ending for ending in endings if ending.firm]
    plain = [ending for ending in firm if ending.style == "plain"]
    other = [ending for ending in firm if ending.style != "plain"]
    first = plain[0] if len(plain) <= len(other) else other[0]
    return first.start, first.end
