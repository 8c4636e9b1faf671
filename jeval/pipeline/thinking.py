"""Models that think aloud: asked not to, and heard out where they do.

What a thought is, and what an answer is, says :mod:`jeval.thoughts`; here the model gets the room to come to its answer. A
stop string of a task (a blank line, say) means nothing inside a thought. So a request whose answer shows a thought is asked
again without stop strings and with :data:`BUDGET` more tokens; then the answer proper is cut as the task says, at its stop
strings and its own number of tokens. Requests that show no thought are asked once, as they stand. This needs nothing of the
model but text, so that it holds for every backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import normalize_gen_kwargs

from jeval.errors import InputError
from jeval.limits import TEMPLATE_BYTES, TEMPLATE_SECONDS, limited
from jeval.models.delegate import Delegate
from jeval.thoughts import closed, is_closing, opened, said, unended

BUDGET = 1024
"""Most tokens of a thought; a longer one counts as one without end."""

Manner = Literal["", "off", "closed", "on"]
"""How a model thinks: as it likes, switched off in its template, ended in the prompt that opens it, or as the user asks."""


def manner(lm: LM, chat_template: bool) -> Manner:
    """Switch thoughts off where the chat template lets one, unless the user has asked for them; what came of it.

    Log-likelihoods of answers mean nothing inside a thought, and most tasks leave no room for one.
    """
    args = getattr(lm, "chat_template_args", None)
    if not chat_template or not isinstance(args, dict):
        return ""
    if getattr(lm, "enable_thinking", None) or args.get("enable_thinking"):
        lm.enable_thinking = None  # with it lm-eval's class refuses all log-likelihoods, of plain texts too
        return "on"
    found: Manner = ""
    template = str(getattr(getattr(lm, "tokenizer", None), "chat_template", ""))
    if "enable_thinking" in template and "enable_thinking" not in args:
        before = _rendered(lm)
        lm.chat_template_args = {**args, "enable_thinking": False}
        if before != _rendered(lm):
            found = "off"
    return "closed" if opened(_rendered(lm)) else found


def _rendered(lm: LM) -> str:
    return str(lm.apply_chat_template([{"role": "user", "content": "一"}]))


class ThinkingLM(Delegate):
    """Any lm-eval model, its thoughts given room; see the module.

    Args:
        inner: asked.
        hf: the Hugging Face class behind ``inner``, which knows its window and tokens; ``None`` for other models.
        think: whether a thought that the chat template opens stays open.
    """

    def __init__(self, inner: LM, hf: HFLM | None, *, think: bool) -> None:
        super().__init__(inner)
        self._hf, self._think = hf, think
        mark = getattr(hf, "think_end_token", None)
        if hf is not None and isinstance(mark, int):
            mark = hf.tok_decode([mark], skip_special_tokens=False)
        # Before a mark of the user's own it is lm-eval that takes thoughts off.
        self._blind = bool(mark) and not is_closing(str(mark))
        if hf is not None and mark and not self._blind:
            hf.think_end_token = None  # taken off here, where a thought without end is told from an answer

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> Any:
        try:
            with limited(TEMPLATE_SECONDS, TEMPLATE_BYTES):
                text = super().apply_chat_template(chat_history, add_generation_prompt)
        except (TimeoutError, MemoryError) as err:
            raise InputError(
                f"the chat template takes more than {TEMPLATE_SECONDS:g} s or {TEMPLATE_BYTES >> 20} MB for one text; mend it, "
                "or run without it (--no-chat-template)"
            ) from err
        return closed(text) if isinstance(text, str) and add_generation_prompt and not self._think else text

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Answers, each with the thought before it."""
        outputs = [self._opened(request) for request in requests]
        self._ask(requests, [number for number, mark in enumerate(outputs) if not mark], outputs)
        # A closing mark alone, with the answer cut off behind it, may end a thought that a server's template opened.
        thinking = [n for n, output in enumerate(outputs) if (heard := said(output)).thought or heard.end >= 0]
        rooms = {number: self._room(requests[number]) for number in thinking}
        again = list(requests)
        for number, room in rooms.items():
            if room:
                outputs[number] = self._opened(requests[number])
                again[number] = _at_length(requests[number], room)
        # Where the window leaves no room, a thought that the prompt opens is still asked for, as the task has it.
        self._ask(again, [n for n in thinking if rooms[n] or self._opened(requests[n])], outputs)
        for number in thinking:
            outputs[number] = self._cut(outputs[number], requests[number], rooms[number])
        return outputs

    def _opened(self, request: Instance) -> str:
        """By what the prompt opens a thought; "" where it does not, or a chat endpoint gets messages and no prompt."""
        context = request.args[0]
        return opened(context) if isinstance(context, str) and not self._blind else ""

    def _ask(self, requests: Sequence[Instance], numbers: list[int], outputs: list[str]) -> None:
        """Append the answers to the requests of these numbers to their ``outputs``; a server says nothing within a thought."""
        if numbers:
            answers = self.inner.generate_until([requests[number] for number in numbers])
            for number, answer in zip(numbers, answers, strict=True):
                outputs[number] += "<think>" if answer is None else answer

    def _room(self, request: Instance) -> int:
        """Tokens that a thought may have: what the window leaves of the budget."""
        if self._hf is None:
            return BUDGET
        context, asked = request.args
        left = int(self._hf.max_length) - prompt_tokens(self._hf, context) - answer_tokens(asked)
        return max(0, min(BUDGET, left))

    def _cut(self, output: str, request: Instance, room: int) -> str:
        """``output`` up to where its answer ends by the task's rules, or within the thought that was too long."""
        asked = request.args[1]
        heard = said(output)
        text = heard.text
        begins = heard.answer.span(0, 1)[0] if text else len(output)
        if heard.thought and not heard.unfinished and self._too_long(output[:begins], room, answered=bool(text)):
            return unended(output)
        if not text:
            return output
        if self._hf is not None:
            text = _first(self._hf, text, answer_tokens(asked))
        for stop in _stops(asked):
            text = text.split(stop)[0]
        return output[: heard.answer.span(0, len(text))[1]] if text else output[:begins]

    def _too_long(self, thought: str, room: int, *, answered: bool) -> bool:
        """Whether a thought took tokens of the answer's. Where none can be counted, one that leaves nothing behind it did."""
        if self._hf is None:
            return not answered
        return len(self._hf.tok_encode(thought, add_special_tokens=False)) > room


