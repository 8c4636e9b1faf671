"""Run the passes of a plan through a transformers model and read log-probabilities off them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from jeval.errors import ModelError
from jeval.models.attention import NAME, Pass, TreePass, Trunk, attending, register
from jeval.models.cost import Cost
from jeval.models.lean import Lean
from jeval.models.packing import Row
from jeval.models.radix import Ints

# Elements of the logits matrix held at a time: on a CPU few enough to stay in its cache, but never fewer rows than a matrix product
# needs.
_LOGITS_AT_ONCE = {"cpu": 1 << 22, "cuda": 1 << 26}
_FEWEST_ROWS = 128


def unwrapped(model: Any) -> Any:
    """The transformers model inside a PEFT wrapper."""
    return model.get_base_model() if hasattr(model, "peft_config") and hasattr(model, "get_base_model") else model


def text_config(model: Any) -> Any:
    """The configuration of the language model, also where it is a part of a larger one."""
    return getattr(model.config, "text_config", None) or model.config


@contextmanager
def tree_attention_on(model: Any) -> Iterator[None]:
    """The model attends by ``jeval_tree`` inside the block and as before after it."""
    register()
    model = unwrapped(model)
    configs = {id(m.config): m.config for m in model.modules() if hasattr(m, "config")}
    for config in list(configs.values()):
        for name in getattr(config, "sub_configs", {}):
            sub = getattr(config, name, None)
            if sub is not None:
                configs[id(sub)] = sub
    before = {
        key: config._attn_implementation for key, config in configs.items() if hasattr(config, "_attn_implementation")
    }
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        for key, implementation in before.items():
            configs[key]._attn_implementation_internal = implementation


class Runner:
    """Forward passes of one model.

    Args:
        split_head: the logits are exactly ``model.get_output_embeddings()`` of the last hidden state, so that the head can be
            applied to a few rows at a time; otherwise the model's own ``logits_to_keep`` is used.
    """

    def __init__(self, model: Any, *, softmax_dtype: torch.dtype | None, split_head: bool, cost: Cost) -> None:
        self.model = unwrapped(model)
        self.device = self.model.device
        self.dtype = next(p.dtype for p in self.model.parameters() if p.is_floating_point())
        self.softmax_dtype = softmax_dtype or torch.float32
        self.split_head = split_head
        self.cost = cost
        self.lean = Lean(self.model)
        self._buffer: torch.Tensor | None = None

    @contextmanager
    def ready(self) -> Iterator[None]:
        """The model computes by tree inside the block, without gradients, and is as before after it."""
        with torch.inference_mode(), tree_attention_on(self.model), self.lean.used():
            yield

    def hidden(
        self, row: Row, tokens: Ints, depth: Ints, trunk: Trunk, *, rows: Ints | None, sink: Any = None
    ) -> torch.Tensor:
        """Last hidden states (or logits, without ``split_head``) of the given ``rows`` of a pass."""
        tree_pass = TreePass(row, depth, trunk, dtype=self.dtype, device=self.device, sink=sink)
        return self.run(tree_pass, tokens, depth, rows)

    def run(self, this: Pass, tokens: Ints, depth: Ints, rows: Ints | None) -> torch.Tensor:
        """As :meth:`hidden`, for any kind of pass."""
        began = time.perf_counter()
        ids = torch.from_numpy(tokens).to(self.device).unsqueeze(0)
        places = torch.from_numpy(depth).to(self.device).unsqueeze(0)
        wanted = torch.from_numpy(rows if rows is not None else np.empty(0, dtype=np.int64)).to(self.device)
        with attending(this):
            if self.split_head:
                states = self.model.base_model(input_ids=ids, position_ids=places, use_cache=False).last_hidden_state
                answer: torch.Tensor = states[0].index_select(0, wanted)
            else:
                if not len(wanted):
                    wanted = wanted.new_zeros(1)
                whole = self.model(input_ids=ids, position_ids=places, use_cache=False, logits_to_keep=wanted)
                answer = whole.logits[0]
        self._wait()
        self.cost.add("forward", time.perf_counter() - began)
        self.cost.tokens_fed += len(tokens)
        return answer

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Logits of last hidden states (which are logits already without ``split_head``)."""
        if not self.split_head:
            return states
        logits: torch.Tensor = self.model.get_output_embeddings()(states)
        return logits

    def best(self, states: torch.Tensor) -> list[int | None]:
        """The token with the largest logit after each state, ``None`` where a logit is NaN."""
        began = time.perf_counter()
        found: list[int | None] = []
        step = self._rows_at_once(states)
        for start in range(0, len(states), step):
            logits = self._logits_in_place(states[start : start + step], step).float()
            most, token = logits.max(dim=-1)
            found += [None if bad else one for one, bad in zip(token.tolist(), most.isnan().tolist(), strict=True)]
        self.cost.add("logits", time.perf_counter() - began)
        self.cost.logit_rows += len(states)
        return found

    def _rows_at_once(self, states: torch.Tensor) -> int:
        vocabulary = self.model.get_output_embeddings().weight.shape[0] if self.split_head else states.shape[-1]
        return int(max(_FEWEST_ROWS, _LOGITS_AT_ONCE.get(self.device.type, 1 << 22) // vocabulary))

    def _logits_in_place(self, states: torch.Tensor, most: int) -> torch.Tensor:
        """:meth:`logits` of at most ``most`` rows, in memory that the next call reuses: fresh pages cost more than the product."""
        head: Any = self.model.get_output_embeddings() if self.split_head else None
        plain = type(head) is torch.nn.Linear and head.bias is None and not head._forward_hooks
        if not plain or states.dtype != head.weight.dtype:
            return self.logits(states)
        if self._buffer is None or len(self._buffer) < len(states):
            self._buffer = states.new_empty((most, head.out_features))
        return torch.mm(states, head.weight.t(), out=self._buffer[: len(states)])

    def read(self, states: torch.Tensor, row_of: Ints, target_of: Ints) -> tuple[np.ndarray, np.ndarray]:
        """Log-probability of each ``(row of states, target token)`` and whether the target is the argmax.

        Raises:
            ModelError: a logit is NaN or +Inf.
        """
        began = time.perf_counter()
        order = np.argsort(row_of, kind="stable")
        values = np.empty(len(row_of))
        greedy = np.zeros(len(row_of), dtype=bool)
        step = self._rows_at_once(states)
        sorted_rows = row_of[order]
        for start in range(0, len(states), step):
            stop = min(start + step, len(states))
            part = order[np.searchsorted(sorted_rows, start) : np.searchsorted(sorted_rows, stop)]
            logits = self._logits_in_place(states[start:stop], step).to(self.softmax_dtype)
            rows = torch.from_numpy(row_of[part] - start).to(self.device)
            targets = torch.from_numpy(target_of[part]).to(self.device)
            some, best = _log_probabilities(logits, rows, targets)
            values[part] = some.cpu().numpy()
            greedy[part] = best.cpu().numpy()
        if np.isnan(values).any():
            raise ModelError("the model cannot be scored: its logits hold NaN or Inf")
        self.cost.add("logits", time.perf_counter() - began)
        self.cost.logit_rows += len(states)
        return values, greedy

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _log_probabilities(
    logits: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """``log_softmax(logits)[rows, targets]`` and ``log_softmax(logits)[rows].argmax(-1) == targets``; overwrites ``logits``.

    Only rows whose target is within rounding of the maximum are searched for their argmax.
    """
    top = logits.amax(dim=-1)
    chosen = logits[rows, targets]
    near = torch.nonzero(chosen >= top[rows] - 1e-5 * top[rows].abs().clamp(min=1.0)).squeeze(-1)
    candidates = torch.log_softmax(logits[rows[near]], dim=-1) if len(near) else None
    total = logits.sub_(top.unsqueeze(-1)).exp_().sum(dim=-1).log_()
    values = chosen - top[rows] - total[rows]
    greedy = torch.zeros(len(rows), dtype=torch.bool, device=logits.device)
    if candidates is not None:
        greedy[near] = candidates.argmax(dim=-1) == targets[near]
    return values, greedy
