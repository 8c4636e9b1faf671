"""Personal names beside an honorific or a label, and dates of birth."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

import yaml

from jeval.leak.numbers import Found
from jeval.resources import data_path

ERAS = {
    "明治": 1868,
    "大正": 1912,
    "昭和": 1926,
    "平成": 1989,
    "令和": 2019,
    "M": 1868,
    "T": 1912,
    "S": 1926,
    "H": 1989,
    "R": 2019,
}
_DATE = re.compile(
    r"(?P<year>(?:19|20)[0-9]{2})[ ]?(?:年|[-/.])[ ]?(?P<month>[0-9]{1,2}|[一二三四五六七八九十]{1,2})[ ]?(?:月|[-/.])[ ]?"
    r"(?P<day>[0-9]{1,2}|[一二三四五六七八九十]{1,3})日?"
    r"|(?P<era>明治|大正|昭和|平成|令和|[MTSHR](?=[0-9]))[ ]?(?P<eyear>[0-9]{1,2}|元|[一二三四五六七八九十]{1,3})[ ]?(?:年|[./-])[ ]?"
    r"(?P<emonth>[0-9]{1,2}|[一二三四五六七八九十]{1,2})[ ]?(?:月|[./-])[ ]?(?P<eday>[0-9]{1,2}|[一二三四五六七八九十]{1,3})日?"
    r"|(?<![0-9])(?P<packed>(?:19|20)[0-9]{6})(?![0-9])"
)  # fmt: skip
_BIRTH_BEFORE = re.compile(
    r"(?:生年月日|誕生日|出生日|生れ|生まれ|date of birth|dob|birth)[^0-9。\n(]{0,12}(?:\([^)\n]{0,10}\)?)?[^0-9。\n(]{0,6}\n?[ ]*\Z",
    re.IGNORECASE,
)
_BIRTH_AFTER = re.compile(r"[ )）]{0,2}(?:に?生まれ|に?生れ|生(?![0-9一-鿿]|産|活|命|徒)|に?誕生|出生)")
_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")}


def read_number(text: str) -> int:
    """1 to 99 in digits or kanji (元 is 1)."""
    if text == "元":
        return 1
    if text.isdigit():
        return int(text)
    tens, mark, ones = text.rpartition("十")
    if not mark:
        value = 0
        for character in text:
            value = value * 10 + _DIGITS[character]
        return value
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


def read_date(match: re.Match[str]) -> date | None:
    """The date of a match of the date pattern; ``None`` where there is no such day."""
    try:
        if match["packed"]:
            packed = match["packed"]
            return date(int(packed[:4]), int(packed[4:6]), int(packed[6:]))
        if match["year"]:
            return date(int(match["year"]), read_number(match["month"]), read_number(match["day"]))
        year = ERAS[match["era"]] - 1 + read_number(match["eyear"])
        return date(year, read_number(match["emonth"]), read_number(match["eday"]))
    except (ValueError, KeyError):
        return None


def find_dates(text: str) -> list[tuple[re.Match[str], date]]:
    """Every date written out with year, month and day."""
    return [(match, day) for match in _DATE.finditer(text) if (day := read_date(match)) is not None]


def find_birth_dates(text: str) -> list[Found]:
    """Dates said to be somebody's birth; other dates are not personal data by themselves."""
    found: list[Found] = []
    for match, _ in find_dates(text):
        if _BIRTH_BEFORE.search(text[max(0, match.start() - 24) : match.start()]) or _BIRTH_AFTER.match(
            text, match.end()
        ):
            found.append((match.start(), match.end(), "birth_date", "shaped"))
    return found


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    return dict(yaml.safe_load(data_path("leak", "knowledge", "people.yaml").read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = _words()
    honorific = "|".join(words["honorifics"])
    label = "|".join(sorted(map(re.escape, words["labels"]), key=len, reverse=True))
    name = r"[一-鿿々]{1,6}(?:[ ](?:[一-鿿々]{1,4}|[ぁ-ん]{2,4}))?|[ァ-ヴー]{2,8}(?:[ ・][ァ-ヴー]{2,8})?|[ぁ-ん]{2,5}[ ][ぁ-ん]{2,5}"
    beside = re.compile(
        rf"(?<![一-鿿々ァ-ヴー])(?P<name>[一-鿿々]{{1,6}}(?:[ ][一-鿿々ぁ-ん]{{1,4}})?|[ァ-ヴー]{{2,8}}(?:[ ・][ァ-ヴー]{{2,8}})?)[ ]?(?:{honorific})(?!(?!宛|名義|分の)[一-鿿々])"
    )
    labelled = re.compile(
        rf"(?:{label})(?:\([^)\n]{{0,8}}\))?[ ]{{0,3}}(?:[:=]|は|(?<=担当)の|(?<=担当者)の|\n|の方は|、)?[ ]{{0,3}}「?(?P<name>{name})(?=$|[ \n、。,」)|]|{honorific}|です|と|で|が|の|に|\(|/)"
    )
    return beside, labelled


@lru_cache(maxsize=1)
def _tagger() -> Any:
    import fugashi

    return fugashi.Tagger()


@lru_cache(maxsize=4096)
def _named(core: str) -> bool:
    """Whether MeCab reads ``core`` as a name: every part a personal name, or a place (千葉, 宮崎 are surnames too)."""
    kinds = [word.feature.pos3 for word in _tagger()(core + "さん")][:-1]
    return bool(kinds) and kinds[0] in {"人名", "地名"} and all(kind in {"人名", "地名", "一般"} for kind in kinds)


def find_names(text: str) -> list[Found]:
    """Names beside an honorific or a label in folded text; titles, roles and companies are not names.

    After a label with a colon any word is taken as the name; elsewhere MeCab must read it as one.
    """
    beside, labelled = _patterns()
    words = _words()
    refused, company, titles = set(words["not_names"]), tuple(words["company"]), tuple(words["titles"])
    found: dict[int, Found] = {}
    for pattern in (labelled, beside):
        for match in pattern.finditer(text):
            name = match["name"]
            core = name.replace(" ", "").replace("・", "")
            if len(core) < 2 or core in refused or core.endswith(titles) or any(word in core for word in company):
                continue
            stated = pattern is labelled and re.search(r"[:=\n]\s*「?\Z", text[match.start() : match.start("name")])
            if (
                (stated and (len(core) <= 4 or " " in name or "・" in name or _named(core)))
                or " " in name
                or "・" in name
                or _named(core)
            ):
                found.setdefault(match.start("name"), (match.start("name"), match.end("name"), "person_name", "shaped"))
    for start, end in _column_names(text):
        core = text[start:end].replace(" ", "").replace("・", "")
        if core not in refused and not any(word in core for word in company):
            found.setdefault(start, (start, end, "person_name", "shaped"))
    return list(found.values())


_NAME_CELL = re.compile(r"[一-鿿々]{2,6}|[一-鿿々]{1,4} [一-鿿々ぁ-ん]{1,4}|[ァ-ヴー]{2,8}[ ・][ァ-ヴー]{2,8}")


def _column_names(text: str) -> list[tuple[int, int]]:
    """Names in the columns of a table (Markdown, comma or tab separated) whose heading is a name's label."""
    labels = set(_words()["labels"])
    found: list[tuple[int, int]] = []
    columns: list[int] = []
    mark, offset = "", 0
    for line in text.split("\n"):
        mark_here = next((m for m in "|\t," if m in line), "")
        cells = line.split(mark_here) if mark_here else []
        named = [place for place, cell in enumerate(cells) if cell.strip() in labels]
        if named:
            columns, mark = named, mark_here
        elif mark_here != mark:
            columns = []
        else:
            position = offset
            for place, cell in enumerate(cells):
                core = cell.strip()
                if place in columns and _NAME_CELL.fullmatch(core) and (" " in core or "・" in core or _named(core)):
                    start = position + cell.index(core)
                    found.append((start, start + len(core)))
                position += len(cell) + 1
        offset += len(line) + 1
    return found
