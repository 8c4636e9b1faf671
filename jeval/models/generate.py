"""Greedy generation in batches: the tree of the prompts is computed once, and each pass checks guesses of how answers go on.

A batch is a fixed slice of the requests in lexicographic order of their tokens, so that neighbours share as much as
possible and a resumed run repeats the same sums.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from jeval.errors import ModelError
from jeval.limits import native
from jeval.models.attention import KeyValues, RefusedError, Sink, Trunk
from jeval.models.decoding import Answers, Step
from jeval.models.draft import Draft, worth
from jeval.models.packing import in_order, plan
from jeval.models.passes import Runner, text_config
from jeval.models.radix import build
from jeval.models.template import TOKENIZER


@dataclass
class Generation:
    """One request: ``prompt`` ids, at most ``limit`` new tokens, ended by an id in ``ends`` or a string in ``stops``.

    ``stops`` holds ``(string, number of last tokens to look at)``; see :func:`stop_windows`.
    """

    prompt: tuple[int, ...]
    limit: int
    ends: frozenset[int]
    stops: tuple[tuple[str, int], ...]
    tokens: list[int] = field(default_factory=list)


def stop_windows(tokenizer: Any, stops: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """How far back each stop string is looked for: as lm-eval's ``MultiTokenEOSCriteria``, two tokens more than its own."""
    return tuple((stop, len(tokenizer.encode(stop, add_special_tokens=False)) + 2) for stop in stops)


def is_greedy(gen_kwargs: dict[str, Any]) -> bool:
    """Whether a request asks for nothing but greedy decoding."""
    known = {
        "until",
        "do_sample",
        "temperature",
        "max_gen_toks",
        "max_new_tokens",
        "max_tokens",
        "max_completion_tokens",
    }
    temperature = float(gen_kwargs.get("temperature") or 0.0)
    sampled = gen_kwargs.get("do_sample") or (gen_kwargs.get("do_sample") is None and temperature > 0.0)
    return set(gen_kwargs) <= known and not sampled


# Settings of a generation_config that leave greedy decoding as it is.
_PLAIN: dict[str, set[Any]] = {
    "repetition_penalty": {None, 1.0},
    "encoder_repetition_penalty": {None, 1.0},
    "no_repeat_ngram_size": {None, 0},
    "num_beams": {None, 1},
    "min_length": {None, 0},
    "min_new_tokens": {None, 0},
    "guidance_scale": {None, 1.0},
    "penalty_alpha": {None},
    "forced_bos_token_id": {None},
    "forced_eos_token_id": {None},
    "prompt_lookup_num_tokens": {None},
    "assistant_early_exit": {None},
}
_ABSENT = (
    "bad_words_ids",
    "sequence_bias",
    "suppress_tokens",
    "begin_suppress_tokens",
    "exponential_decay_length_penalty",
    "stop_strings",
    "dola_layers",
    "watermarking_config",
    "max_time",
)


def unusual_generation_config(model: Any) -> list[str]:
    """Names of settings of the model's ``generation_config`` by which greedy decoding is more than an argmax."""
    config = getattr(model, "generation_config", None)
    changed = [name for name, plain in _PLAIN.items() if getattr(config, name, None) not in plain]
    return changed + [name for name in _ABSENT if getattr(config, name, None)]


def end_tokens(model: Any) -> frozenset[int]:
    """Token ids after which the model's own ``generate`` stops."""
    found = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    if found is None:
        return frozenset()
    return frozenset([found] if isinstance(found, int) else found)


def generate(
    runner: Runner,
    tokenizer: Any,
    batch: list[Generation],
    *,
    budget: int,
    advanced: Callable[[int], None] | None = None,
) -> None:
    """Fill ``tokens`` of each request of ``batch`` greedily.

    Args:
        budget: most prompt tokens in one forward pass.
        advanced: called with the number of tokens computed or found unnecessary.

    Raises:
        ModelError: a logit is NaN.
        RefusedError: the model's attention is not known here.
    """
    config = text_config(runner.model)
    if getattr(config, "attn_logit_softcapping", None) is not None:
        raise RefusedError("its attention scores are soft-capped")
    longest = max(len(one.prompt) + one.limit for one in batch)
    window = getattr(config, "sliding_window", None)
    if window and longest > window and _slides(config):
        raise RefusedError("its attention has a sliding window")
    with runner.ready():
        _Batch(runner, tokenizer, batch, budget, advanced or (lambda tokens: None)).run()


def _slides(config: Any) -> bool:
    kinds = getattr(config, "layer_types", None)
    return kinds is None or "sliding_attention" in kinds


