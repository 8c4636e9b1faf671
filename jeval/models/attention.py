"""Attention over a row of the tree, registered with transformers as ``jeval_tree``.

transformers leaves out its own mask for a name that it does not know. On a CPU each block of the row is one call of the
flash kernel; the part of the context that lies on the trunk is a second, unmasked call for all queries at once, and the two are
joined by their log-sum-exps (as in Dao et al., "Flash-Decoding", 2023). Soft-capped scores, sliding windows and
kernels without log-sum-exp go through explicit matrix products. On a GPU one FlexAttention call takes the ancestor test as its
mask.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch

from jeval.models.blocks import FOLD, Block, Keys, blocks, chain_rows
from jeval.models.packing import Row

NAME = "jeval_tree"
_QUERIES = 128  # rows per explicit call
_flash: Any = getattr(torch.ops.aten, "_scaled_dot_product_flash_attention_for_cpu", None)


class RefusedError(Exception):
    """The model asks its attention for something that the tree does not know; the message says what."""


@dataclass(frozen=True)
class Asked:
    """One attention call of a layer.

    Attributes:
        query: shape ``[1, heads, rows, size]``.
        k, v: keys and values of the same rows, ``[rows, kv heads, size]``.
        scaling: factor of the scores.
        softcap: ``tanh`` cap of the scores, ``None`` for none.
        window: how far back a query sees, ``None`` for all the way.
    """

    query: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    scaling: float
    softcap: float | None
    window: int | None


Sink = Callable[[int, torch.Tensor, torch.Tensor], None]
"""Takes layer, keys and values of a pass, ``[rows, kv heads, size]``."""


class KeyValues:
    """Keys and values per layer, in buffers of fixed size: ``[capacity, kv heads, head size]``."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def write(self, layer: int, where: slice | torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> None:
        while len(self.keys) <= layer:
            self.keys.append(key.new_empty((self.capacity, *key.shape[1:])))
            self.values.append(value.new_empty((self.capacity, *value.shape[1:])))
        self.keys[layer][where] = key
        self.values[layer][where] = value

    def sink(self, where: slice | torch.Tensor) -> Sink:
        """Writes what a pass yields to the places ``where``."""
        return lambda layer, key, value: self.write(layer, where, key, value)


class Trunk(KeyValues):
    """Keys and values of the trunk chain, from the root down."""

    def sink_of(self, row: Row) -> Sink:
        """Writes what a pass over a row of the trunk yields behind the keys above it."""
        return self.sink(slice(row.past, row.past + len(row.nodes)))


class TreePass:
    """A pass over a row of the tree.

    Args:
        sink: called with layer, keys and values of the row, before they are attended to.
    """

    def __init__(
        self,
        row: Row,
        depth: np.ndarray,
        trunk: Trunk,
        *,
        dtype: torch.dtype,
        device: Any,
        sink: Sink | None = None,
    ) -> None:
        self.row, self.depth, self.trunk, self.sink = row, depth, trunk, sink
        self.dtype, self.device = dtype, torch.device(device)
        self.layer = -1
        self.size = len(row.nodes)
        self.deepest = int(depth.max()) if len(depth) else 0
        self._blocks: list[Block] | None = None
        self._dense: dict[int | None, list[tuple[int, int, int, torch.Tensor, torch.Tensor]]] = {}
        self._flex: dict[int | None, Any] = {}
        edges = np.flatnonzero(np.diff(row.visible)) + 1
        bounds = [0, *edges.tolist(), len(row.nodes)]
        # Queries that see the same part of a trunk too long to be put before the keys of each block.
        self.groups = [
            (start, stop, int(row.visible[start]))
            for start, stop in itertools.pairwise(bounds)
            if row.past > FOLD and start < stop and row.visible[start] > 0
        ]

    @property
    def blocks(self) -> list[Block]:
        if self._blocks is None:
            self._blocks = blocks(self.row, dtype=self.dtype, device=self.device)
        return self._blocks

    def dense(self, window: int | None) -> list[tuple[int, int, int, torch.Tensor, torch.Tensor]]:
        """``(start, stop, visible trunk, key rows, boolean mask over trunk + key rows)`` per stretch of queries."""
        if window not in self._dense:
            row, found = self.row, []
            for start in range(0, len(row.nodes), _QUERIES):
                stop = min(start + _QUERIES, len(row.nodes))
                seen = int(row.visible[start:stop].max())
                pieces = [np.arange(a, b) for a, b in [*chain_rows(row, start), (start, stop)]]
                index = np.concatenate(pieces)
                queries = np.arange(start, stop)[:, None]
                mask = np.concatenate(
                    [
                        np.arange(seen)[None, :] < row.visible[start:stop, None],
                        (index <= queries) & (queries < row.end[index]),
                    ],
                    axis=1,
                )
                if window is not None:
                    places = np.concatenate([np.arange(seen), self.depth[index]])
                    mask &= self.depth[start:stop, None] - places < window
                found.append(
                    (start, stop, seen, torch.from_numpy(index).to(self.device), torch.from_numpy(mask).to(self.device))
                )
            self._dense[window] = found
        return self._dense[window]

    def attend(self, asked: Asked) -> torch.Tensor:
        """Attention of the row, ``[1, rows, heads, size]``."""
        if self.sink is not None:
            self.sink(self.layer, asked.k, asked.v)
        if asked.window is not None and self.deepest < asked.window:
            asked = replace(asked, window=None)
        if self.device.type == "cuda":
            return _flex(self, asked)
        plain = asked.softcap is None and asked.window is None and asked.k.shape[-1] == asked.v.shape[-1]
        return _explicit(self, asked) if _flash is None or not plain else _blockwise(self, asked)

    def flex(self, window: int | None) -> Any:
        """FlexAttention's block mask: trunk keys first, then the row; a query sees its ancestors and itself."""
        if window not in self._flex:
            from torch.nn.attention.flex_attention import create_block_mask

            past, size = self.row.past, len(self.row.nodes)
            visible = torch.from_numpy(self.row.visible).to(self.device)
            end = torch.from_numpy(self.row.end).to(self.device)
            depth = torch.from_numpy(np.concatenate([np.arange(past), self.depth])).to(self.device)

            def sees(batch: Any, head: Any, query: Any, key: Any) -> Any:
                own = key - past
                ancestor = (own <= query) & (query < end[own.clamp(min=0)])
                answer = torch.where(key < past, key < visible[query], ancestor)
                if window is not None:
                    answer = answer & (depth[query + past] - depth[key] < window)
                return answer

            self._flex[window] = create_block_mask(sees, None, None, size, past + size, device=self.device)
        return self._flex[window]


