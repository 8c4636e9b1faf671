"""The log-probabilities that a server gives of a prompt, read strictly.

lm-eval sums whatever lies where the continuation should be: of a server that gives none, or fewer than there are tokens, the sum
is 0.0, and every item is scored at chance without a word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jeval.errors import ModelError
from jeval.models.served.wire import shown

HELP = (
    "log-likelihood tasks need them: serve with vLLM or SGLang, or score the weights with --model PATH (llama.cpp's server, Ollama and "
    "TGI give them of generated tokens only, for llama-cpp-python see docs/servers.md)"
)
_MANY = 8  # tokens that no model gives one value
_SLACK = 1e-4  # nats above zero that rounding explains


@dataclass(frozen=True)
class Row:
    """Of each token of one prompt: its log-probability, and the largest at its place. ``None`` where the server gave none."""

    values: Sequence[float | None]
    tops: Sequence[float | None]
    names: Sequence[str | None]

    def answer(self, start: int) -> tuple[float, bool]:
        """Log-likelihood of the tokens from ``start`` on, and whether each is the likeliest.

        Raises:
            ValueError: a value is missing or is no log-probability; the text says which.
        """
        if len(self.values) >= _MANY and len(set(self.values[1:])) == 1 and self.values[1] is not None:
            raise ValueError(f"{self.values[1]:g} for each of {len(self.values) - 1} tokens")
        total, greedy = 0.0, True
        for place in range(start, len(self.values)):
            value, top = self.values[place], self.tops[place]
            if value is None or top is None:
                raise ValueError(f"null for token {place + 1} of {len(self.values)}")
            if math.isnan(value) or math.isnan(top):
                raise ValueError(f"NaN for token {place + 1} of {len(self.values)}")
            if value > _SLACK or top > _SLACK:
                raise ValueError(f"a positive log-probability, {max(value, top):g}")
            total += value
            greedy = greedy and value == top
        return total, greedy


def fault(host: str, what: str) -> ModelError:
    """The error for a server whose log-probabilities cannot be used."""
    return ModelError(f"{host} does not give the log-probabilities of the prompt: {what}; {HELP}")


def choices(host: str, outputs: Any, count: int) -> list[dict[str, Any]]:
    """The answers to ``count`` prompts, in order.

    Raises:
        ModelError: another shape.
    """
    found = outputs.get("choices") if isinstance(outputs, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ModelError(f"{host} answered JSON of another shape ({shown(outputs)}); expected choices; check base_url")
    if len(found) != count:
        raise ModelError(f"{host} gave {len(found)} answers to {count} prompts; try --batch-size 1")
    if count == 1:
        return found
    order = {one.get("index"): one for one in found}
    if set(order) != set(range(count)):
        raise ModelError(f"{host} does not say which answer belongs to which prompt; try --batch-size 1")
    return [order[number] for number in range(count)]


def openai_rows(host: str, outputs: Any, lengths: Sequence[int]) -> list[Row]:
    """Rows of an answer of ``/v1/completions`` with ``echo``: token_logprobs and top_logprobs, one token generated after."""
    rows = []
    for choice, length in zip(choices(host, outputs, len(lengths)), lengths, strict=True):
        found = choice.get("logprobs")
        values = found.get("token_logprobs") if isinstance(found, dict) else None
        tops = found.get("top_logprobs") if isinstance(found, dict) else None
        if not isinstance(values, list) or not values:
            raise fault(host, "the answer has no token_logprobs")
        if not isinstance(tops, list):
            raise fault(host, "the answer has no top_logprobs")
        _check_count(host, len(values), length)
        if len(tops) < length:
            raise fault(host, f"{len(tops)} top_logprobs for {length} tokens")
        best = [_best(host, top) for top in tops[:length]]
        rows.append(
            Row([_number(host, value) for value in values[:length]], [b for b, _ in best], [n for _, n in best])
        )
    return rows


def sglang_rows(host: str, outputs: Any, lengths: Sequence[int]) -> list[Row]:
    """Rows of an answer of SGLang's ``/generate``: (log-probability, id, text) of each token of the prompt."""
    found = outputs.get("answers", [outputs]) if isinstance(outputs, dict) else outputs
    if len(found) != len(lengths):
        raise ModelError(f"{host} gave {len(found)} answers to {len(lengths)} prompts; try --batch-size 1")
    rows = []
    for one, length in zip(found, lengths, strict=True):
        meta = one.get("meta_info") if isinstance(one, dict) else None
        values = meta.get("input_token_logprobs") if isinstance(meta, dict) else None
        tops = meta.get("input_top_logprobs") if isinstance(meta, dict) else None
        if not isinstance(values, list) or not isinstance(tops, list):
            raise fault(host, f"no input_token_logprobs in {shown(one)}")
        _check_count(host, len(values), length)
        try:
            best = [float(top[0][0]) if top and top[0][0] is not None else None for top in tops[:length]]
            rows.append(Row([_number(host, value[0]) for value in values[:length]], best, [None] * length))
        except (TypeError, IndexError, ValueError) as err:
            raise fault(host, f"input_token_logprobs of another shape ({shown(values)})") from err
    return rows


def _check_count(host: str, given: int, length: int) -> None:
    if given < length:
        raise fault(host, f"{given} values for {length} tokens")
    if given > length + 1:
        raise fault(
            host,
            f"{given - 1} values for {length} tokens: the server counts tokens otherwise (a start token of its own, or another "
            "tokenizer); give tokenizer=PATH of the served model and, if need be, add_bos_token=True or False",
        )


def _number(host: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise fault(host, f"{shown(value)!r} in the place of a number")
    return float(value)


def _best(host: str, top: Any) -> tuple[float | None, str | None]:
    """The largest log-probability at a place, and the token it belongs to."""
    if not top:
        return None, None
    if not isinstance(top, dict):
        raise fault(host, f"top_logprobs hold {shown(top)}; expected token: log-probability")
    numbers = {str(name): number for name, value in top.items() if (number := _number(host, value)) is not None}
    if not numbers:
        return None, None
    name = max(numbers, key=lambda one: numbers[one])
    return numbers[name], name
