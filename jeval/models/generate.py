"""Greedy generation in batches: common prefix computed and attended to once, preallocated cache, finished rows dropped.

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
from jeval.models.attention import Asked, RefusedError, Trunk, flash, heads, join
from jeval.models.packing import parents, stretch_row, unit_row
from jeval.models.passes import Runner, text_config
from jeval.models.radix import Ints, build

_COMMON = 32  # a common prefix shorter than this is kept with each row


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


class _Cache:
    """Keys and values behind the common prefix: per layer ``[rows, capacity, kv heads, size]``, filled from the left."""

    def __init__(self, rows: int, capacity: int) -> None:
        self.rows, self.capacity = rows, capacity
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def write(self, layer: int, slots: torch.Tensor, places: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> None:
        while len(self.keys) <= layer:
            self.keys.append(k.new_zeros((self.rows, self.capacity, *k.shape[1:])))
            self.values.append(v.new_zeros((self.rows, self.capacity, *v.shape[1:])))
        self.keys[layer][slots, places] = k
        self.values[layer][slots, places] = v

    def keep(self, rows: torch.Tensor) -> None:
        self.rows = len(rows)
        self.keys = [tensor[rows] for tensor in self.keys]
        self.values = [tensor[rows] for tensor in self.values]


class _Step:
    """Attention of one decoding step: one token per row."""

    def __init__(self, cache: _Cache, trunk: Trunk, common: int, filled: torch.Tensor) -> None:
        self.cache, self.trunk, self.common, self.filled = cache, trunk, common, filled
        self.layer = -1
        self.size = len(filled)
        self.slots = torch.arange(self.size, device=filled.device)
        self.width = int(filled.max()) + 1
        self._mask: torch.Tensor | None = None

    def attend(self, asked: Asked) -> torch.Tensor:
        """Attention of one token per row, ``[1, rows, heads, size]``."""
        query, k, v, scaling = asked.query, asked.k, asked.v, asked.scaling
        _, count, rows, width = query.shape
        self.cache.write(self.layer, self.slots, self.filled, k, v)
        kv_heads = k.shape[1]
        groups = count // kv_heads
        if self._mask is None:
            unfilled = torch.arange(self.width, device=k.device)[None, :] > self.filled[:, None]
            mask = torch.zeros(unfilled.shape, dtype=query.dtype, device=k.device).masked_fill_(unfilled, float("-inf"))
            self._mask = mask[:, None, None, :].expand(-1, 1, groups, -1)
        q = query[0].unflatten(0, (kv_heads, groups)).permute(2, 0, 1, 3)  # [rows, kv heads, groups, size]
        own_k = self.cache.keys[self.layer][:, : self.width].transpose(1, 2)
        own_v = self.cache.values[self.layer][:, : self.width].transpose(1, 2)
        if not self.common:
            out = torch.nn.functional.scaled_dot_product_attention(q, own_k, own_v, attn_mask=self._mask, scale=scaling)
            return out.reshape(1, rows, count, width)
        o, weight = flash(q, own_k, own_v, self._mask, scaling)
        shared_k = heads(self.trunk.keys[self.layer][: self.common], groups)
        shared_v = heads(self.trunk.values[self.layer][: self.common], groups)
        above, above_weight = flash(q.permute(1, 2, 0, 3), shared_k, shared_v, None, scaling)
        out, _ = join(o, weight, above.permute(2, 0, 1, 3), above_weight.permute(2, 0, 1))
        return out.reshape(1, rows, count, width)


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
        self.open = batch
        first, last = min(one.prompt for one in batch), max(one.prompt for one in batch)
        common = next(
            (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
        )
        common = min(common, min(len(one.prompt) for one in batch) - 1)
        # Without log-sum-exps (off the CPU) the two parts cannot be joined.
        cpu = runner.device.type == "cpu"
        self.common = common if common >= _COMMON and cpu and len(batch) > 1 else 0
        self.trunk = Trunk(max(1, self.common))
        self.cache = _Cache(len(batch), max(len(one.prompt) + one.limit for one in batch) - self.common)

    def run(self) -> None:
        following = self._prefill()
        filled = torch.tensor([len(one.prompt) - self.common for one in self.open], device=self.runner.device)
        began = time.perf_counter()
        while True:
            tokens = following.tolist()
            left = []
            for slot, (one, token) in enumerate(zip(self.open, tokens, strict=True)):
                one.tokens.append(token)
                if self._ended(one):
                    self.advanced(one.limit - len(one.tokens) + 1)
                else:
                    self.advanced(1)
                    left.append(slot)
            if not left:
                break
            if len(left) < len(self.open):
                keep = torch.tensor(left, device=self.runner.device)
                self.cache.keep(keep)
                filled, following = filled[keep], following[keep]
                self.open = [self.open[slot] for slot in left]
            step = _Step(self.cache, self.trunk, self.common, filled)
            places = (filled + self.common).cpu().numpy()
            states = self.runner.run(step, following.cpu().numpy(), places, np.arange(len(self.open)))
            following = self._next(states)
            filled = filled + 1
        self.runner.cost.add("generate", time.perf_counter() - began)

    def _ended(self, one: Generation) -> bool:
        if one.tokens[-1] in one.ends or len(one.tokens) >= one.limit:
            return True
        texts: dict[int, str] = {}
        for stop, window in one.stops:
            if window not in texts:
                texts[window] = self.tokenizer.decode(one.tokens[-window:])
            if stop in texts[window]:
                return True
        return False

    def _next(self, states: torch.Tensor) -> torch.Tensor:
        logits = self.runner.logits(states).float()
        self.runner.cost.logit_rows += len(states)
        best, token = logits.max(dim=-1)
        if torch.isnan(best).any():
            raise ModelError("the model cannot be scored: its logits hold NaN")
        return token

    def _prefill(self) -> torch.Tensor:
        """Prompts through the model, a budget's worth at a time; the first new token of each."""
        for start in range(0, self.common, self.budget):
            ids = np.asarray(self.open[0].prompt[start : min(start + self.budget, self.common)], dtype=np.int64)
            depth = np.arange(start, start + len(ids))
            self.runner.hidden(
                stretch_row(np.arange(len(ids)), start), ids, depth, self.trunk, rows=None, sink=self.trunk.sink(start)
            )
            self.advanced(len(ids))
        following: list[torch.Tensor] = []
        slot = 0
        while slot < len(self.open):
            stop, size = slot, 0
            while stop < len(self.open) and (
                stop == slot or size + len(self.open[stop].prompt) - self.common <= self.budget
            ):
                size += len(self.open[stop].prompt) - self.common
                stop += 1
            following.append(self._prefill_some(slot, stop))
            slot = stop
        return torch.cat(following)

    def _prefill_some(self, start: int, stop: int) -> torch.Tensor:
        prompts = [one.prompt for one in self.open[start:stop]]
        tree, paths = build(prompts, [len(prompt) - self.common for prompt in prompts])
        nodes = np.flatnonzero(tree.depth >= self.common)
        row = unit_row(tree, parents(tree), nodes, self.common)
        device = self.runner.device
        places = [np.searchsorted(nodes, path) for path in paths]
        source = torch.from_numpy(np.concatenate(places)).to(device)
        slots = torch.from_numpy(np.repeat(np.arange(start, stop), [len(path) for path in paths])).to(device)
        targets = torch.from_numpy(np.concatenate([np.arange(len(path)) for path in paths])).to(device)

        def sink(layer: int, k: torch.Tensor, v: torch.Tensor) -> None:
            self.cache.write(layer, slots, targets, k[source], v[source])

        last: Ints = np.asarray([place[-1] for place in places])
        states = self.runner.hidden(row, tree.tokens[nodes], tree.depth[nodes], self.trunk, rows=last, sink=sink)
        self.advanced(sum(len(prompt) - self.common for prompt in prompts))
        return self._next(states)