class Pass(Protocol):
    """One forward pass over a flat row of ``size`` tokens; ``layer`` counts its attention calls from 0."""

    layer: int
    size: int

    def attend(self, asked: Asked) -> torch.Tensor:
        """What the layer gets, ``[1, rows, heads, size]``."""


_current: Pass | None = None


class attending:  # noqa: N801 - reads as a statement
    """``with attending(tree_pass): model(...)``"""

    def __init__(self, this: Pass) -> None:
        self.this = this

    def __enter__(self) -> Pass:
        global _current
        _current = self.this
        return self.this

    def __exit__(self, *error: object) -> None:
        global _current
        _current = None


def tree_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    sliding_window: int | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """The attention interface of transformers: ``query`` ``[1, heads, rows, size]`` in, ``[1, rows, heads, size]`` out."""
    for name in ("s_aux", "position_bias", "head_mask", "cache", "indices"):
        if kwargs.get(name) is not None:
            raise RefusedError(f"its attention uses {name}")
    now = _current
    if now is None:
        raise RuntimeError("jeval_tree attention outside of a tree pass")
    if query.shape[0] != 1 or key.shape[2] != query.shape[2] or query.shape[2] != now.size:
        raise RefusedError("its attention does not see one row of keys")
    now.layer += 1
    # [rows, kv heads, size]: the memory layout in which the projections come out.
    k, v = key[0].transpose(0, 1), value[0].transpose(0, 1)
    if scaling is None:
        scaling = query.shape[-1] ** -0.5
    return now.attend(Asked(query, k, v, scaling, softcap, sliding_window)), None


def heads(rows: torch.Tensor, groups: int) -> torch.Tensor:
    """``[rows, kv heads, size]`` → ``[kv heads, groups, rows, size]`` without copying."""
    return rows.permute(1, 0, 2).unsqueeze(1).expand(-1, groups, -1, -1)


def _blockwise(now: TreePass, asked: Asked) -> torch.Tensor:
    query, k, v, scaling = asked.query, asked.k, asked.v, asked.scaling
    _, count, size, width = query.shape
    kv_heads = k.shape[1]
    groups = count // kv_heads
    q = query[0].unflatten(0, (kv_heads, groups))  # [kv heads, groups, rows, size]
    out = query.new_empty((size, kv_heads, groups, width))
    by_head = out.permute(1, 2, 0, 3)
    joined = bool(now.groups)
    lse = torch.empty((kv_heads, groups, size), dtype=torch.float64 if q.dtype == torch.float64 else torch.float32)

    gathered: Keys | None = None
    for block in now.blocks:
        rows = slice(block.start, block.stop)
        if block.keys is not gathered:
            gathered = block.keys
            keys, values = _gather(now, k, v, gathered, groups)
        some, of = keys[:, :, : block.limit], values[:, :, : block.limit]
        o, weight = _flash(q[:, :, rows], some, of, 0.0, block.mask is None, attn_mask=block.mask, scale=scaling)
        by_head[:, :, rows] = o
        if joined:
            lse[:, :, rows] = weight
    for start, stop, seen in now.groups:
        rows = slice(start, stop)
        above = (
            heads(now.trunk.keys[now.layer][:seen], groups),
            heads(now.trunk.values[now.layer][:seen], groups),
        )
        o, weight = _flash(q[:, :, rows], *above, 0.0, False, scale=scaling)
        by_head[:, :, rows], _ = join(by_head[:, :, rows], lse[:, :, rows], o, weight)
    return out.view(1, size, count, width)


