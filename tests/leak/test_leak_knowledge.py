"""The tables of the room: a slip in one is named by file and line, and what the code asks of them is there."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from jeval.errors import InputError
from jeval.leak import knowledge, normalise
from jeval.leak.canary import space
from jeval.leak.corpus import load
from jeval.leak.identifiers.labels import words
from jeval.leak.knowledge import by_class, knowledge_path, pattern_of, table, word_lists
from jeval.leak.norms import norm
from jeval.leak.probes.sources import frames
from jeval.leak.summary.texts import Texts
from jeval.reading import read_yaml


@pytest.mark.parametrize(
    ("content", "ask", "says"),
    [
        ("a\tb\n1\n", lambda name: table(name, "a", "b"), ":2: expected 2 tab-separated columns"),
        ("a\tc\n", lambda name: table(name, "a", "b"), ":1: expected the columns a, b"),
        ("a\tb\nx\t1\n", lambda name: by_class(name, ("a", "b"), ("x", "y")), "y is missing"),
        ("x: [1]\n", lambda name: word_lists(name, ("x",)), "expected a list of words"),
        ("x: [a]\n", lambda name: word_lists(name, ("x", "y")), "y is missing"),
        ("- a\n", lambda name: word_lists(name, ("x",)), "x is missing"),
        ("x: [a\n", lambda name: word_lists(name, ("x",)), "not YAML"),
        ("", lambda name: pattern_of(name, "(?:a"), "no regular expression"),
    ],
)
def test_a_slip_in_a_table_is_named_with_its_file(
    content: str, ask: Callable[[str], Any], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slip").write_text(content, encoding="utf-8")
    monkeypatch.setattr(knowledge, "data_path", lambda *parts: tmp_path / parts[-1])
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        ask("slip")
    assert str(tmp_path / "slip") in str(caught.value)


@pytest.mark.parametrize(
    ("call", "says"), [(lambda: norm("nobody"), "nobody is missing"), (lambda: space("nmae"), "did you mean name")]
)
def test_a_name_that_is_not_known_is_an_error_of_one_line(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        call()


def test_every_table_says_what_it_holds() -> None:
    for path in knowledge_path("").iterdir():
        assert path.read_text(encoding="utf-8").startswith("# "), path


def test_the_report_says_the_same_with_the_same_gaps_in_both_languages() -> None:
    strings = read_yaml(knowledge_path("report.yaml"))
    for section, texts in strings.items():
        for key, text in texts.items():
            assert set(text) == {"ja", "en"}, (section, key)
            ja, en = text["ja"], text["en"]
            if key == "columns":
                assert len(ja) == len(en), section
                continue
            gaps = [{name for _, name, _, _ in Formatter().parse(one) if name} for one in (ja, en)]
            if (section, key) == ("detectors", "text"):
                gaps[0] -= {"answers", "instructions"}  # English says how many pairs they make
            assert gaps[0] == gaps[1], (section, key)
    with pytest.raises(InputError, match=r"no text exposure\.nothing in en"):
        Texts("en")("exposure.nothing")


def test_frames_have_a_place_for_what_is_put_into_them() -> None:
    assert all("{ask}" in frame for frame in (*frames().public_questions, *frames().company_questions))
    assert all("{company}" in frame for frame in frames().company_questions)


def test_generic_words_announce_a_kind_too() -> None:
    assert words().generic <= set(words().kinds)


def test_digits_of_every_script_belong_to_a_run() -> None:
    """What NFKC leaves of the characters that are digits to ``str.isdigit``, once it is folded."""
    digit = re.compile(normalise._DIGIT)
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.normalize("NFKC", character) == character and character not in normalise._KANJI:
            folded = normalise.fold(character).text
            assert (digit.fullmatch(folded) is not None) == character.isdigit(), hex(code)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("〇九〇ー一二三四", "090-1234"),
        ("二〇二六年", "2026年"),
        ("二十", "二十"),
        ("一二三", "一二三"),
        ("１２３ー４５６", "123-456"),
        ("データー1", "データー1"),
        ("壱弐参四", "1234"),
        ("一二\n三四", "12\n34"),
        ("一二  三四", "一二  三四"),
        ("0\u200b90", "090"),
    ],
)
def test_kanji_digits_are_folded_where_they_stand_for_digits(text: str, folded: str) -> None:
    assert normalise.fold(text).text == folded


def test_a_span_of_folded_text_is_one_of_the_text_as_given() -> None:
    text = "㈱あ０\u200b９０－一二三四"
    found = normalise.fold(text)
    start = found.text.index("090-1234")
    assert text[slice(*found.span(start, start + 8))] == "０\u200b９０－一二三四"


def test_a_corpus_as_windows_writes_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "a"}\r\n{"text": "b"}\r\n')
    assert [document.text for document in load(path)] == ["a", "b"]
