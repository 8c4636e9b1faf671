"""From what a model wrote to the sentence it offers as its answer.

The answer is the first line with Japanese text. Labels before it (尊敬語：, 答え：, A:), quotation marks around it and
Markdown marks are taken off; a remark in brackets behind it and sentences that speak *about* honorifics are ignored, and so
are later lines. What remains must be one rendering: a list of alternatives (A／B, 「A」または「B」) is no answer.
"""

from __future__ import annotations

import re
import unicodedata

_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")
_NAMES = "尊敬語|謙譲語(?:I+|Ⅰ|Ⅱ|1|2)?|丁重語|丁寧語|美化語|敬語|常体|普通体|敬体"
_LABEL = re.compile(
    rf"^\s*(?:[-*・●■→⇒>]+|\d+[.)、]\s*)?\s*[【\[(]?(?:(?:{_NAMES})(?:表現)?(?:への|に)?(?:変換|した文|で言うと|にすると)?"
    r"|変換(?:後|結果)?(?:の文)?|答え|回答|解答|出力|正解|結果|修正(?:後|文|案)?(?:の文)?|訂正(?:後|文)?|書き換え(?:後|た文)?(?:の文)?|直した文|正しい文|返信|返事|返答|A|Answer|Output)"
    r"[】\])]?\s*(?:[::]|→|⇒|=)\s*",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[（(][^（()）]*[)）]\s*$")
_QUOTE = re.compile(r"^[「『“\"'`*]+(.*?)[」』”\"'`*]+[。.]?$")
_SAID = re.compile(
    r"^[「『]([^「」『』]+)[」』](?:です|となります|になります|が適切です|と言います|が正しいです|でしょう)。?"
)
_ABOUT = re.compile(rf"{_NAMES}|変換し|言い換え|書き換え|という(?:表現|意味)|二重敬語|[「『][^」』]*[」』][はをがのに]")
_EITHER = re.compile(r"[^0-9０-９]\s*[／/]\s*[^0-9０-９]|または|もしくは|あるいは、")


def clean(output: str) -> tuple[str, str]:
    """``(answer, "")``, or ``("", reason)`` when there is no single Japanese answer."""
    text = unicodedata.normalize("NFKC", output).replace("\u200b", "").strip()
    text = re.sub(r"<[^<>]{1,20}>", "", text)
    if not text:
        return "", "empty"
    lines = [line.strip() for line in text.splitlines() if _JAPANESE.search(line)]
    for line in lines:
        answer = _strip(line)
        if answer.endswith(":"):
            continue  # 「以下のとおりです：」
        if _JAPANESE.search(answer):
            break
    else:
        return "", "no Japanese text"
    if _EITHER.search(answer):
        return "", "more than one rendering"
    return answer, ""


def _strip(line: str) -> str:
    for _ in range(3):
        before = line
        line = _LABEL.sub("", line, count=1).strip()
        if said := _SAID.match(line):
            line = said[1]
        if quoted := _QUOTE.match(line):
            line = quoted[1].strip()
        if line == before:
            break
    if _BRACKETED.search(line) and _JAPANESE.search(_BRACKETED.sub("", line)):
        line = _BRACKETED.sub("", line).strip()
    sentences = re.findall(r"[^。!?]+[。!?]*", line)
    kept = [one for number, one in enumerate(sentences) if number == 0 or not _ABOUT.search(one)]
    line = re.split(r"[→⇒]", "".join(kept))[-1].strip()
    if quoted := _QUOTE.match(line):
        line = quoted[1].strip()
    return line