def _gather(
    now: TreePass, k: torch.Tensor, v: torch.Tensor, which: Keys, groups: int
) -> tuple[torch.Tensor, torch.Tensor]:
    k, v = k[which.rows], v[which.rows]
    if which.trunk:
        k = torch.cat([now.trunk.keys[now.layer][: which.trunk], k])
        v = torch.cat([now.trunk.values[now.layer][: which.trunk], v])
    return heads(k, groups), heads(v, groups)


def flash(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None, scaling: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention ``[batch, heads, queries, size]`` and log-sum-exps of the scores ``[batch, heads, queries]``.

    Raises:
        RefusedError: this build of torch has no such kernel for the CPU.
    """
    if _flash is None or k.shape[-1] != v.shape[-1]:
        raise RefusedError("this torch has no attention kernel that returns log-sum-exps")
    out: tuple[torch.Tensor, torch.Tensor] = _flash(q, k, v, 0.0, False, attn_mask=mask, scale=scaling)
    return out


def join(
    a: torch.Tensor, a_lse: torch.Tensor, b: torch.Tensor, b_lse: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention over two disjoint sets of keys from the attention over each and the log-sum-exps of the scores."""
    share = torch.sigmoid(b_lse - a_lse).unsqueeze(-1)
    if a.dtype == share.dtype:
        joined = torch.lerp(a, b, share)
    else:
        joined = torch.lerp(a.to(share.dtype), b.to(share.dtype), share).to(a.dtype)
    return joined, torch.logaddexp(a_lse, b_lse)


def _explicit(now: TreePass, asked: Asked) -> torch.Tensor:
    query, k, v = asked.query, asked.k, asked.v
    _, count, size, _ = query.shape
    kv_heads = k.shape[1]
    q = query[0].unflatten(0, (kv_heads, count // kv_heads))
    out = query.new_empty((size, kv_heads, count // kv_heads, v.shape[-1]))
    exact = torch.float64 if q.dtype == torch.float64 else torch.float32
    for start, stop, seen, index, mask in now.dense(asked.window):
        k_seen, v_seen = k[index], v[index]
        if seen:
            k_seen = torch.cat([now.trunk.keys[now.layer][:seen], k_seen])
            v_seen = torch.cat([now.trunk.values[now.layer][:seen], v_seen])
        scores = torch.matmul(q[:, :, start:stop], k_seen.permute(1, 2, 0).unsqueeze(1)) * asked.scaling
        if asked.softcap is not None:
            scores = torch.tanh(scores / asked.softcap) * asked.softcap
        scores = scores.masked_fill(~mask, float("-inf"))
        weights = torch.softmax(scores, dim=-1, dtype=exact).to(q.dtype)
        out[start:stop] = torch.matmul(weights, v_seen.permute(1, 0, 2).unsqueeze(1)).permute(2, 0, 1, 3)
    return out.view(1, size, count, v.shape[-1])


_compiled_flex: Any = None


def _flex(now: TreePass, asked: Asked) -> torch.Tensor:
    from torch.nn.attention.flex_attention import flex_attention

    global _compiled_flex
    if _compiled_flex is None:
        on_gpu = asked.query.device.type == "cuda"
        _compiled_flex = torch.compile(flex_attention, dynamic=True) if on_gpu else flex_attention
    query, k, v, softcap = asked.query, asked.k, asked.v, asked.softcap
    past = now.row.past
    if past:
        k = torch.cat([now.trunk.keys[now.layer][:past], k])
        v = torch.cat([now.trunk.values[now.layer][:past], v])

    def capped(score: torch.Tensor, *place: torch.Tensor) -> torch.Tensor:
        assert softcap is not None
        return torch.tanh(score / softcap) * softcap

    out = _compiled_flex(
        query,
        k.transpose(0, 1).unsqueeze(0),
        v.transpose(0, 1).unsqueeze(0),
        score_mod=capped if softcap is not None else None,
        block_mask=now.flex(asked.window),
        scale=asked.scaling,
        enable_gqa=k.shape[1] != query.shape[1],
    )
    by_row: torch.Tensor = out.transpose(1, 2).contiguous()
    return by_row


def register() -> None:
    """Make ``jeval_tree`` known to transformers (idempotent)."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    ALL_ATTENTION_FUNCTIONS.register(NAME, tree_attention)
