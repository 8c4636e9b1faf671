"""Files as they are: encodings, formats, and the place of every character."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jeval.errors import InputError
from jeval.keigo.files import READERS, Places, decode, format_of, segments
from jeval.keigo.lint.check import Finding, check
from jeval.keigo.lint.config import Settings

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "euc_jp", "iso2022_jp"]
WRONG = "ご確認してください"


def found(text: str, name: str = "-", **given: object) -> list[Finding]:
    return check(name, text, Settings.model_validate(given)).findings


def rules(text: str, name: str = "-", **given: object) -> list[str]:
    return [one.rule for one in found(text, name, **given)]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "text", ["内容をご確認してください。", "ABC社の資料を\r\nご覧になられましたか。\r\n", "はい、そうです。\n" * 400]
)
def test_an_encoding_is_found_out_and_kept(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    decoded = decode(data, "a.txt")
    assert decoded.text == text
    assert decoded.encode(text) == data


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04" + bytes(60), bytes(range(256)), "café été".encode("latin-1")],
)
def test_what_is_no_text_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.bin: no text in UTF-8") as caught:
        decode(data, "a.bin")
    assert "\n" not in str(caught.value)


def test_damaged_text_is_read_and_written_back_as_it_was() -> None:
    data = "資料です。".encode() + b"\xff\n"
    decoded = decode(data, "a.txt")
    assert decoded.damaged == 1
    assert decoded.encode(decoded.text) == data


#: A file's name, its text with the misuse between ⟦⟧ (the marks are taken out), and what is found there; nothing where there are none.
PLACED = [
    ("a.txt", "一行目です。\r\n内容を⟦ご確認してください⟧。"),
    ("a.txt", "一行目です。\r内容を⟦ご確認してください⟧。"),
    ("a.txt", "内容を⟦ご確認\nしてください⟧。"),
    ("a.txt", "いつもお世話になっております。このたびは資料を⟦ご確\r\n    認してください⟧。"),
    ("a.txt", "内容を⟦ご確認してくた\u3099さい⟧。"),
    ("a.txt", "オペレーター：「内容を⟦ご確認してください⟧」"),
    ("a.txt", "「内容を⟦ご確認してください⟧。」"),
    ("a.txt", "「内容をご確認してください」という言い方がある。"),
    ("a.txt", "×「内容をご確認してください。」"),
    ("a.txt", "> 内容をご確認してください。"),
    ("a.md", "# 題\n\n内容を**⟦ご確認**して[ください⟧](http://x/ご確認してください)。"),
    ("a.md", "- 項目\n  - 内容を⟦ご確認\n    してください⟧。"),
    ("a.md", "> 内容をご確認してください。"),
    ("a.md", "`ご確認してください` はコードです。\n\n    ご確認してください。\n\n~~~\nご確認してください\n~~~"),
    ("a.md", "<!-- ご確認してください。 -->"),
    ("a.md", "---\ntitle: ご確認してください。\n---\n\n内容を⟦ご確認してください⟧。"),
    ("a.md", "| あ | い |\n|---|---|\n| 項目 | 内容を⟦ご確認してください⟧。 |"),
    ("a.md", "内容を<b>⟦ご確認</b>してください⟧。\\*"),
    ("a.md", "<p>内容を⟦ご確認<br>してください⟧。</p>"),
    ("a.html", "<p>資料を<ruby>⟦拝見<rt>はいけん</rt></ruby>してください⟧。</p>"),
    ("a.html", "<p>A&amp;B&nbsp;内容を⟦ご確認<i>して</i>くだ&#12373;い⟧。"),
    ("a.html", "<!-- ご確認してください。 --><script>'ご確認してください。'</script><pre>ご確認してください。</pre><blockquote>ご確認してください。</blockquote>"),
    ("a.eml", "Subject: 資料の件\nFrom: a@example.jp\n\n佐藤様\n\n内容を⟦ご確認\nしてください⟧。\n\n> ご確認してください。\n-- \nご確認してください。"),
    ("a.csv", 'id,本文\n1,"内容を ""今"" ⟦ご確認してください⟧。"\n'),
    ("a.csv", '""手元の"案内","内容を"⟦ご確認してください⟧。\n'),
    ("a.tsv", "1\t内容を⟦ご確認してください⟧。\n"),
    ("a.json", '{"ご確認してください": 1, "b": ["内容を\\n⟦ご確認\\u3057てください⟧。"]}'),
    ("a.jsonl", '{"a": "はい。"}\n{"a": "内容を⟦ご確認してください⟧。"}\n'),
    ("a.yaml", "# ご確認してください。\na:\n  b: 内容を⟦ご確認してください⟧。\n"),
    ("a.yaml", "a: |\n  一行目。\n  内容を⟦ご確認してください⟧。\nb: *x\n".replace("b: *x\n", "")),
    ("a.yaml", 'a: "内容を⟦ご確認\\u3057てください⟧。"\n'),
    ("a.po", 'msgid "ご確認してください。"\nmsgstr ""\n"内容を⟦ご確認"\n"してください⟧。"\n'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "marked"), PLACED)
def test_a_misuse_stands_where_it_stands_in_the_file(name: str, marked: str) -> None:
    text = marked.replace("⟦", "").replace("⟧", "")
    shown = [text[one.start : one.end] for one in found(text, name)]
    assert shown == ([marked.partition("⟦")[2].partition("⟧")[0]] if "⟦" in marked else [])


def test_lines_and_columns_count_from_one_in_any_kind_of_line() -> None:
    places = Places("あ\r\nい\rう\nえ")
    assert [places.place(at) for at in (0, 3, 5, 7)] == [(1, 1), (2, 1), (3, 1), (4, 1)]


def test_what_has_no_telling_name_is_told_by_what_is_in_it() -> None:
    told = {
        '{"a": "あ"}': "json",
        '{"a": "あ"}\n{"a": "い"}\n': "jsonl",
        'msgstr "あ"': "po",
        "<p>あ</p>": "html",
        "# あ\n": "markdown",
        "From: a\nSubject: b\n\nあ": "mail",
        "あ。": "text",
    }
    assert {text: format_of("-", text) for text in told} == told


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [("a.json", '{\n"あ": }', 2), ("a.jsonl", '{}\n{"あ"\n', 2), ("a.yaml", "a: あ\nb: [\n", 3)],
)
def test_a_broken_file_is_named_with_its_line(name: str, text: str, line: int) -> None:
    with pytest.raises(InputError, match=rf"^{name}:{line}"):
        found(text, name)


def test_style_is_judged_over_the_document_and_headings_and_lists_apart() -> None:
    mixed = "手続きは完了した。\n\n書類は明日届きます。\n"
    assert rules(mixed, "a.md") == rules(mixed, "a.txt") == ["style-mix"]
    assert rules(mixed, "a.md", style="paragraph") == []
    assert rules("# 手続きは完了した。\n\n- 書類は届いた。\n- 案内は送った。\n\n書類は明日届きます。\n", "a.md") == []


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["お", "「", "」", "\n", "\r\n", "\r", "> ", "# ", "- ", "|", "`", "**", "<br>", "<p>", "&amp;", "&", "<!--", "-->", "[あ](い)", "\\", '"', "'", ",", ":", "{", "}", "\ud800", "\u3099", "か", "ます。", "した。", "：", "---\n", "    "]), max_size=30).map("".join))  # fmt: skip
@example('""お"お"')
def test_any_text_is_read_and_every_character_has_its_place(kind: str, text: str) -> None:
    try:
        read = list(segments(text, "-", kind))
    except InputError:
        return
    for one in read:
        spans = [one.span(at, at + 1) for at in range(len(one.text))]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert [start for start, _ in spans] == sorted(start for start, _ in spans)


def test_json_strings_are_decoded_as_json_does() -> None:
    value = 'あ"\\い\t😀\n'
    [one] = segments(json.dumps({"a": value}), "a.json")
    assert one.text == value.strip()
