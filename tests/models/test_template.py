"""Chat templates: probed with a known text before anything is scored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jeval.demo.model import char_tokenizer
from jeval.errors import InputError
from jeval.models.template import Template, probe

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PARTS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for part in m['content'] %}{{ part['text'] }}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
INSTRUCT = (
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]{% else %} {{ m['content'] }}</s>"
    "{% endif %}{% endfor %}"
)


def tokenizer(template: Any) -> Any:
    found = char_tokenizer(["あ"])
    found.chat_template = template
    return found


@pytest.mark.parametrize("template", [CHATML, INSTRUCT, {"default": CHATML, "tool_use": "x"}])
def test_a_sound_template_is_used_as_it_is(template: Any) -> None:
    assert probe(tokenizer(template)) == Template()


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for m in messages %}{{ m['role'] }}{% endfor %}{% if add_generation_prompt %}A:{% endif %}", "drops what"),
        ("", "drops what"),
        (CHATML.replace("{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}", ""), "no place for the answer"),
        ("{{ raise_exception('no\nuser') }}", "fails .*no user"),
        ("{{ 1 / 0 }}", "fails"),
        ("{{ messages[5].content }}", "fails"),
        ("{% for m in messages %}", "fails"),
        ({"tool_use": CHATML}, "fails"),
    ],
)  # fmt: skip
def test_a_template_that_does_not_say_what_is_asked_is_one_line(template: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        probe(tokenizer(template))
    assert "\n" not in str(error.value)
    assert "--no-chat-template" in str(error.value)


def test_a_template_of_parts_gets_parts() -> None:
    assert probe(tokenizer(PARTS)).parts


@pytest.fixture
def chat_model(model_copy: Path) -> Callable[[str], Path]:
    def make(template: str) -> Path:
        (model_copy / "chat_template.jinja").write_text(template)
        return model_copy

    return make


def test_what_is_asked_reaches_the_model_and_the_record(
    chat_model: Callable[[str], Path], tmp_path: Path, cli: Callable[..., Any]
) -> None:
    from jeval.record.samples import read_samples
    from jeval.record.store import read_record

    model = chat_model(PARTS.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}"))
    asked = ("run", "--model", model, "--tasks", "jeval_keigo_choice", "--limit", "2")
    done = cli(*asked, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    record = read_record(tmp_path / "run")
    assert record.model.chat_template
    assert {note.key for note in record.notes} >= {"note_template_parts", "note_thinking_closed"}
    sample = read_samples(tmp_path / "run", "jeval_keigo_choice")[0]
    assert str(sample.prompt[0][0]).endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    done = cli(*asked, "--out", tmp_path / "plain", "--no-chat-template")
    assert done.code == 0, done.err
    assert not read_record(tmp_path / "plain").model.chat_template


def test_a_broken_template_ends_the_run_before_it_begins(
    chat_model: Callable[[str], Path], tmp_path: Path, cli: Callable[..., Any]
) -> None:
    done = cli("run", "--model", chat_model("{{ 1 / 0 }}"), "--limit", "2", "--out", tmp_path / "run")
    assert done.code == 2
    assert "--no-chat-template" in done.err
