"""From what a model wrote to the sentence it offers as its answer.

Thoughts are no answer (:mod:`jeval.thoughts`). The answer is the first line with Japanese text. Labels before it (尊敬語：, 答え：, A:), quotation marks around it and
Markdown marks are taken off; a remark in brackets behind it and sentences that speak *about* honorifics are ignored, and so
are later lines. What remains must be one rendering: a list of alternatives (A／B, 「A」または「B」) is no answer.
"""

from __future__ import annotations

import unicodedata

from jeval.keigo.judge.tables import expression
from jeval.thoughts import UNFINISHED, judged

_LINE = 2048  # characters of the line that is read; a sentence is shorter


def clean(output: str) -> tuple[str, str]:
    """``(answer, "")``, or ``("", reason)`` when there is no single Japanese answer."""
    heard = judged(output)
    text = unicodedata.normalize("NFKC", heard.text).replace("\u200b", "").strip()
    text = expression("tag").sub("", text)
    if not text:
        return "", UNFINISHED if heard.unfinished else "empty"
    for line in text.splitlines():
        answer = _bare(line.strip()[:_LINE]) if _is_japanese(line) else ""
        if _is_japanese(answer) and not answer.endswith(":"):  # 「以下のとおりです：」 only announces it
            break
    else:
        return "", "no Japanese text"
    if expression("alternatives").search(answer):
        return "", "more than one rendering"
    return answer, ""


def _is_japanese(text: str) -> bool:
    return bool(expression("japanese").search(text))


def _bare(line: str) -> str:
    """The line without what stands around its answer."""
    for _ in range(3):  # a label may stand in quotation marks, and a quotation behind a label
        before = line
        line = expression("label").sub("", line, count=1).strip()
        if offered := expression("offered").match(line):
            line = offered[1]
        line = _unquoted(line)
        if line == before:
            break
    without_remark = expression("remark").sub("", line)
    if without_remark != line and _is_japanese(without_remark):
        line = without_remark.strip()
    first, *others = expression("sentence").findall(line) or [""]
    kept = first + "".join(one for one in others if not expression("about_honorifics").search(one))
    return _unquoted(expression("arrow").split(kept)[-1].strip())


def _unquoted(line: str) -> str:
    quoted = expression("quoted").match(line)
    return quoted[1].strip() if quoted else line