class _Batch:
    def __init__(
        self, runner: Runner, tokenizer: Any, batch: list[Generation], budget: int, advanced: Callable[[int], None]
    ) -> None:
        self.runner, self.tokenizer, self.budget, self.advanced = runner, tokenizer, budget, advanced
        self.batch = sorted(batch, key=lambda one: one.prompt)
        self.drafts = [Draft(one.prompt) for one in self.batch]

    def run(self) -> None:
        answers, following = self._prefill()
        began = time.perf_counter()
        live = [row for row, token in enumerate(following) if not self._appended(row, token)]
        for row in set(range(len(following))).difference(live):
            answers.drop(row)
        while live:
            live = self._pass(answers, live)
        self.runner.cost.add("generate", time.perf_counter() - began)

    def _pass(self, answers: Answers, rows: list[int]) -> list[int]:
        """One pass over the live ``rows``; those that are live after it."""
        least = worth(len(rows))
        fed = []
        for row in rows:
            one = self.batch[row]
            fed.append([one.tokens[-1], *self.drafts[row].guess(one.limit - len(one.tokens) - 1, least)])
        places: list[int] = []
        for row, tokens in zip(rows, fed, strict=True):
            before = len(self.batch[row].prompt) + len(self.batch[row].tokens) - 1
            places.extend(range(before, before + len(tokens)))
        step = Step(answers, rows, list(map(len, fed)), dtype=self.runner.dtype, device=self.runner.device)
        ids = np.asarray([token for tokens in fed for token in tokens], dtype=np.int64)
        states = self.runner.run(step, ids, np.asarray(places, dtype=np.int64), np.arange(len(ids)))
        best = iter(self.runner.best(states))
        left = []
        for row, tokens in zip(rows, fed, strict=True):
            if self._checked(answers, row, tokens, [next(best) for _ in tokens]):
                answers.drop(row)
            else:
                left.append(row)
        return left

    def _checked(self, answers: Answers, row: int, fed: list[int], said: list[int | None]) -> bool:
        """Take what the model said as far as the row's guesses were right; whether the answer is complete."""
        ended, right = False, 0
        for place, token in enumerate(said):
            if place and fed[place] != said[place - 1]:
                break
            right = place
            if ended := self._appended(row, token):
                break
        self.drafts[row].checked(len(fed) - 1, right)
        answers.grown(row, right + 1)
        return ended

    def _appended(self, row: int, token: int | None) -> bool:
        """The answer has one more token; whether it is complete."""
        if token is None:
            raise ModelError("the model cannot be scored: its logits hold NaN")
        one = self.batch[row]
        one.tokens.append(token)
        self.drafts[row].append(token)
        ended = self._ended(one)
        self.advanced(one.limit - len(one.tokens) + 1 if ended else 1)
        return ended

    def _ended(self, one: Generation) -> bool:
        if one.tokens[-1] in one.ends or len(one.tokens) >= one.limit:
            return True
        texts: dict[int, str] = {}
        for stop, window in one.stops:
            if window not in texts:
                with native(TOKENIZER):
                    texts[window] = self.tokenizer.decode(one.tokens[-window:])
            if stop in texts[window]:
                return True
        return False

    def _prefill(self) -> tuple[Answers, list[int | None]]:
        """Prompts through the model, each node of their tree once; the first new token of each."""
        prompts = [one.prompt for one in self.batch]
        tree, paths = build(prompts, [len(prompt) for prompt in prompts])
        cut = plan(tree, self.budget)
        trunk, store = Trunk(max(1, cut.longest_chain)), KeyValues(len(tree))
        lasts = np.unique([path[-1] for path in paths])
        states: dict[int, torch.Tensor] = {}
        for which in in_order(cut, range(len(cut.units))):
            row = cut.row(which)
            own = lasts[cut.home[lasts] == which]
            kept = store.sink(torch.from_numpy(row.nodes).to(self.runner.device))
            into = _both(kept, trunk.sink_of(row)) if which < 0 else kept
            found = self.runner.hidden(
                row, tree.tokens[row.nodes], tree.depth[row.nodes], trunk, rows=cut.place[own], sink=into
            )
            states.update(zip(own.tolist(), found, strict=False))
            self.advanced(len(row.nodes))
        self.advanced(max(0, tree.fed - cut.tokens))
        said = dict(zip(states, self.runner.best(torch.stack(list(states.values()))), strict=True))
        del states
        cpu = self.runner.device.type == "cpu"  # elsewhere attention gives no log-sum-exps
        answers = Answers(paths, store, [one.limit for one in self.batch], share=cpu)
        return answers, [said[int(path[-1])] for path in paths]


def _both(one: Sink, other: Sink) -> Sink:
    def sink(layer: int, k: torch.Tensor, v: torch.Tensor) -> None:
        one(layer, k, v)
        other(layer, k, v)

    return sink
