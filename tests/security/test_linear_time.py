"""Who: the author of a model, whose output is any text. What: an output on which a judge works for minutes.

Every regular expression of the package and every judge is tried on texts made to be slow for it. What counts is how the work
grows with the length, and what it comes to at the length at which answers are cut.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.japanese.folding import close_gaps
from jeval.thoughts import LONGEST, judged
from tests.security.regexes import attacks, judges

ROOT = Path(__file__).resolve().parents[2]
SHORT, LONG = 1024, 4096
#: Seconds that nobody notices; growth is asked for above it, where it can be measured.
CHEAP = 0.15
#: Modules whose expressions read what jeval itself ships, never what a model wrote.
OWN_DATA = {"jeval.keigo.atoms", "jeval.keigo.patterns", "jeval.keigo.generate", "jeval.keigo.persons"}


def seconds(work: Callable[[str], Any], text: str) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began


def grows_too_fast(work: Callable[[str], Any], short: str, long: str, cheap: float = CHEAP) -> bool:
    """Whether four times the text takes ten times as long, in each of three measurements, and long enough to matter."""
    if seconds(work, long) < cheap:
        return False
    return all(seconds(work, long) > max(cheap, 10 * seconds(work, short)) for _ in range(3))


def cut(before: str, body: str, length: int) -> str:
    return (before + body * (length // len(body) + 1))[:length]


@pytest.fixture(scope="module")
def expressions(warm: list[str]) -> list[tuple[str, int, str]]:
    done = subprocess.run(
        [*warm, str(ROOT / "tests" / "security" / "regexes.py")],
        capture_output=True, text=True, check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return [(pattern, flags, where) for pattern, flags, where in json.loads(done.stdout)]


def test_the_expressions_are_those_of_the_whole_package(expressions: list[tuple[str, int, str]]) -> None:
    modules = {where for _, _, where in expressions}
    for needed in (
        "jeval.finreg.grammar",
        "jeval.keigo.judge.tables",
        "jeval.leak.mnpi",
        "jeval.thoughts",
        "jeval.japanese.folding",
    ):
        assert needed in modules
    assert len(expressions) > 300


def test_no_expression_takes_long_on_a_text_made_for_it(expressions: list[tuple[str, int, str]]) -> None:
    slow = []
    for pattern, flags, where in expressions:
        if where in OWN_DATA:
            continue
        found = re.compile(pattern, flags)
        work = lambda text, found=found: sum(1 for _ in found.finditer(text))  # noqa: E731
        # What finreg reads has its gaps closed, see jeval.japanese.folding.close_gaps.
        read = (lambda text: close_gaps(text).text) if where.startswith("jeval.finreg.") else str
        for before, body in attacks(pattern, flags):
            short, long = (read(cut(before, body, length) + "\x01") for length in (SHORT, LONG))
            if seconds(work, short) < CHEAP / 64:
                continue  # not even its cube comes to anything
            if grows_too_fast(work, short, long):
                slow.append((where, pattern[:80], before[-20:], body[:20]))
                break
    assert not slow


@pytest.mark.parametrize("pattern", [r"[^0-9]+円", r"\s*円", r"[0-9.]+[万億兆]"])
def test_a_slow_expression_would_be_found(pattern: str) -> None:
    """The test above can fail: what is quadratic grows too fast on one of the texts made for it."""
    found, length = re.compile(pattern), 4 * LONG

    def work(text: str) -> int:
        return sum(1 for _ in found.finditer(text))

    tried = sorted(attacks(pattern, 0)) * 3  # a busy neighbour can hide what one measurement would show
    assert any(grows_too_fast(work, cut(b, a, length // 4) + "\x01", cut(b, a, length) + "\x01") for b, a in tried)


BODIES = (
    "一", "1", "1,", "111,", "一・", "万 ", "1/", "〇", "あ", "お", "ます。", "いただ", "。", " ", "\n", "\n ", "最長 ", "　", "「", "「」",
    "（", "A ", "090-", "a@", "a.", "東京都", "町", "1丁目", "一分の", "一月", "様", "年", "1日20%", "お読みになられ", "**", "`", "\\frac{",
    "<think>", "</think>", "ｶﾞ", "\u3099", "\x01", "回答:", "長", "1. ", "→", "か?",
)  # fmt: skip


@pytest.fixture(scope="module")
def every_judge() -> dict[str, Any]:
    return judges()


def test_no_judge_takes_long_whatever_the_answer(every_judge: dict[str, Any]) -> None:
    slow = []
    for name, work in every_judge.items():
        work("こんにちは。")
        for body in BODIES:  # half the length, and a quarter of the time: what is quadratic is as dear
            if grows_too_fast(work, cut("", body, SHORT // 2), cut("", body, LONG // 2), CHEAP / 4):
                slow.append((name, body))
    assert not slow


@pytest.mark.parametrize("body", ["一", " ", "お読みになられ", "1,", "長"])
def test_an_answer_of_a_million_characters_is_judged_at_once(every_judge: dict[str, Any], body: str) -> None:
    text = cut("", body, 1_000_000)
    for name, work in every_judge.items():
        if name.startswith("jeval_") and name.endswith("/0"):
            assert seconds(work, text) < 60, name


def test_of_an_answer_so_much_is_judged_as_the_record_says() -> None:
    heard = judged("<think>長い考え</think>" + "あ" * (LONGEST + 5))
    assert heard.text == "あ" * LONGEST and heard.thought
    start, end = heard.answer.span(0, LONGEST)
    assert end - start == LONGEST
    assert judged("あ" * LONGEST).text == "あ" * LONGEST


@pytest.mark.parametrize(
    "text", ["最長" + " " * 3000 + "7年", "7" + "　" * 50 + "年", "年\n" + "\n" * 200 + "答え: 7年です。"]
)
def test_white_space_without_end_changes_no_reading(text: str) -> None:
    from jeval.finreg.quantity import parse

    short = re.sub(r"\s{17,}", lambda gap: gap[0][:16], text)
    assert [(q.value, q.unit, q.bound, q.text[-2:]) for q in parse(text)] == [
        (q.value, q.unit, q.bound, q.text[-2:]) for q in parse(short)
    ]
    for quantity in parse(text):
        assert text[quantity.start : quantity.end] == quantity.text
