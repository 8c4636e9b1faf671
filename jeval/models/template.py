"""Chat templates: does the one that comes with the model say what is asked, and does the answer stand where it should?

A template is code from outside. One that drops the user's text, or puts no answer's place behind it, gives every item the same
prompt and scores at chance without a word; so it is rendered once, with a known text, before anything is scored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM

from jeval.errors import InputError
from jeval.limits import TEMPLATE_BYTES, TEMPLATE_SECONDS, limited, native
from jeval.models.conversation import tool_turns
from jeval.models.translate import message

Message = Mapping[str, Any]
_ASKED, _ANSWERED, _RESPONSE = "本日のご用件をお伺いいたします", "窓口にて承ります", "三番の窓口が空いております"
_MORE = 1 << 20  # characters that a template may add to what is said
TOKENIZER = "the tokenizer of the model, given a single text or batch,"
_ADVICE = "mend it, or run without it (--no-chat-template)"


@dataclass(frozen=True)
class Template:
    """How a tokenizer's template is used: ``parts`` where it takes a message as a list of parts, not as text."""

    parts: bool = False


def probe(tokenizer: Any, given: Mapping[str, Any] | None = None) -> Template:
    """Render a known question through the tokenizer's chat template, and see that it does what a template is for.

    Args:
        given: variables of the template.

    Raises:
        InputError: the template fails, drops the question, or leaves no place for the answer.
    """
    arguments = given or {}
    parts = False
    rendered, problem = _asked(tokenizer, arguments, parts=False)
    if _ASKED not in rendered:
        again, _ = _asked(tokenizer, arguments, parts=True)
        if _ASKED not in again:
            raise InputError(f"the chat template {problem or 'drops what the user says'}; {_ADVICE}")
        rendered, parts = again, True
    _check_place_of_answer(tokenizer, arguments, rendered, parts=parts)
    return Template(parts)


def _asked(tokenizer: Any, arguments: Mapping[str, Any], *, parts: bool) -> tuple[str, str]:
    """The question with a place for the answer; what went wrong, if the template failed."""
    try:
        return render(tokenizer, [{"role": "user", "content": _ASKED}], arguments, parts=parts), ""
    except Exception as err:  # the template's own code raises anything
        return "", f"fails ({message(err, 160)})"


def _check_place_of_answer(tokenizer: Any, arguments: Mapping[str, Any], rendered: str, *, parts: bool) -> None:
    """With and without a place for the answer must differ, unless an answer stands right behind the question anyway."""
    question: Message = {"role": "user", "content": _ASKED}
    try:
        bare = render(tokenizer, [question], arguments, parts=parts, place=False)
        if bare != rendered:
            return
        whole = render(
            tokenizer, [question, {"role": "assistant", "content": _ANSWERED}], arguments, parts=parts, place=False
        )
    except Exception as err:  # the template's own code raises anything
        raise InputError(f"the chat template fails ({message(err, 160)}); {_ADVICE}") from err
    if not whole.removeprefix(rendered.rstrip()).lstrip().startswith(_ANSWERED):
        raise InputError(
            f"the chat template leaves no place for the answer (add_generation_prompt changes nothing), so that the model would "
            f"go on with the user's words; {_ADVICE}"
        )


def render(
    tokenizer: Any,
    history: Sequence[Message],
    arguments: Mapping[str, Any],
    *,
    parts: bool,
    place: bool = True,
    go_on: bool = False,
) -> str:
    """``history`` through the template, with a place for the answer, or with its last message left open (``go_on``)."""
    messages = [dict(message) for message in history]
    if parts:
        for message in messages:
            message["content"] = [{"type": "text", "text": message["content"]}]
    return _bounded(
        messages,
        lambda: tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=place, continue_final_message=go_on, **arguments
        ),
    )


def with_tools(template: Callable[[list[dict[str, Any]]], Any]) -> str:
    """What a chat template makes of a call of a tool and its response, "" where it has no turns for them.

    Many templates print any role, a tool's too, and drop the call: they have none. What a chat endpoint is sent is no text of a
    template: nobody knows what the server's makes of it.

    Args:
        template: of a conversation makes what the model reads (``lm.apply_chat_template``).
    """
    try:
        text = template(tool_turns(_ASKED, "find_desk", {"title": _ANSWERED}, _RESPONSE))
    except Exception:  # the template's own code raises anything
        return ""
    if not isinstance(text, str) or _is_json(text):
        return ""
    places = [text.find(said) for said in (_ASKED, "find_desk", _ANSWERED)] + [text.rfind(_RESPONSE)]
    return text if min(places) >= 0 and places == sorted(places) else ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _bounded(messages: Sequence[Message], rendered: Callable[[], Any]) -> str:
    """What a template makes of messages, in bounded time and memory, and not much longer than they are."""
    with limited(TEMPLATE_SECONDS, TEMPLATE_BYTES):
        text = str(rendered())
    most = _MORE + 4 * sum(len(str(message)) for message in messages)
    if len(text) > most:
        raise ValueError(f"it makes {len(text)} characters of a text; expected at most {most}")
    return text


class Templated(HFLM):  # type: ignore[misc]  # lm-eval carries no types
    """lm-eval's Hugging Face model, its chat template probed before it is first used."""

    @cached_property
    def template(self) -> Template | None:
        """How the tokenizer's template is used; ``None`` where there is none.

        Raises:
            InputError: see :func:`probe`.
        """
        if getattr(self.tokenizer, "chat_template", None) is None:
            return None
        return probe(self.tokenizer, self.chat_template_args)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        if self.template is None:
            return str(super().apply_chat_template(chat_history, add_generation_prompt))
        try:
            if not self.template.parts:
                stock = super().apply_chat_template
                return _bounded(chat_history, lambda: stock(chat_history, add_generation_prompt))
            return render(
                self.tokenizer,
                chat_history,
                self.chat_template_args,
                parts=True,
                place=add_generation_prompt,
                go_on=not add_generation_prompt,
            )
        except Exception as err:  # the template's own code raises anything
            raise InputError(f"the chat template fails ({message(err, 160)}); {_ADVICE}") from err

    # The tokenizer is a file from outside, read by native code

    def tok_encode(self, *args: Any, **kwargs: Any) -> list[int]:
        with native(TOKENIZER):
            ids: list[int] = super().tok_encode(*args, **kwargs)
        return ids

    def tok_batch_encode(self, *args: Any, **kwargs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        with native(TOKENIZER):
            batch: tuple[torch.Tensor, torch.Tensor] = super().tok_batch_encode(*args, **kwargs)
        return batch

    def tok_decode(self, *args: Any, **kwargs: Any) -> Any:
        with native(TOKENIZER):
            return super().tok_decode(*args, **kwargs)