def _stops(asked: dict[str, Any]) -> list[str]:
    until = asked.get("until") or []
    return [stop for stop in ([until] if isinstance(until, str) else until) if stop]


def _first(hf: HFLM, text: str, count: int) -> str:
    """The first ``count`` tokens of ``text``."""
    ids = hf.tok_encode(text, add_special_tokens=False)
    if len(ids) <= count:
        return text
    some = hf.tok_decode(ids[:count])  # may end in half a character
    return text[
        : next((i for i, (a, b) in enumerate(zip(text, some, strict=False)) if a != b), min(len(text), len(some)))
    ]


def _at_length(request: Instance, room: int) -> Instance:
    """The request without stop strings, and with ``room`` more tokens."""
    context, asked = request.args
    plain = {name: value for name, value in asked.items() if name not in _LIMITS}
    plain |= {"until": [], "max_gen_toks": answer_tokens(asked) + room}
    return replace(request, arguments=(context, plain), resps=[], filtered_resps={})


_LIMITS = {"max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"}


def answer_tokens(asked: dict[str, Any], default: int = 256) -> int:
    """Most tokens of an answer, by the generation settings of a request."""
    return int(normalize_gen_kwargs(asked, default)["max_gen_toks"])


def prompt_tokens(hf: HFLM, context: str) -> int:
    """Tokens of a prompt of generation, as the class makes them of a batch of one."""
    return int(hf.tok_batch_encode([context])[0].shape[1])
