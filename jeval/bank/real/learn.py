"""Teach a model lessons on a CPU: only the upper layers learn, what the lower ones make of a lesson is computed once, and the
softmax runs over the tokens in use.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jeval.bank.real.lessons import Lesson

if TYPE_CHECKING:
    import torch


Row = tuple[list[int], int]
"""Token ids of a lesson, and from which on they are learnt."""


@dataclass(frozen=True)
class Course:
    """How a model is taught: steps, tokens in a step (padding counted), peak learning rate, layers that learn (the upper ones)."""

    steps: int
    tokens: int
    learning_rate: float
    layers: int


def learn(
    model: Any,
    tokenizer: Any,
    lessons: Sequence[Lesson],
    course: Course,
    *,
    in_use: Sequence[str],
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[float]:
    """Next-token training with AdamW and a linear schedule; returns the mean loss (nats per token) of each tenth of the steps.

    The embedding, which is the output layer too in small models, stays as it is, and so do the lower layers.

    Args:
        in_use: texts whose tokens the softmax runs over, besides those of the lessons.
    """
    import torch

    torch.set_flush_denormal(True)
    rows = [_encoded(tokenizer, lesson) for lesson in lessons]
    vocabulary = _vocabulary(tokenizer, rows, in_use)
    output = model.get_output_embeddings().weight[vocabulary].detach().clone()
    place = torch.full((model.config.vocab_size,), -100)
    place[vocabulary] = torch.arange(len(vocabulary))
    parameters = _teachable(model, course.layers)
    optimiser = torch.optim.AdamW(parameters, lr=course.learning_rate, weight_decay=0.0, betas=(0.9, 0.98))
    warm = max(1, course.steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (course.steps - step) / (course.steps - warm + 1)))
    )
    losses: list[float] = []
    with _lower_layers_done(model, rows, course.layers) as inputs:
        model.train()
        for step, batch in enumerate(_batches(rows, course, seed), 1):
            wanted = _labels([rows[number] for number in batch])
            hidden = model.base_model(inputs_embeds=_padded([inputs[n] for n in batch]), use_cache=False)
            learnt = wanted[:, 1:] >= 0
            logits = hidden.last_hidden_state[:, :-1][learnt] @ output.T
            loss = torch.nn.functional.cross_entropy(logits, place[wanted[:, 1:][learnt]])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if progress:
                progress(step, course.steps)
    torch.set_flush_denormal(False)
    model.eval()
    size = max(1, len(losses) // 10)
    return [sum(losses[i : i + size]) / len(losses[i : i + size]) for i in range(0, len(losses), size)]


@contextmanager
def _lower_layers_done(model: Any, rows: Sequence[Row], layers: int) -> Iterator[list[torch.Tensor]]:
    """What the layers that do not learn make of each row, computed once; meanwhile they pass on what they are given."""
    import torch

    class Passed(torch.nn.Module):
        def forward(self, hidden_states: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
            return hidden_states

    stack = model.base_model.layers
    lower = list(stack[: len(stack) - layers])
    caught: list[torch.Tensor] = []
    first = stack[len(lower)]
    hook = first.register_forward_pre_hook(lambda _, given: caught.append(given[0][0].detach().clone()))
    model.eval()
    try:
        with torch.no_grad():
            for ids, _ in rows:
                model.base_model(input_ids=torch.tensor([ids]), use_cache=False)
    finally:
        hook.remove()
    for number in range(len(lower)):
        stack[number] = Passed()
    try:
        yield caught
    finally:
        for number, layer in enumerate(lower):
            stack[number] = layer


def _encoded(tokenizer: Any, lesson: Lesson) -> Row:
    """Token ids, and from which on they are learnt."""
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    text = begin + tokenizer(lesson.text, add_special_tokens=False)["input_ids"]
    if not lesson.answer:
        return [*text, tokenizer.eos_token_id], 1
    return text + tokenizer(lesson.answer, add_special_tokens=False)["input_ids"], len(text)


def _vocabulary(tokenizer: Any, rows: Sequence[Row], texts: Sequence[str]) -> list[int]:
    used = {token for ids, _ in rows for token in ids}
    if texts:
        used.update(*tokenizer(list(texts), add_special_tokens=False)["input_ids"])
    return sorted(used)


def _teachable(model: Any, layers: int) -> list[Any]:
    for parameter in model.parameters():
        parameter.requires_grad = False
    chosen = [*model.base_model.layers[-layers:], model.base_model.norm]
    found = [parameter for module in chosen for parameter in module.parameters()]
    for parameter in found:
        parameter.requires_grad = True
    return found


def _batches(rows: Sequence[Row], course: Course, seed: int) -> Iterator[list[int]]:
    """Batches of lessons (their numbers) of similar length, in random order, over and over: every lesson once before any comes
    again.
    """
    rng = random.Random(seed)
    left: list[list[int]] = []
    for _ in range(course.steps):
        if not left:
            batch: list[int] = []
            for number in sorted(rng.sample(range(len(rows)), len(rows)), key=lambda number: len(rows[number][0])):
                if batch and (len(batch) + 1) * len(rows[number][0]) > course.tokens:
                    left.append(batch)
                    batch = []
                batch.append(number)
            left.append(batch)
            rng.shuffle(left)
        yield left.pop()


def _padded(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """Rows padded on the right, where causal attention does not look."""
    import torch

    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)


def _labels(rows: Sequence[Row]) -> torch.Tensor:
    """Token ids where they are learnt, -100 elsewhere."""
    import torch

    width = max(len(ids) for ids, _ in rows)
    labels = torch.full((len(rows), width), -100)
    for number, (ids, first) in enumerate(rows):
        labels[number, first : len(ids)] = torch.tensor(ids[first:])
    return labels
