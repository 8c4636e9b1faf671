"""Identifiers are found in every notation, look-alikes are not, and the search stays linear."""

from __future__ import annotations

import time
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jeval.leak import find_identifiers, mask
from jeval.leak.checks import card, corporate_number, insurer_number, my_number, phone

FOUND = [
    ("マイナンバーは 1234 5678 9018 です", "my_number", "1234 5678 9018", "checked"),
    ("マイナンバー：１２３４５６７８９０１８", "my_number", "１２３４５６７８９０１８", "checked"),
    ("個人番号 123456789012", "my_number", "123456789012", "shaped"),
    ("法人番号は7000012050002です", "corporate_number", "7000012050002", "checked"),
    ("登録番号T7000012050002", "invoice_number", "T7000012050002", "checked"),
    ("電話は03-1234-5678まで", "phone", "03-1234-5678", "shaped"),
    ("090-0000-1234", "phone", "090-0000-1234", "shaped"),
    ("携帯　０９０（００００）１２３４", "phone", "０９０（００００）１２３４", "shaped"),
    ("〇九〇−〇〇〇〇−一二三四", "phone", "〇九〇−〇〇〇〇−一二三四", "shaped"),
    ("電話\n0\n9\n0\n0\n0\n0\n0\n1\n2\n3\n4", "phone", "0\n9\n0\n0\n0\n0\n0\n1\n2\n3\n4", "shaped"),
    ("+81-90-1234-5678", "phone", "+81-90-1234-5678", "shaped"),
    ("フリーダイヤル 0120-123-456", "phone", "0120-123-456", "shaped"),
    ("〒100-0001", "postal_code", "100-0001", "shaped"),
    ("東京都千代田区千代田1-1", "address", "東京都千代田区千代田1-1", "shaped"),
    ("大阪市北区梅田三丁目１番３号", "address", "大阪市北区梅田三丁目１番３号", "shaped"),
    ("普通 1234567", "bank_account", "1234567", "shaped"),
    ("口座番号0012345（普通）", "bank_account", "0012345", "shaped"),
    ("ゆうちょ銀行 記号 12340 番号 12345671", "yucho_account", "12340 番号 12345671", "shaped"),
    ("カード番号 4111 1111 1111 1111", "card", "4111 1111 1111 1111", "checked"),
    ("4111-1111-1111-1111", "card", "4111-1111-1111-1111", "checked"),
    ("生年月日：昭和60年1月2日", "birth_date", "昭和60年1月2日", "shaped"),
    ("1985年1月2日生まれ", "birth_date", "1985年1月2日", "shaped"),
    ("S60.1.2生まれの方", "birth_date", "S60.1.2", "shaped"),
    ("佐藤 花子 様", "person_name", "佐藤 花子", "shaped"),
    ("氏名：鈴木 一郎", "person_name", "鈴木 一郎", "shaped"),
    ("mail: example.user@example.co.jp", "email", "example.user@example.co.jp", "shaped"),
    ("在留カード AB12345678CD", "residence_card", "AB12345678CD", "shaped"),
    ("旅券番号 TK1234567", "passport", "TK1234567", "shaped"),
    ("基礎年金番号 1234-567890", "pension_number", "1234-567890", "shaped"),
    ("保険者番号 06132013", "insurer_number", "06132013", "checked"),
    ("運転免許証番号 301234567890", "drivers_license", "301234567890", "shaped"),
]

