"""Requests are built once per task, selection and chat template."""

from __future__ import annotations

from typing import Any

import pytest
from lm_eval.api.model import LM

from jeval.pipeline.evaluate import evaluate
from jeval.pipeline.taskpack import load_tasks

TASK = "jeval_search_keigo_choice"


class Recorder(LM):
    """Answers with a constant and keeps the prompts; its chat template is one marker before the text."""

    tokenizer_name = "recorder"

    def __init__(self, marker: str = "", value: float = -1.0) -> None:
        super().__init__()
        self.marker, self.value, self.prompts = marker, value, list[str]()

    def chat_template(self, chat_template: bool | str = False) -> str:
        return self.marker

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return self.marker + "".join(turn["content"] for turn in chat_history)

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        self.prompts = [request.args[0] for request in requests]
        assert all(request.resps == [] for request in requests), "answers of another model"
        return [(self.value, False)] * len(requests)

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        raise NotImplementedError


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One entry for each item whose prompt is built."""
    from lm_eval.api.task import ConfigurableTask

    calls: list[Any] = []
    whole = ConfigurableTask.fewshot_context

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return whole(*args, **kwargs)

    monkeypatch.setattr(ConfigurableTask, "fewshot_context", counted)
    return calls


def test_a_second_model_gets_the_same_requests_without_the_answers_of_the_first(built: list[Any]) -> None:
    loaded = load_tasks([TASK])
    rows = {TASK: [0, 3, 5]}
    first = evaluate(Recorder(value=-1.0), loaded, rows)[TASK]
    assert len(built) == 3
    second = evaluate(Recorder(value=-2.0), loaded, rows)[TASK]
    assert len(built) == 3
    assert [item.loglikelihoods for item in first] == [[-1.0] * 4] * 3
    assert [item.loglikelihoods for item in second] == [[-2.0] * 4] * 3
    assert [item.prompt for item in first] == [item.prompt for item in second]


def test_another_selection_or_chat_template_is_built_anew(built: list[Any]) -> None:
    loaded = load_tasks([TASK])
    evaluate(Recorder(), loaded, {TASK: [0]})
    evaluate(Recorder(), loaded, {TASK: [1]})
    assert len(built) == 2
    one, other = Recorder("<a>"), Recorder("<b>")
    evaluate(one, loaded, {TASK: [0]}, chat_template=True)
    evaluate(other, loaded, {TASK: [0]}, chat_template=True)
    assert len(built) == 4
    assert all(prompt.startswith("<a>") for prompt in one.prompts)
    assert all(prompt.startswith("<b>") for prompt in other.prompts)
    evaluate(one, loaded, {TASK: [0]}, chat_template=True)
    assert len(built) == 4
