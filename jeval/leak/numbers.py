"""Numbers that identify somebody: chains of digit groups, read with the words beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jeval.leak import checks
from jeval.resources import data_path

Found = tuple[int, int, str, str]  # start, end, kind, tier

# Groups of digits with at most three separating characters between them; linear, no nested repetition.
_GROUP = re.compile(r"[0-9]+")
_SEPARATOR = re.compile(r"(?:[ \t]?-[ \t]?|[ \t]{1,2}|[ \t]?\r?\n[ \t]?|の|\)[ \t]?|\([ \t]?|\.|,)\Z")
_WINDOW = 16
_MAX_GROUPS = 19
_LONGEST_RUN = 64


@dataclass(frozen=True)
class _Group:
    start: int
    end: int
    separator: str  # what stands between this group and the one before it; "x": not a separator


def _groups(text: str) -> Iterator[_Group]:
    last = None
    for match in _GROUP.finditer(text):
        between = text[last : match.start()] if last is not None else "x"
        if len(between) > 3 or (between and not _SEPARATOR.match(between)):
            between = "x"
        yield _Group(match.start(), match.end(), between.strip(" \t") or between[:1])
        last = match.end()


@lru_cache(maxsize=1)
def _labels() -> tuple[re.Pattern[str], dict[str, str], re.Pattern[str]]:
    before: dict[str, str] = {}
    after: list[str] = []
    for line in data_path("leak", "knowledge", "number_words.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "kind\t")) or not line.strip():
            continue
        kind, position, word = line.split("\t")
        if position == "before":
            before[word.lower()] = kind
        else:
            after.append(word)
    words = sorted(before, key=len, reverse=True)
    head = re.compile(
        "|".join((r"(?<![a-z])" + re.escape(w) + r"(?![a-z])") if w.isascii() else re.escape(w) for w in words)
    )
    tail = re.compile(
        r"\s?(?!株式|個人|件名|人事|人口)(?:" + "|".join(map(re.escape, sorted(after, key=len, reverse=True))) + ")"
    )
    return head, before, tail


_GENERIC = {"no", "id", "#", "＃"}
#: A number that is named, but as none of the kinds: 決済番号, 照会コード. A bare 番号 names nothing.
_OTHER_NUMBER = re.compile(r"[一-鿿ァ-ヴー]{2}(?<!先)(?<!自宅)(?:番号|コード)[ \n:=はがも「(\[|]{0,4}\Z")


def label_of(text: str, start: int) -> str:
    """The kind that the words before ``start`` announce: the nearest label on the line, or on the line above."""
    head, kinds, _ = _labels()
    window = text[max(0, start - 2 * _WINDOW) : start].lower()
    line = window.rsplit("\n", 1)[-1]
    part = line if line.strip(" :-=|・*") else "\n".join(window.rstrip("\n :-=").rsplit("\n", 1)[-1:])
    part = re.split(r"[。;]", part)[-1]
    part = part[-2 * _WINDOW :]
    best, last = "", -9
    for match in head.finditer(part):
        if not re.search(r"[0-9]{4}", part[match.end() :]):
            # "No." and "ID" say nothing by themselves right behind a word that does: Passport No.
            if best and match.group() in _GENERIC and match.start() - last <= 2:
                continue
            best, last = kinds[match.group()], match.end()
    return best or ("none" if _OTHER_NUMBER.search(part) else "")


def _counted(text: str, end: int) -> bool:
    return _labels()[2].match(text, end) is not None


def find_numbers(text: str) -> list[Found]:
    """Numbers of ``text`` (already folded) that identify a person, a company or an account.

    A run of more than 64 groups is a table or a stream of numbers, in which everything looks like something: skipped.
    """
    found: list[Found] = []
    run: list[_Group] = []
    for group in _groups(text):
        if group.separator == "x":
            _read_run(text, run, found)
            run = []
        run.append(group)
    _read_run(text, run, found)
    return found


def _read_run(text: str, groups: list[_Group], found: list[Found]) -> None:
    if len(groups) > _LONGEST_RUN:
        return
    index = 0
    while index < len(groups):
        hit = _match_from(text, groups, index)
        if hit is None:
            index += 1
            continue
        count, item = hit
        if item is not None:
            found.append(item)
        index += count


def _match_from(text: str, groups: list[_Group], index: int) -> tuple[int, Found | None] | None:
    """The longest reading that starts with group ``index``: number of groups used and what was found."""
    first = groups[index]
    label = label_of(text, first.start)
    if label == "none":
        return _chain_length(groups, index), None
    options: list[tuple[int, str, tuple[int, ...], str]] = []
    digits, lengths, separators = "", [], []
    for count in range(1, min(_MAX_GROUPS, len(groups) - index) + 1):
        group = groups[index + count - 1]
        if count > 1:
            if group.separator == "x":
                break
            separators.append(group.separator)
        digits += text[group.start : group.end]
        lengths.append(group.end - group.start)
        if len(digits) > 24:
            break
        options.append((count, digits, tuple(lengths), "".join(dict.fromkeys(separators))))
    for count, digits, shape, used in reversed(options):
        end = groups[index + count - 1].end
        kind = _kind(text, first.start, end, digits, shape, used, label)
        if kind is not None:
            start = first.start - (_invoice_mark(text, first.start) if kind[0] == "invoice_number" else 0)
            if kind[0] == "phone" and text[start - 1 : start] == "(" and ")" in text[start:end]:
                start -= 1
            if kind[0] == "phone" and digits.startswith("81") and text[first.start - 1 : first.start] == "+":
                start = first.start - 1
            return count, (start, end, *kind)
    return None


def _chain_length(groups: list[_Group], index: int) -> int:
    count = 1
    while index + count < len(groups) and groups[index + count].separator in {"-", "", "."}:
        count += 1
    return count


def _invoice_mark(text: str, start: int) -> int:
    """Length of the ``T`` (and a hyphen or space behind it) that opens an invoice number; 0: there is none."""
    match = re.search(r"(?<![A-Za-z0-9])[Tt][- ]?\Z", text[max(0, start - 3) : start])
    return len(match.group()) if match else 0


_SAME = {"", "-", " ", "\n", "\r\n"}


def _kind(
    text: str, start: int, end: int, digits: str, shape: tuple[int, ...], used: str, label: str
) -> tuple[str, str] | None:
    before = text[start - 1 : start] if start else ""
    after = text[end : end + 1]
    if after.isascii() and after.isalpha():
        return None
    size, plain = len(digits), used in _SAME
    if _invoice_mark(text, start):
        if size == 13 and plain:
            return "invoice_number", "checked" if checks.corporate_number(digits) else "shaped"
        return None
    if re.search(r"(?<![A-Za-z0-9])[Nn][Oo]\Z", text[max(0, start - 3) : start]):
        before = ""  # №
    if before == "," and not (shape[0] == 3 and not (digits[0] == "0" and "-" in used)):
        before = ""  # a cell of comma-separated values; digits grouped by three are an amount
    if before and before.isascii() and (before.isalnum() or before in ".,/\\$¥#@_"):
        return None
    if not plain:
        return ("phone", "shaped") if _is_phone(text, start, digits, shape, used, label) else None
    labelled = _labelled(digits, shape, label)
    if labelled is not None:
        return labelled
    if label in {"", "my_number", "corporate_number", "invoice_number", "card", "drivers_license"} and not _counted(
        text, end
    ):
        regular = len(set(shape[:-1])) <= 1 or shape in {(4, 6, 5), (4, 6, 4)}
        if size == 12 and regular and label != "drivers_license" and checks.my_number(digits):
            return "my_number", "checked"
        if (
            size == 13
            and (regular or shape == (1, 4, 4, 4))
            and digits[:3] not in {"978", "979"}
            and checks.corporate_number(digits)
        ):
            return "corporate_number", "checked"
        if 13 <= size <= 16 and regular and checks.card(digits):
            return "card", "checked"
    if _is_phone(text, start, digits, shape, used, label) and not (shape == (size,) and _counted(text, end)):
        return "phone", "shaped"
    return None


def _labelled(digits: str, shape: tuple[int, ...], label: str) -> tuple[str, str] | None:
    """Numbers that only a label makes what they are, and labelled numbers whose check digit fails."""
    size = len(digits)
    if label == "my_number" and size == 12:
        return label, "checked" if checks.my_number(digits) else "shaped"
    if label in {"corporate_number", "invoice_number"} and size == 13:
        return "corporate_number", "checked" if checks.corporate_number(digits) else "shaped"
    if label == "drivers_license" and size == 12:
        return label, "shaped"
    if label == "pension_number" and size == 10:
        return label, "shaped"
    if label == "insurer_number" and size in (6, 8):
        return label, "checked" if checks.insurer_number(digits) else "shaped"
    if label == "insured_number" and size in (8, 10):
        return label, "shaped"
    if label == "card" and 13 <= size <= 16:
        return label, "checked" if checks.card(digits) else "shaped"
    if label == "postal_code" and size == 7 and shape in {(7,), (3, 4)}:
        return label, "shaped"
    if label == "bank_account" and (size == 7 or shape in {(4, 3, 7), (3, 7)}):
        return label, "shaped"
    if label == "bank_account" and size == 14 and shape == (14,):
        return label, "shaped"
    return None


def _is_phone(text: str, start: int, digits: str, shape: tuple[int, ...], used: str, label: str) -> bool:
    if label not in {"", "phone"}:
        return False
    if digits.startswith("81") and start and text[start - 1] == "+":
        digits, shape = "0" + digits[2:].removeprefix("0"), ()
        return len(digits) in (10, 11) and digits[1] != "0"
    if "." in used or "," in used:
        return label == "phone" and used == "." and checks.phone(digits, shape)
    if used not in {"", "-", " ", "の", "\n", ")", ")-", "()", "(", "-)"} and label != "phone":
        return False
    if len(shape) > 3 and set(shape) == {1}:
        return checks.phone(digits, (len(digits),)) and (label == "phone" or digits[1:3] in {"90", "80", "70", "50"})
    if shape == (len(digits),):
        mobile = digits[:3] in {"090", "080", "070", "050"} or digits.startswith(("0120", "0800"))
        return (mobile or label == "phone") and checks.phone(digits, shape)
    return checks.phone(digits, shape)


_ID_CARD = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[ -]?[0-9]{8}[ -]?[A-Z]{2}(?![A-Za-z0-9])")
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[ -]?[0-9]{7}(?![A-Za-z0-9-])")
_YUCHO = re.compile(
    r"(?:記号)?[ :]{0,2}((?<![0-9])[01][0-9]{3}0(?:[ -]{0,2}[0-9])?[ ,、/・|\n-]{0,3}(?:(?:の)?番号[ :]{0,2})?[0-9]{1,7}[01])(?![0-9-])"
)

_SYMBOL = r"(?:[0-9]{1,8}|[ぁ-ん]{1,4}|[一-鿿ァ-ヴ]{1,3}[ -]?[0-9]{0,6})"
_INSURED = re.compile(
    rf"記号(?:[・/]?番号)?[ :はが]{{0,3}}({_SYMBOL}(?:[ ,、/・|\n-]{{1,3}}|[ ,、/・|\n-]{{0,3}}(?:の)?番号[ :はが]{{0,3}})[0-9]{{1,8}})(?![0-9-])"
)
_INSURANCE = re.compile(r"健康保険|健保|国保|保険証|被保険者|資格確認書|組合員証|加入者証|保険者番号")


def find_lettered(text: str) -> list[Found]:
    """在留カード and 旅券 numbers, which mix letters and digits, and 記号・番号 pairs of ゆうちょ and of the health insurance."""
    found: list[Found] = []
    for match in _ID_CARD.finditer(text):
        if label_of(text, match.start()) in {"", "residence_card"}:
            found.append((match.start(), match.end(), "residence_card", "shaped"))
    for match in _PASSPORT.finditer(text):
        label = label_of(text, match.start())
        if label == "passport" or (label == "" and match.group()[0] in "TM" and match.group()[1] in "KRSTZUGHJ"):
            found.append((match.start(), match.end(), "passport", "shaped"))
    for match in _YUCHO.finditer(text):
        window = text[max(0, match.start() - 24) : match.end()]
        spoken = ("記号" in window and "番号" in window) or "ゆうちょ" in window or "郵便貯金" in window
        if spoken and not re.search("保険|保険証|被保険者", window):
            found.append((match.start(1), match.end(1), "yucho_account", "shaped"))
    for match in _INSURED.finditer(text):
        if _INSURANCE.search(text, max(0, match.start() - 24), match.start()):
            found.append((match.start(1), match.end(1), "insured_number", "shaped"))
    return found
