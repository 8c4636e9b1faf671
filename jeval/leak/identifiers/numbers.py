"""Numbers that identify somebody: chains of digit groups, read with the words beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jeval.leak import checks
from jeval.leak.identifiers.chains import Chain, Group, Opening, chains, runs
from jeval.leak.identifiers.found import Found, Tier
from jeval.leak.identifiers.labels import NONE

#: A run of more groups is a table or a stream of numbers, in which everything looks like something.
_LONGEST_RUN = 64
_Verdict = tuple[str, Tier]


def find_numbers(text: str) -> list[Found]:
    """Numbers of ``text`` (already folded) that identify a person, a company or an account.

    A run of more than 64 groups is passed over.
    """
    found: list[Found] = []
    for groups in runs(text):
        index = 0
        while len(groups) <= _LONGEST_RUN and index < len(groups):
            read, hit = _match(text, groups[index:])
            index += read
            if hit is not None:
                found.append(hit)
    return found


def _match(text: str, groups: Sequence[Group]) -> tuple[int, Found | None]:
    """How many groups belong to what begins with the first one, and the longest number that they are."""
    opening = Opening(text, groups[0].start)
    if opening.label == NONE:
        return _length(groups), None
    for chain in reversed(chains(opening, groups)):
        verdict = _read(chain)
        if verdict is not None:
            kind, tier = verdict
            return chain.groups, Found(_start(chain, kind), chain.end, kind, tier)
    return 1, None


def _length(groups: Sequence[Group]) -> int:
    """How many groups hang together by hyphens and points."""
    count = 1
    while count < len(groups) and groups[count].separator in {"-", "."}:
        count += 1
    return count


def _start(chain: Chain, kind: str) -> int:
    """Where the identifier begins: with the T of an invoice number, the plus or the bracket of a telephone number."""
    opening, start = chain.opening, chain.opening.start
    if kind == "invoice_number":
        return start - opening.invoice_mark
    if kind == "phone" and (_international(chain) or (opening.follows("(") and ")" in opening.text[start : chain.end])):
        return start - 1
    return start


def _read(chain: Chain) -> _Verdict | None:
    if chain.runs_on:
        return None
    if chain.opening.invoice_mark:
        if chain.size == 13 and chain.plain:
            return "invoice_number", _tier(checks.corporate_number(chain.digits))
        return None
    if chain.joined:
        return None
    if not chain.plain:
        return ("phone", "shaped") if _is_phone(chain) else None
    return _by_label(chain) or _by_check_digit(chain) or _by_shape(chain)


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
    "card": _Labelled("card", _CARD_SIZES, check=checks.card),
    "postal_code": _Labelled("postal_code", shapes=frozenset({(7,), (3, 4)})),
    "bank_account": _Labelled("bank_account", frozenset({7}), frozenset({(3, 7), (4, 3, 7), (14,)})),
}


def _by_label(chain: Chain) -> _Verdict | None:
    """Numbers that only a label makes what they are, and labelled numbers whose check digit fails."""
    expected = _LABELLED.get(chain.label)
    if expected is None or not expected.fits(chain):
        return None
    return expected.kind, _tier(expected.check is not None and expected.check(chain.digits))


#: Labels under which a check digit still decides; any other says that the number is something else.
_OPEN_LABELS = frozenset({"", "my_number", "corporate_number", "invoice_number", "card", "drivers_license"})
#: Groups of a payment card of 15 or 14 digits; elsewhere the groups of a number are alike, but for the last.
_CARD_SHAPES = frozenset({(4, 6, 5), (4, 6, 4)})
_BOOKS = ("978", "979")  # ISBN


def _by_check_digit(chain: Chain) -> _Verdict | None:
    """Numbers that their check digit makes what they are."""
    if chain.label not in _OPEN_LABELS or chain.counts:
        return None
    size, digits = chain.size, chain.digits
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


def _by_shape(chain: Chain) -> _Verdict | None:
    """Telephone numbers; without any separator they may not count something."""
    if _is_phone(chain) and not (chain.groups == 1 and chain.counts):
        return "phone", "shaped"
    return None


def _tier(valid: bool) -> Tier:
    return "checked" if valid else "shaped"


_PHONE_SEPARATORS = frozenset(("", "-", " ", "の", "\n", ")", ")-", "()", "(", "-)"))
_MOBILE = ("090", "080", "070", "050")


def _international(chain: Chain) -> bool:
    return chain.opening.follows("+") and chain.digits.startswith("81")


def _is_phone(chain: Chain) -> bool:
    labelled = chain.label == "phone"
    if chain.label and not labelled:
        return False
    digits, separators = chain.digits, chain.separators
    if _international(chain):
        national = "0" + digits[2:].removeprefix("0")
        return len(national) in (10, 11) and national[1] != "0"
    if "." in separators or "," in separators:
        return labelled and separators == "." and checks.phone(digits, chain.shape)
    if separators not in _PHONE_SEPARATORS and not labelled:
        return False
    if chain.groups > 3 and set(chain.shape) == {1}:
        return checks.phone(digits, (chain.size,)) and (labelled or digits.startswith(_MOBILE))
    if chain.groups == 1:
        return (labelled or digits.startswith((*_MOBILE, "0120", "0800"))) and checks.phone(digits, chain.shape)
    return checks.phone(digits, chain.shape)
