"""No text crashes the analyser, hangs it, or makes it grow."""

from __future__ import annotations

import itertools
import resource
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from jeval.keigo import analyze
from jeval.keigo.normalise import normalise
from jeval.keigo.types import HonorificForm, Misuse

KANA = st.text(
    alphabet=[chr(c) for c in (*range(0x3041, 0x30FF), *range(0xFF61, 0xFFA0), *range(0xFF01, 0xFF5F))], max_size=60
)
NAUGHTY = st.lists(
    st.sampled_from(
        [
            "お", "ご", "御", "になられ", "れる", "られ", "させていただき", "ください", "「", "」", "『", "』", "\"", "“", "、", "。", "\n", "\r", "\t", "\0",
            "\x1b[31m", "\ud800", "\udfff", "\ufeff", "\u200b", "\u202e", "e\u0301" * 3, "か\u3099", "ｶﾞ", "ﾊﾟ", "㈱", "㍿", "①", "ﷺ", "😀", "👨‍👩‍👧", "🇯🇵",
            "<script>", "'; DROP TABLE", "%s%n", "../..", "NaN", "null", "１２３", "  ", "　", "部長、", "弊社の", "お客様が", "私は", "申し", "EOS", "*,*\t",
            ",", "\\", "　。", "？！", "ー", "々", "ゝ", "ヽ", "𠮷", "髙",
        ]
    ),
    max_size=25,
).map("".join)  # fmt: skip


def check(text: str) -> None:
    result = analyze(text, {"speaker": "社員", "addressee": "顧客", "referent": "自社の部長"})
    assert result.text == text
    found: list[HonorificForm | Misuse] = [*result.forms, *result.errors]
    for one in found:
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == one.surface


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_analysed(text: str) -> None:
    check(text)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(categories=["Cs", "Cc", "Cf", "Mn", "Lo", "So"]), max_size=60))
def test_surrogates_controls_and_marks_are_analysed(text: str) -> None:
    check(text)


@settings(max_examples=200, deadline=None)
@given(KANA)
def test_kana_of_either_width_is_analysed(text: str) -> None:
    check(text)


@settings(max_examples=300, deadline=None)
@given(NAUGHTY)
def test_naughty_strings_are_analysed(text: str) -> None:
    check(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | KANA | NAUGHTY)
def test_the_map_of_normalisation_never_runs_backwards(text: str) -> None:
    normal = normalise(text)
    spans = [normal.span(i, i + 1) for i in range(len(normal.text))]
    assert all(a <= b for (a, _), (b, _) in itertools.pairwise(spans))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(not 0xD800 <= ord(character) < 0xE000 and character != "\0" for character in normal.text)


def test_long_lines_take_time_in_proportion() -> None:
    unit = "お客様がご覧になった資料をお送りいたします、"
    for piece in (
        unit,
        "あ",
        "「",
        "お",
        "か\u3099\u0323\u0301",
        "\ud800",
        "ｶﾞ",
        "れ",
        "。",
        "お客様が",
        "見れます。",
        "見れる",
    ):
        line = piece * (400_000 // len(piece) // (1 if piece is unit else 4))
        start = time.process_time()
        analyze(line)
        assert time.process_time() - start < 12, piece[:4]


def test_memory_stays_flat_over_many_sentences() -> None:
    def run(count: int, offset: int) -> int:
        for index in range(offset, offset + count):
            analyze(f"お客様番号{index}番の方が窓口{index % 977}へお越しになりました。")
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = run(4000, 0)
    after = run(16000, 10**6)
    assert after - before < 30_000  # KiB
