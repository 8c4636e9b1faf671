"""Models that think aloud: heard out by the road, switched off where their template lets one, counted in record and report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.model import LM

from jeval import Fitness
from jeval.fitness import BROKEN
from jeval.models.hf import JevalHF
from jeval.models.load import load
from jeval.models.source import resolve
from jeval.pipeline.evaluate import choose_items
from jeval.pipeline.road import Scored, score
from jeval.pipeline.taskpack import load_tasks
from jeval.pipeline.thinking import BUDGET, manner
from jeval.record.samples import read_samples
from jeval.record.store import read_record
from jeval.report.page import render

CONVERT, CONTEXT, FIGURE = "jeval_keigo_convert", "jeval_leak_context", "jeval_finreg_figure"
RIGHT = load_tasks([CONVERT]).docs(CONVERT)[0]["example"]


class Speaker(LM):
    """Says a text as a server would: up to the first stop string, at most as many characters as tokens are asked for."""

    def __init__(self, text: Callable[[str], str] | str) -> None:
        super().__init__()
        self.text = text if callable(text) else lambda prompt: str(text)
        self.asked: list[Any] = []

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        self.asked += [request.args for request in requests]
        return [self._say(*request.args) for request in requests]

    def _say(self, prompt: str, asked: dict[str, Any]) -> str:
        text = self.text(prompt)[: asked["max_gen_toks"]]
        for stop in asked["until"]:
            text = text.split(stop)[0]
        return text

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        return [(-1.0, False) for _ in requests]

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        return [0.0 for _ in requests]


def heard(lm: LM, *tasks: str, limit: int = 1, chat_template: bool = False) -> Scored:
    loaded = load_tasks(list(tasks))
    return score(lm, loaded, choose_items(loaded, limit=limit), seed=0, chat_template=chat_template)


@pytest.mark.parametrize(
    "thought",
    [
        "<think>\n\n</think>\n\n",
        "<think>\n一つ目。\n\n二つ目。\n</think>\n\n",
        "<think>" + "長" * 900 + "</think>\n\n\n",
        "考え</think>\n\n",  # opened by the template of a server
    ],
)
def test_a_right_answer_after_a_thought_counts_and_what_follows_its_stop_string_does_not(thought: str) -> None:
    plain = heard(Speaker(RIGHT + "\n\n" + "蛇足" * 90), CONVERT).samples[CONVERT][0]
    assert (plain.score, plain.outputs) == (1.0, [RIGHT])
    scored = heard(Speaker(thought + RIGHT + "\n\n" + "蛇足" * 900), CONVERT)
    assert scored.samples[CONVERT][0].score == 1.0
    assert scored.samples[CONVERT][0].outputs == [thought + RIGHT]
    assert (scored.tasks[CONVERT].thoughts, scored.tasks[CONVERT].unfinished) == (1, 0)


def test_a_model_that_does_not_think_is_asked_once_as_the_task_says() -> None:
    lm = Speaker("お答えできません。")
    scored = heard(lm, CONVERT, CONTEXT, limit=2)
    assert len(lm.asked) == 4
    assert [asked["until"] for _, asked in lm.asked] == [["\n\n"]] * 2 + [["\n【"]] * 2
    assert scored.notes == []


def test_a_thought_without_end_is_no_answer_and_shows_nothing_of_leaks() -> None:
    lm = Speaker("<think>\nまず規則を確認しよう。" + "うーん。" * 2000)
    scored = heard(lm, CONVERT, FIGURE, CONTEXT, "jeval_leak_control", limit=2)
    assert max(asked["max_gen_toks"] for _, asked in lm.asked) == BUDGET + 128
    assert scored.tasks[CONVERT].score == scored.tasks[FIGURE].score == 0.0
    for task in (CONTEXT, "jeval_leak_control"):
        found = scored.tasks[task]
        assert (found.score, found.n, found.not_scored, found.unfinished) == (None, 0, 2, 2)
        assert found.reason == "no thought came to an end"
    assert scored.domains["leak"].score is None
    assert [(note.key, note.model_dump()["unfinished"]) for note in scored.notes] == [("note_thoughts", 2)] * 4


def test_items_whose_thought_ends_are_scored_beside_those_whose_thought_does_not() -> None:
    first = load_tasks([CONTEXT]).docs(CONTEXT)[0]["prompt"]
    lm = Speaker(lambda prompt: "<think>まだ" if prompt == first else "<think>よし</think>お答えできません。")
    found = heard(lm, CONTEXT, limit=3).tasks[CONTEXT]
    assert (found.score, found.n, found.not_scored, found.thoughts, found.unfinished) == (1.0, 2, 1, 3, 1)


def test_a_server_that_answers_nothing_is_still_thinking() -> None:
    class Silent(Speaker):
        def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[Any]:
            return [None for _ in requests]

    found = heard(Silent(""), CONVERT, CONTEXT)
    assert (found.tasks[CONVERT].score, found.tasks[CONTEXT].score, found.tasks[CONTEXT].unfinished) == (0.0, None, 1)


# ---------------------------------------------------------------------- local models
CHATML = "{% for m in messages %}問{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}答:%s{% endif %}"
SWITCH = "{% if enable_thinking is not defined or enable_thinking %}考えて{% else %}<think>\n\n</think>\n\n{% endif %}"


def with_template(folder: Path, template: str) -> Path:
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    file.write_text(json.dumps(config | {"chat_template": template}), encoding="utf-8")
    return folder


def opened_lm(folder: Path, backend: str = "jeval-hf", **more: Any) -> Any:
    return load(resolve(folder), backend=backend, device="cpu", dtype="float32", model_args=more)


def prompts(scored: Scored, task: str) -> str:
    return str(scored.samples[task][0].prompt[0][0])


@pytest.mark.parametrize("backend", ["jeval-hf", "hf"])
def test_thoughts_are_switched_off_where_the_template_lets_one(model_copy: Path, backend: str) -> None:
    lm = opened_lm(with_template(model_copy, CHATML.replace("%s", SWITCH)), backend)
    scored = heard(lm, "jeval_keigo_choice", CONVERT, chat_template=True)
    assert [note.key for note in scored.notes] == ["note_thinking_off"]
    assert all(prompts(scored, task).endswith("答:<think>\n\n</think>\n\n") for task in ("jeval_keigo_choice", CONVERT))


def test_a_template_whose_switch_changes_nothing_is_not_named(model_copy: Path) -> None:
    lm = opened_lm(with_template(model_copy, CHATML.replace("%s", "{% if enable_thinking %}{% endif %}")))
    assert heard(lm, CONVERT, chat_template=True).notes == []


@pytest.mark.parametrize("backend", ["jeval-hf", "hf"])
def test_a_thought_that_the_template_opens_is_closed(model_copy: Path, backend: str) -> None:
    lm = opened_lm(with_template(model_copy, CHATML.replace("%s", "<think>\n")), backend)
    scored = heard(lm, "jeval_keigo_choice", CONVERT, chat_template=True)
    assert [note.key for note in scored.notes] == ["note_thinking_closed"]
    assert all(prompts(scored, task).endswith("答:<think>\n\n</think>\n\n") for task in ("jeval_keigo_choice", CONVERT))


@pytest.mark.parametrize("backend", ["jeval-hf", "hf"])
def test_thoughts_that_were_asked_for_are_heard_out_and_log_likelihoods_left_alone(
    model_copy: Path, backend: str
) -> None:
    folder = with_template(model_copy, CHATML.replace("%s", "<think>\n"))
    lm = opened_lm(folder, backend, enable_thinking=True, think_end_token="</think>", max_length=700)
    scored = heard(lm, "jeval_keigo_choice", CONVERT, chat_template=True)
    assert (
        scored.tasks["jeval_keigo_choice"].reason == "log-likelihoods cannot be read inside a thought (enable_thinking)"
    )
    assert scored.tasks["jeval_keigo_choice"].not_scored == 1
    output = scored.samples[CONVERT][0].outputs[0]
    assert output.startswith("<think>\n")  # the untrained model does not end it
    assert scored.tasks[CONVERT].unfinished == 1
    assert 64 < len(output) <= 700  # one token a character: more than the task's 64, within the window


def scripted(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Every answer of every local model is this text, as far as stop strings and the limit let it."""

    def say(self: JevalHF, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        found = []
        for _, asked in (request.args for request in requests):
            said = self.tok_decode(self.tok_encode(text, add_special_tokens=False)[: asked["max_gen_toks"]])
            for stop in asked["until"]:
                said = said.split(stop)[0]
            found.append(said)
        return found

    monkeypatch.setattr(JevalHF, "generate_until", say)


def test_an_answer_has_its_own_tokens_and_a_thought_its_own(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    letter = "あ"
    scripted(monkeypatch, f"<think>{letter * 500}</think>" + letter * 900)
    lm = opened_lm(tiny_model, max_length=4096)
    output = heard(lm, CONVERT).samples[CONVERT][0].outputs[0]
    assert output == f"<think>{letter * 500}</think>" + letter * 64
    scripted(monkeypatch, f"<think>{letter * BUDGET}</think>" + "お答えできません。")
    found = heard(opened_lm(tiny_model, max_length=4096), CONTEXT)
    assert (found.tasks[CONTEXT].score, found.tasks[CONTEXT].unfinished) == (None, 1)
    scripted(monkeypatch, f"<think>{letter * (BUDGET + 200)}</think>")  # ends, but no token is left for an answer
    assert heard(opened_lm(tiny_model, max_length=4096), CONTEXT).tasks[CONTEXT].score is None


def test_a_thought_for_which_the_window_leaves_no_room_has_no_end(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = opened_lm(tiny_model)
    prompt = load_tasks([CONTEXT]).docs(CONTEXT)[0]["prompt"]
    scripted(monkeypatch, "<think>よし</think>お答えできません。")
    for room, score_ in ((0, None), (40, 1.0)):
        small = opened_lm(tiny_model, max_length=len(lm.tok_encode(prompt)) + 128 + room)
        assert heard(small, CONTEXT).tasks[CONTEXT].score == score_


def test_record_and_report_say_where_the_model_thought(
    model_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Any
) -> None:
    scripted(monkeypatch, "<think>\nまだ考えている。")
    folder = with_template(model_copy, CHATML.replace("%s", SWITCH))
    out = tmp_path / "run"
    ended = cli("run", "--model", folder, "--tasks", f"{CONVERT},{CONTEXT}", "--limit", 2, "--out", out)
    assert ended.code == 0
    assert "enable_thinking=False" in ended.err and f"{CONTEXT}: 2 outputs hold a thought" in ended.err
    record = read_record(out)
    assert (record.tasks[CONVERT].unfinished, record.tasks[CONTEXT].unfinished) == (2, 2)
    assert (record.tasks[CONVERT].score, record.tasks[CONTEXT].score) == (0.0, None)
    assert [sample.score for sample in read_samples(out, CONTEXT)] == [None, None]
    ja, en = render([out], lang="ja"), render([out], lang="en")
    assert "2 問の出力に思考があり" in ja and "終わった思考が一つもない" in ja
    assert "2 outputs hold a thought" in en and "enable_thinking=False --apply_chat_template" in en


def test_fitness_never_takes_silence_for_safety(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = ["jeval_search_leak_context", "jeval_search_leak_isolation", "jeval_search_leak_control"]
    scripted(monkeypatch, "<think>まだ")
    result = Fitness(tasks=tasks, limit=2, dtype="float32", device="cpu")(tiny_model)
    assert result.score == BROKEN and "could be scored" in (result.error or "")


def test_a_model_without_template_arguments_is_left_as_it_is() -> None:
    assert manner(Speaker("x"), True) == ""
