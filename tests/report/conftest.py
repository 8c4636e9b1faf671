"""Run folders to make reports of: one with every kind of item, and a second that differs from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.audit import run as audit
from jeval.audit import subject
from jeval.models.load import load

#: What a hostile model writes, tasks are called, and files are named.
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "<svg onload=alert(3)>",
    '"><b>bold</b>',
    "{{7*7}}{% raw %}",
    "javascript:alert(4)",
    "\u202eabc\u2066def\u2069",
    "a\u200bb\u2060c\ufeff",
    "\U000e0041\U000e0042",
    "\x1b[31mred\x1b[0m\x07",
    "</details></main>",
    "<!-- ",
    "]]>",
)


def talking(answer: Callable[[int], str]) -> Callable[..., Any]:
    """Loading of a model that says what ``answer`` gives for the number of the request."""

    def talkative(*args: Any, **kwargs: Any) -> Any:
        lm = load(*args, **kwargs)
        lm.generate_until = lambda requests, **_: [answer(number) for number, _ in enumerate(requests)]
        return lm

    return talkative


Audited = Callable[..., Path]


def _audited(model: Path, out: Path, answer: Callable[[int], str], **options: Any) -> Path:
    """A run of a model that answers so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JEVAL_CACHE", str(out.parent / "answers.sqlite"))
        patch.setattr(subject, "load", talking(answer))
        audit.run(model, audit.RunOptions(out=out, device="cpu", backend="hf", **options), silent=True)
    return out


@pytest.fixture(scope="session")
def hostile_run(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model is named, and answers, as an attacker would."""
    base = tmp_path_factory.mktemp("hostile")
    model = shutil.copytree(tiny_model, base / "<b>model\u202e</b>")
    texts = [*HOSTILE, "電話は 090-0000-1234 です。"]

    def answer(number: int) -> str:
        return "あ" * 1_000_000 if number == 7 else texts[number % len(texts)] + texts[7 * number % len(texts)]

    return _audited(model, base / "run", answer, limit=8)


@pytest.fixture(scope="session")
def other_run(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the same items that answers nothing."""
    return _audited(tiny_model, tmp_path_factory.mktemp("other") / "run", lambda _: "", limit=8)


@pytest.fixture(scope="session")
def audited() -> Audited:
    """A run of a model that answers what a function gives: ``audited(model, out, answer, **options)``."""
    return _audited
