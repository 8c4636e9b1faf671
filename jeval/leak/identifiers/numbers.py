"""Numbers that identify somebody: chains of digit groups, read with the words beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jeval.leak import checks
from jeval.leak.identifiers.chains import Chain, Digits, Opening, candidates, runs, together
from jeval.leak.identifiers.found import Found, Tier
from jeval.leak.identifiers.labels import ADDRESS, NONE, OTHER
from jeval.leak.identifiers.pages import Page

_Verdict = tuple[str, Tier]


def find_numbers(page: Page) -> list[Found]:
    """Numbers of a page that identify a person, a company or an account."""
    found: list[Found] = []
    done = 0
    for start, whole, groups in runs(page.text):
        if whole is not None:
            hit = _decide(page, start, [whole])[0] if start >= done else None
            if hit is not None:
                found.append(hit)
                done = hit.end
            continue
        index, starts = 0, groups[2] if groups else []
        while groups and index < len(starts):
            if starts[index] < done:
                index += 1
                continue
            hit, used = _decide(page, starts[index], candidates(groups, index))
            index += used or together(groups, index)
            if hit is not None:
                found.append(hit)
                done = hit.end
    return found


def _decide(page: Page, start: int, options: Sequence[Digits]) -> tuple[Found | None, int]:
    """The longest of the chains that begin at ``start`` that is an identifier, and how many groups it has."""
    if not options:
        return None, 0
    opening = Opening(page, start)
    if opening.label != NONE and not (opening.joined and not opening.invoice_mark):
        for option in reversed(options):
            chain = Chain(opening, *option)
            verdict = _read(chain)
            if verdict is not None:
                kind, tier = verdict
                return Found(_start(chain, kind), chain.end, kind, tier), chain.groups
    return None, 0


def _start(chain: Chain, kind: str) -> int:
    """Where the identifier begins: with the T of an invoice number, the plus or the bracket of a telephone number."""
    opening, start = chain.opening, chain.opening.start
    if kind == "invoice_number":
        return start - opening.invoice_mark
    if kind == "phone" and (
        opening.before == "+" or (opening.before == "(" and ")" in opening.page.text[start : chain.end])
    ):
        return start - 1
    return start


def _read(chain: Chain) -> _Verdict | None:
    if chain.runs_on:
        return None
    if chain.opening.invoice_mark:
        if chain.size == 13 and chain.plain:
            return "invoice_number", _tier(checks.corporate_number(chain.digits))
        return None
    if chain.amount:
        return None
    labelled = _by_label(chain)
    if labelled or not chain.plain:
        return labelled or (("phone", "shaped") if _is_phone(chain) else None)
    return _by_check_digit(chain) or _by_shape(chain)


@dataclass(frozen=True)
class _Labelled:
    """What a number must look like for its label to be believed; its check digit, if it has one, then decides the tier."""

    kind: str
    sizes: frozenset[int] = frozenset()
    shapes: frozenset[tuple[int, ...]] = frozenset()
    check: Callable[[str], bool] | None = None

    def fits(self, chain: Chain) -> bool:
        return chain.size in self.sizes or chain.shape in self.shapes


_CARD_SIZES = frozenset({13, 14, 15, 16})
#: By label. An 口座番号 has 7 digits, with the codes of bank and branch (4 and 3) or of the branch before it.
_LABELLED = {
    "my_number": _Labelled("my_number", frozenset({12}), check=checks.my_number),
    "corporate_number": _Labelled("corporate_number", frozenset({13}), check=checks.corporate_number),
    "invoice_number": _Labelled("corporate_number", frozenset({13}), check=checks.corporate_number),
    "drivers_license": _Labelled("drivers_license", frozenset({12})),
    "pension_number": _Labelled("pension_number", frozenset({10})),
    "insurer_number": _Labelled("insurer_number", frozenset({6, 8}), check=checks.insurer_number),
    "insured_number": _Labelled("insured_number", frozenset({8, 10})),
    "employment_insurance": _Labelled("employment_insurance", frozenset({11})),
    "resident_code": _Labelled("resident_code", frozenset({11})),
    "securities_account": _Labelled("securities_account", frozenset({21})),
    "card": _Labelled("card", _CARD_SIZES, check=checks.card),
    "postal_code": _Labelled("postal_code", shapes=frozenset({(7,), (3, 4)})),
    ADDRESS: _Labelled("postal_code", shapes=frozenset({(3, 4)})),
    "bank_account": _Labelled("bank_account", frozenset({7}), frozenset({(3, 7), (4, 3, 7), (14,)})),
}
#: Separators that part the groups of a labelled number: one of these alone.
_LABELLED_SEPARATORS = frozenset(("", "-", " ", "\n", ".", "/", "_", "・", "- ", " -"))


def _by_label(chain: Chain) -> _Verdict | None:
    """Numbers that only a label makes what they are, and labelled numbers whose check digit fails."""
    if chain.label == "insured_number" and chain.size in _OTHER_DOCUMENTS:
        return _of_document(chain)
    expected = _LABELLED.get(chain.label)
    if expected is None or not expected.fits(chain) or chain.separators not in _LABELLED_SEPARATORS:
        return None
    if expected.kind == "bank_account" and not _account(chain):
        return None
    return expected.kind, _tier(expected.check is not None and expected.check(chain.digits))


#: 被保険者番号 and 記号番号 of other papers: of the employment insurance by its groups, of a driving licence by a word near.
_OTHER_DOCUMENTS = frozenset({11, 12})
_LICENCE, _NEAR = re.compile("免許|運転経歴"), 40


def _of_document(chain: Chain) -> _Verdict | None:
    text, start = chain.opening.page.text, chain.opening.start
    if chain.shape == (4, 6, 1):
        return "employment_insurance", "shaped"
    if chain.size == 12 and _LICENCE.search(text, max(0, start - _NEAR), start):
        return "drivers_license", "shaped"
    return None


def _account(chain: Chain) -> bool:
    """Whether the groups of an account number are not those of a postal code or a date."""
    return chain.shape in {(7,), (3, 7), (4, 3, 7), (14,)} or len(chain.shape) > 3 or chain.shape in {(3, 4), (4, 3)}


#: Labels under which a check digit still decides; any other says that the number is something else.
_OPEN_LABELS = frozenset({"", ADDRESS, "my_number", "corporate_number", "invoice_number", "card", "drivers_license"})
#: Groups of a payment card of 15 or 14 digits; elsewhere the groups of a number are alike, but for the last.
_CARD_SHAPES = frozenset({(4, 6, 5), (4, 6, 4)})
_BOOKS = ("978", "979")  # ISBN


def _by_check_digit(chain: Chain) -> _Verdict | None:
    """Numbers that their check digit makes what they are."""
    size, digits = chain.size, chain.digits
    if not 12 <= size <= 16:
        return None
    if chain.label == OTHER and chain.shape != (4, 4, 4, 4):
        return None
    if (chain.label not in _OPEN_LABELS and chain.label != OTHER) or chain.counts or len(set(digits)) < 2:
        return None
    regular = len(set(chain.shape[:-1])) <= 1 or chain.shape in _CARD_SHAPES
    if size == 12 and regular and chain.label != "drivers_license" and checks.my_number(digits):
        return "my_number", "checked"
    if (
        size == 13
        and (regular or chain.shape == (1, 4, 4, 4))
        and not digits.startswith(_BOOKS)
        and checks.corporate_number(digits)
    ):
        return "corporate_number", "checked"
    if size in _CARD_SIZES and regular and checks.card(digits):
        return "card", "checked"
    return None


#: 金融機関コード, 店番 and 口座番号 in one.
_ACCOUNT_SHAPE = (4, 3, 7)


def _by_shape(chain: Chain) -> _Verdict | None:
    """Telephone numbers; without any separator they may not count something. Accounts with the codes of bank and branch."""
    if _is_phone(chain) and not (chain.groups == 1 and chain.counts):
        return "phone", "shaped"
    if chain.shape == _ACCOUNT_SHAPE and chain.separators == "-" and chain.label in ("", ADDRESS):
        return "bank_account", "shaped"
    return None


def _tier(valid: bool) -> Tier:
    return "checked" if valid else "shaped"


_PHONE_SEPARATORS = frozenset(("", "-", " ", "の", "\n", ")", ")-", "()", "(", "-)", "(-", "-("))
_MOBILE = ("090", "080", "070", "060", "050")
_NOT_OTHERS = frozenset(("", "phone", ADDRESS, OTHER))


def _international(chain: Chain) -> bool:
    digits = chain.digits
    return (chain.opening.before == "+" and digits.startswith("81")) or digits.startswith(("01081", "0081"))


def _is_phone(chain: Chain) -> bool:
    labelled = chain.label == "phone"
    if chain.label not in _NOT_OTHERS or (chain.digits[0] != "0" and chain.opening.before != "+"):
        return False
    digits, separators = chain.digits, chain.separators
    if _international(chain):
        national = "0" + digits.removeprefix("010").removeprefix("00")[2:].removeprefix("0")
        return len(national) in (10, 11) and national[1] != "0"
    if "." in separators or "/" in separators or "_" in separators or "・" in separators:
        return labelled and len(separators) == 1 and checks.phone(digits, chain.shape)
    if separators not in _PHONE_SEPARATORS and not labelled:
        return False
    if labelled and checks.phone(digits, (chain.size,)):
        return True
    if chain.groups > 3 and set(chain.shape) == {1}:
        return checks.phone(digits, (chain.size,)) and (labelled or digits.startswith(_MOBILE))
    if chain.groups == 1:
        return (
            chain.label != OTHER and digits.startswith((*_MOBILE, "0120", "0800")) and checks.phone(digits, chain.shape)
        )
    return checks.phone(digits, chain.shape)
