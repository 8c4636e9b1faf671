"""Check digits and structures of Japan's numbers."""

from __future__ import annotations


def my_number(digits: str) -> bool:
    """個人番号: 12 digits; check digit of 番号法総務省令（平成26年総務省令第85号）第5条."""
    if len(digits) != 12:
        return False
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(d) * w for d, w in zip(digits, weights, strict=False)) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def corporate_number(digits: str) -> bool:
    """法人番号: 13 digits, the first a check digit (法人番号の指定等に関する省令第2条), by python-stdnum."""
    from stdnum.jp import cn

    return len(digits) == 13 and digits[0] != "0" and cn.is_valid(digits)


def card(digits: str) -> bool:
    """Payment card: issuer prefix and length of the large schemes, Luhn check digit (ISO/IEC 7812-1)."""
    from stdnum import luhn

    lengths = {"3": (14, 15, 16), "4": (16, 13), "5": (16,), "2": (16,), "6": (16,)}
    if len(digits) not in lengths.get(digits[:1], ()) or len(set(digits)) < 2:
        return False
    head = int(digits[:2])
    known = (
        digits[0] in "4" or 51 <= head <= 55 or 22 <= head <= 27 or head in {34, 35, 36, 37, 38, 39, 30, 60, 62, 64, 65}
    )
    return known and luhn.is_valid(digits)


def insurer_number(digits: str) -> bool:
    """保険者番号: 8 or 6 digits; check digit modulo 10 with weights 2, 1 from the right, digit sums
    (保険者番号等の設定について, 厚生労働省保険局通知)."""
    if len(digits) not in (6, 8) or not int(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits[:-1])):
        product = int(digit) * (2 if place % 2 == 0 else 1)
        total += product // 10 + product % 10
    return (10 - total % 10) % 10 == int(digits[-1])


def iban(text: str) -> bool:
    """IBAN: country, check digits and account; the check digits of ISO 13616 (modulo 97 of ISO/IEC 7064), by python-stdnum."""
    from stdnum import iban as number

    return number.is_valid(text, check_country=False)


#: First digits of Japanese area codes of two digits; others have three to five digits.
_TWO_DIGIT_AREAS = ("03", "06", "04")


def phone(digits: str, groups: tuple[int, ...]) -> bool:
    """Structure of a Japanese telephone number (電気通信番号計画): ``groups`` are the lengths of its written parts."""
    if not digits.startswith("0"):
        return False
    if digits.startswith("0800") and groups != (3, 4, 4):
        return len(digits) == 11 and groups in {(4, 3, 4), (11,), (4, 7)}
    if digits[:3] in {"090", "080", "070", "060", "050", "020"} and not (len(digits) == 10 and digits[1] == "6"):
        return len(digits) == 11 and groups in {(3, 4, 4), (11,), (3, 8), (7, 4)}
    if digits.startswith(("0120", "0570")):
        return len(digits) == 10 and groups in {(4, 3, 3), (10,), (4, 2, 4), (4, 6)}
    if len(digits) != 10 or digits[1] == "0":
        return False
    if len(groups) == 3:
        return groups[2] == 4 and groups[0] + groups[1] == 6 and (groups[0] > 2 or digits[:2] in _TWO_DIGIT_AREAS)
    return groups == (10,)