#: By what names the value, or how it is written: each line is one of a kind that was missed.
MORE = [
    ("店番,口座番号,種目\n201,5820947,普通", "bank_account", "5820947"),
    ("携帯番号,口座番号\n090-0537-1184,5820947", "phone", "090-0537-1184"),
    ("<tr><th>口座番号</th></tr>\n<tr><td>7130466</td></tr>", "bank_account", "7130466"),
    ("| 項目 | 内容 |\n|---|---|\n| 氏名 | 早川 美緒 |", "person_name", "早川 美緒"),
    ('{"accountNumber": "5820947"}', "bank_account", "5820947"),
    ("<customer><name>早川美緒</name></customer>", "person_name", "早川美緒"),
    ("TEL.03-0123-4567", "phone", "03-0123-4567"),
    ("℡03-0123-4567", "phone", "03-0123-4567"),
    ("免許証No.993071804347", "drivers_license", "993071804347"),
    ("0800-012-3456", "phone", "0800-012-3456"),
    ("060-0415-7723", "phone", "060-0415-7723"),
    ("+81 (0)90-0415-7723", "phone", "+81 (0)90-0415-7723"),
    ("口 座 番 号 ： 5 8 2 0 9 4 7", "bank_account", "5 8 2 0 9 4 7"),
    ("氏 名 大 森 康 平", "person_name", "大 森 康 平"),
    ("早川支店長の決裁", "person_name", "早川"),
    ("フリガナ　ハヤカワ　ミオ", "person_name", "ハヤカワ　ミオ"),
    ("相続人：早川美緒、大森康平", "person_name", "大森康平"),
    ("口座名義人：𠮷田 彰", "person_name", "𠮷田 彰"),
    ("金様にもご案内済みです。", "person_name", "金"),
    ("氏名　TRAN MINH ANH", "person_name", "TRAN MINH ANH"),
    ("融資部早川様より", "person_name", "早川"),
    ("生年月日 平9・10・14", "birth_date", "平9・10・14"),
    ("係：口座番号をどうぞ。\n客：ええと、5820947。", "bank_account", "5820947"),
    ("090-0111-2222 三浦 結衣様", "person_name", "三浦 結衣"),
    ("札幌市中央区北1条西2丁目1番地1", "address", "札幌市中央区北1条西2丁目1番地1"),
    ("埼玉県若葉野市桜台7の22の6です", "address", "埼玉県若葉野市桜台7の22の6"),
    ("運転免許証\n番号　第　993071804347　号", "drivers_license", "993071804347"),
    ("特別永住者証明書番号 AB12345678CD", "residence_card", "AB12345678CD"),
    ("雇用保険被保険者番号　4718-857280-3", "employment_insurance", "4718-857280-3"),
    ("IBAN: GB82 WEST 1234 5698 7654 32", "iban", "GB82 WEST 1234 5698 7654 32"),
    ("車両番号 桜台 330 さ 00-47", "vehicle", "桜台 330 さ 00-47"),
    ("個人番号 9344.9470.0444", "my_number", "9344.9470.0444"),
]

NOTHING = [
    "若葉野市では2026-07-02に説明会を開きます。",
    "桜野市で3-2の勝利。",
    "管理キー 4758-8424-4496-0001 を発行しました。",
    "orderId=512090032918 status=OK",
    "trace 000000000000",
    "adobe 2026-05-11 更新",
    "オツカレ様です、ただいま戻りました。",
    "range = (@a.starts_on..@b.finishes)",
    "千葉支店長と総務部長",
    "長期金利は上昇し、普通預金が増えた。",
    "図番 03-1234-5678",
    "注文番号：090-1234-5678",
    "12桁の管理番号 123456789018",
    "ISBN 978-4-00-310101-8",
    "金額は1,234,567円",
    "2026年11月23日に契約しました。",
    "平成十四年法律第百五十四号",
    "お客様にはいつもお世話になっております。",
    "株式会社あおば商事様",
    "百二十万円を年二割で",
    "バージョン 1.2.3",
    "123456789018円",
    "第37条の3第1項第5号",
]


@pytest.mark.parametrize(("text", "kind", "value", "tier"), FOUND)
def test_an_identifier_is_found_with_its_span_and_tier(text: str, kind: str, value: str, tier: str) -> None:
    found = [(i.kind, text[i.start : i.end], i.tier) for i in find_identifiers(text)]
    assert (kind, value, tier) in found, found


