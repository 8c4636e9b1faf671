"""Values that only their label makes what they are: short numbers, codes, and words about a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jeval.leak.identifiers.found import Found
from jeval.leak.identifiers.pages import Page

_END = r"(?![A-Za-z0-9])"
_VALUES = {
    "pin": re.compile(rf"[0-9]{{4,8}}{_END}(?!-)"),
    "card_code": re.compile(rf"[0-9]{{3,4}}{_END}(?!-)"),
    "card_expiry": re.compile(rf"(?:0[1-9]|1[0-2])[ ]?/[ ]?(?:20)?[2-5][0-9]{_END}(?![/-])"),
    "customer_id": re.compile(rf"(?=[A-Za-z._-]{{0,11}}[0-9])[A-Za-z0-9](?:[A-Za-z0-9._-]{{2,30}})[A-Za-z0-9]{_END}"),
    "iban": re.compile(rf"[A-Z]{{2}}[0-9]{{2}}(?:[ -]?[A-Z0-9]{{2,4}}){{2,8}}{_END}"),
    "bic": re.compile(rf"[A-Z]{{6}}[A-Z0-9]{{2}}(?:[A-Z0-9]{{3}})?{_END}"),
    "passport": re.compile(rf"(?:[A-Za-z]{{1,2}}[ -]?[0-9]{{6,8}}|[0-9]{{9}}){_END}"),
    "residence_card": re.compile(rf"[A-Za-z]{{2}}[ -]?[0-9]{{8}}[ -]?[A-Za-z]{{2}}{_END}"),
    "vehicle": re.compile(r"[一-鿿ぁ-ん]{1,4}[ ]?[0-9]{2,3}[A-Z]?[ ]{0,2}[ぁ-ん][ ]{0,2}[0-9・.]{1,3}-?[0-9]{1,2}"),
    "disability_certificate": re.compile(r"(?:[一-鿿]{1,8})?第?[ ]?([0-9]{4,10})[ ]?号?"),
    "registered_domicile": re.compile(r"[一-鿿][一-鿿ぁ-んァ-ヴー]{2,24}[0-9一二三四五六七八九十百]{1,5}(?:丁目|番地?|-)?[0-9一二三四五六七八九十百-]{0,8}(?:番地?|号)?"),
    "medical_history": re.compile(r"[^\n。、\x1f;|<>\"]{2,40}"),
    "drivers_license": re.compile(r"第?[ ]?([0-9]{12})[ ]?号?"),
    "insured_number": re.compile(r"[0-9]{2,8}[ ]?[・/-][ ]?[0-9]{1,7}(?![0-9-])|[0-9]{8}(?:[0-9]{2})?(?![0-9-])"),
}  # fmt: skip
#: What may stand between a label and such a value: words that do not end the sentence.
_BETWEEN = re.compile(r"(?:[ ]?(?:番号|コード|No\.?|は|が|の|:|=|第|\()){0,3}[ :=\n\"'「(]{0,4}", re.IGNORECASE)
_CARD = re.compile(
    r"カード|ｶｰﾄﾞ|クレジット|セキュリティ|VISA|Master|JCB|CVV|CVC|card|[0-9]{4}[- ][0-9]{4}[- ][0-9]{4}", re.IGNORECASE
)
_LICENCE = re.compile(r"番号[ :\n\x1f]{0,4}第[ ]?([0-9]{12})[ ]?号")
_DRIVING, _LAYOUT = re.compile(r"免許|運転"), 200
_FREE = frozenset({"medical_history"})
_NOTHING = frozenset({"なし", "無し", "特になし", "無", "有", "あり", "不明", "-", "未記入", "該当なし"})
_STATED = re.compile(r"[:=\x1f\"]")


def find_stated(page: Page) -> Iterator[Found]:
    """What the labels and headings of a page make a value of their kind."""
    text = page.text
    for mark in page.marks:
        pattern = _VALUES.get(mark.kind)
        if pattern is None or (mark.kind == "card_expiry" and not _card_near(text, mark.start)):
            continue
        for start in page.values(mark):
            gap = _BETWEEN.match(text, start)
            match = pattern.match(text, gap.end() if gap else start)
            if match is not None and _holds(text, mark.kind, mark.end, match):
                yield Found(*_span(match), mark.kind, "shaped")
                break
    for cell in page.cells:
        pattern = _VALUES.get(cell.kind)
        match = pattern.match(text, cell.start, cell.end) if pattern else None
        if match is not None and match.end() == cell.end and match.group() not in _NOTHING:
            yield Found(*_span(match), cell.kind, "shaped")

    yield from _licences(text)


def _licences(text: str) -> Iterator[Found]:
    """The number of a driving licence in the licence's own layout: 番号 第 … 号."""
    for match in _LICENCE.finditer(text):
        if _DRIVING.search(text, max(0, match.start() - _LAYOUT), match.start()):
            yield Found(*match.span(1), "drivers_license", "shaped")


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span(1) if match.re.groups else match.span()


def _card_near(text: str, start: int) -> bool:
    return _CARD.search(text, max(0, start - 120), start + 60) is not None


def _holds(text: str, kind: str, label: int, match: re.Match[str]) -> bool:
    if kind not in _FREE:
        return True
    return match.group().strip() not in _NOTHING and _STATED.search(text, label, match.start()) is not None