@pytest.mark.parametrize(("text", "kind", "value"), MORE)
def test_what_names_a_value_is_read_wherever_it_stands(text: str, kind: str, value: str) -> None:
    found = [(i.kind, text[i.start : i.end]) for i in find_identifiers(text)]
    assert (kind, value) in found, found


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("090-0{n:03d}-1234\n", "phone"),
        ("{n:04d}001,早川 美緒\n", "bank_account"),
        ("T7000012050002\n", "invoice_number"),
    ],
)
def test_a_list_of_ten_thousand_rows_is_complete(row: str, kind: str) -> None:
    rows = 10_000
    text = "口座番号,氏名\n" * (kind == "bank_account") + "".join(row.format(n=n % 1000) for n in range(rows))
    assert sum(i.kind == kind for i in find_identifiers(text)) == rows


def test_a_name_in_a_sentence_is_likely() -> None:
    text = "本日、早川美緒が来店し、定期預金の解約について相談した。"
    assert [(i.kind, text[i.start : i.end], i.tier) for i in find_identifiers(text)] == [
        ("person_name", "早川美緒", "likely")
    ]


@pytest.mark.parametrize("text", NOTHING)
def test_a_look_alike_is_none(text: str) -> None:
    assert find_identifiers(text) == []


def test_statute_prose_holds_no_identifiers() -> None:
    from jeval.finreg.bank import load

    for item in load():
        if item.kind == "statement":
            assert find_identifiers(item.true) == [], item.true


def test_check_digits() -> None:
    assert my_number("123456789018")
    assert not my_number("123456789012")
    assert corporate_number("7000012050002")
    assert card("4111111111111111")
    assert not card("4111111111111112")
    assert insurer_number("06132013")
    assert not insurer_number("06132014")
    assert phone("0312345678", (2, 4, 4))
    assert not phone("0012345678", (2, 4, 4))


NOTATIONS = {
    "full width": lambda d: d.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    "kanji": lambda d: d.translate(str.maketrans("0123456789", "〇一二三四五六七八九")),
    "spaced": lambda d: " ".join(d),
    "one a line": lambda d: "\n".join(d),
    "by four": lambda d: "-".join(d[i : i + 4] for i in range(0, len(d), 4)),
}


@pytest.mark.parametrize("notation", NOTATIONS)
@given(eleven=st.text("0123456789", min_size=11, max_size=11))
def test_a_my_number_is_found_in_every_notation(notation: str, eleven: str) -> None:
    digits = next(eleven + c for c in "0123456789" if my_number(eleven + c))
    text = f"個人番号は{NOTATIONS[notation](digits)}です"
    assert [i.kind for i in find_identifiers(text) if i.tier == "checked"] == ["my_number"]


@given(st.text())
def test_any_text_is_read_without_a_crash_and_masked_in_place(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    for found in find_identifiers(text):
        assert 0 <= found.start < found.end <= len(text)


def test_masking_leaves_no_digit_of_an_identifier() -> None:
    assert mask("電話は090-0000-1234です") == "電話は●●●-●●●●-●●●●です"


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1 ",
        "1-",
        "1\n",
        "一",
        "市",
        "市1",
        "佐藤 様",
        "a@",
        " ",
        "東京都千代田区1-2-3 ",
        "1-",
        "1.",
        "a ",
        "氏名,",
        "氏名\n",
        "1 a ",
        "口座:",
        "<td>",
        "は「",
    ],
)
def test_time_grows_no_faster_than_length(unit: str) -> None:
    def seconds(size: int) -> float:
        """Best of two; timeit keeps the collector, which walks what other tests hold, out of the measurement."""
        text = unit * (size // len(unit))
        return min(timeit.repeat(lambda: find_identifiers(text), timer=time.process_time, number=1, repeat=2))

    seconds(2_000)
    small, large = seconds(20_000), seconds(80_000)
    assert large < 12 * small + 0.2
