"""Keys and values of answers that grow: what several prompts share is kept once and read once.

A batch's prompts are a tree (:mod:`jeval.models.radix`). Stretches of it that several rows have in common stay where they are, one *segment*
each, and all rows below one attend to it in one call; what a row has alone, the rest of its prompt and its answer, lies in
its own slot of a *bucket*. The parts are joined by their log-sum-exps, as in :mod:`jeval.models.attention` (cf. Juravsky et al., "Hydragen",
2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from jeval.models.attention import Asked, KeyValues, flash, join
from jeval.models.radix import Ints

_WORTH = 96  # keys that a segment saves, below which a call of its own costs more
_BUCKET = 32  # rows of about equal length attended to in one call
_NARROW = 4  # tokens of a row in that call; a row that feeds more has a call of its own


@dataclass(frozen=True)
class Segment:
    """Nodes ``[start, stop)`` of the tree that the rows ``[first, last)`` have in common; ``level`` segments lie above it."""

    start: int
    stop: int
    first: int
    last: int
    level: int


def segments(paths: Sequence[Ints], size: int) -> list[Segment]:
    """What rows share, as far as it is worth a call: ``paths`` are the nodes of each row in lexicographic order, of ``size`` nodes."""
    covered = np.zeros(size, dtype=np.int64)
    first = np.full(size, len(paths), dtype=np.int64)
    for number, path in enumerate(paths):
        covered[path] += 1
        first[path] = np.minimum(first[path], number)
    found: list[Segment] = []
    for number, path in enumerate(paths):
        own = path[(first[path] == number) & (covered[path] > 1)]
        if not len(own):
            continue
        edges = np.flatnonzero((np.diff(own) != 1) | (np.diff(covered[own]) != 0)) + 1
        for nodes in np.split(own, edges):
            rows = int(covered[nodes[0]])
            if len(nodes) * (rows - 1) >= _WORTH:
                level = sum(one.first <= number < one.last for one in found)
                found.append(Segment(int(nodes[0]), int(nodes[-1]) + 1, number, number + rows, level))
    return found


class Bucket:
    """Slots of rows that are about equally long: per layer ``[rows, kv heads, capacity, size]``, filled from the left.

    Attributes:
        rows: the row in each slot that is in use; a slot given up is taken by the last one.
        filled: how many keys each of them holds.
    """

    def __init__(self, rows: Sequence[int], own: Sequence[Ints], capacity: int) -> None:
        self.rows = list(rows)
        self.filled = [len(nodes) for nodes in own]
        self._own = list(own)
        self._shape = len(rows), capacity
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def fill(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """The next layer: each row's own nodes of the tree's keys and values."""
        for into, given in ((self.keys, keys), (self.values, values)):
            kept = given.new_zeros((self._shape[0], given.shape[1], self._shape[1], given.shape[2]))
            for slot, nodes in enumerate(self._own):
                kept[slot, :, : len(nodes)] = given[torch.from_numpy(nodes).to(given.device)].transpose(0, 1)
            into.append(kept)

    def drop(self, row: int) -> None:
        slot, last = self.rows.index(row), len(self.rows) - 1
        if slot != last:
            for tensor in (*self.keys, *self.values):
                tensor[slot] = tensor[last]
            self.rows[slot], self.filled[slot] = self.rows[last], self.filled[last]
        self.rows.pop()
        self.filled.pop()


class Answers:
    """Keys and values of all rows of a batch while their answers grow.

    Args:
        paths: nodes of each row's prompt, rows in lexicographic order.
        store: keys and values of the tree; emptied layer by layer, so that no more than one is held twice.
        limits: most tokens of each answer.
        share: whether rows may share segments, for which attention must give its log-sum-exps.
    """

    def __init__(self, paths: Sequence[Ints], store: KeyValues, limits: Sequence[int], *, share: bool) -> None:
        self.segments = segments(paths, store.capacity) if share else []
        shared = np.zeros(store.capacity, dtype=bool)
        for one in self.segments:
            shared[one.start : one.stop] = True
        own = [path[~shared[path]] for path in paths]
        order = sorted(range(len(paths)), key=lambda row: len(own[row]) + limits[row])
        self.buckets: list[Bucket] = []
        for start in range(0, len(order), _BUCKET):
            rows = order[start : start + _BUCKET]
            capacity = max(len(own[row]) + limits[row] for row in rows)
            self.buckets.append(Bucket(rows, [own[row] for row in rows], capacity))
        self._bucket_of = {row: bucket for bucket in self.buckets for row in bucket.rows}
        self._keep(store)

    def _keep(self, store: KeyValues) -> None:
        """Copy what the rows have alone, and of the tree keep the segments."""
        self.shared_keys: list[list[torch.Tensor]] = []
        self.shared_values: list[list[torch.Tensor]] = []
        while store.keys:
            keys, values = store.keys.pop(0), store.values.pop(0)
            for bucket in self.buckets:
                bucket.fill(keys, values)
            for into, given in ((self.shared_keys, keys), (self.shared_values, values)):
                # [1, kv heads, nodes, size]: a segment is read by every pass.
                into.append(
                    [given[one.start : one.stop].transpose(0, 1).contiguous().unsqueeze(0) for one in self.segments]
                )

    def drop(self, row: int) -> None:
        """The answer is complete."""
        bucket = self._bucket_of.pop(row)
        bucket.drop(row)
        if not bucket.rows:
            self.buckets.remove(bucket)

    def grown(self, row: int, count: int) -> None:
        """The first ``count`` tokens that the row fed stand."""
        bucket = self._bucket_of[row]
        bucket.filled[bucket.rows.index(row)] += count


@dataclass
class _Call:
    """One attention call: rows of a bucket with what each feeds, padded to the same number of tokens.

    Attributes:
        slots: of the bucket.
        fed: places of their tokens in the pass, ``[rows, tokens]``.
        some: which of these, counted flat, are no padding.
        mask: ``[rows, 1, tokens · groups, keys]``.
    """

    slots: slice
    fed: torch.Tensor
    some: torch.Tensor
    mask: torch.Tensor


@dataclass
class _Own:
    """One bucket in one pass: its tokens by their place in the pass, where their keys go, and who sees what."""

    bucket: Bucket
    tokens: torch.Tensor
    slots: torch.Tensor
    places: torch.Tensor
    calls: list[_Call]


class Step:
    """Attention of one pass in which each row feeds one token or more.

    Args:
        rows: live rows in lexicographic order.
        fed: how many tokens each of them feeds, its last one and guesses behind it.
    """

    def __init__(
        self, answers: Answers, rows: Sequence[int], fed: Sequence[int], *, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.answers = answers
        self.layer = -1
        self.size = sum(fed)
        self.groups = 1  # query heads to a head of keys; the first layer tells
        self._dtype, self._device = dtype, device
        starts = np.concatenate([[0], np.cumsum(fed)]).tolist()
        first, count = dict(zip(rows, starts, strict=False)), dict(zip(rows, fed, strict=True))
        self.own = [
            self._of(bucket, np.asarray([first[r] for r in bucket.rows]), np.asarray([count[r] for r in bucket.rows]))
            for bucket in answers.buckets
        ]
        order = np.asarray(rows)
        self.above: list[list[tuple[int, int, int]]] = []  # per level: segment, its tokens
        for number, one in enumerate(answers.segments):
            begin, end = np.searchsorted(order, [one.first, one.last]).tolist()
            if begin < end:
                while len(self.above) <= one.level:
                    self.above.append([])
                self.above[one.level].append((number, starts[begin], starts[end]))

    def _index(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.int64)).to(self._device)

    def _of(self, bucket: Bucket, first: np.ndarray, fed: np.ndarray) -> _Own:
        """The calls of a bucket whose rows feed ``fed`` tokens each, from the places ``first`` on."""
        filled = np.asarray(bucket.filled)
        slots = np.repeat(np.arange(len(fed)), fed)
        behind = np.concatenate([np.arange(count) for count in fed])
        calls = []
        narrow = fed <= _NARROW
        if narrow.any():
            # Rows with a call of their own stand here too, for nothing: of them one token is fed and none counts.
            calls.append(self._call(slice(0, len(fed)), first, np.where(narrow, fed, 1), filled, counted=narrow))
        for slot in np.flatnonzero(~narrow).tolist():
            one = slice(slot, slot + 1)
            calls.append(self._call(one, first[one], fed[one], filled[one]))
        places = self._index(first[slots] + behind), self._index(slots), self._index(filled[slots] + behind)
        return _Own(bucket, *places, calls)

    def _call(
        self, slots: slice, first: np.ndarray, fed: np.ndarray, filled: np.ndarray, counted: np.ndarray | None = None
    ) -> _Call:
        tokens = np.arange(int(fed.max()))[None, :]
        behind = np.minimum(tokens, fed[:, None] - 1)
        real = tokens < fed[:, None]
        if counted is not None:
            real &= counted[:, None]
        limits = filled[:, None] + behind + 1  # a token sees its row's keys and those it feeds, up to its own
        seen = np.arange(int(limits.max()))[None, None, :] < limits[:, :, None]
        mask = torch.from_numpy(np.where(seen, 0.0, -np.inf)).to(device=self._device, dtype=self._dtype).unsqueeze(1)
        return _Call(slots, self._index(first[:, None] + behind), self._index(np.flatnonzero(real)), mask)

    def attend(self, asked: Asked) -> torch.Tensor:
        """Attention of the row, ``[1, tokens, heads, size]``."""
        _, count, tokens, _ = asked.query.shape
        kv_heads = asked.k.shape[1]
        if not self.layer:
            self.groups = count // kv_heads
            for call in (call for own in self.own for call in own.calls):
                call.mask = call.mask.repeat_interleave(self.groups, dim=2)
        q = asked.query[0].transpose(0, 1).unflatten(1, (kv_heads, self.groups))  # [tokens, kv heads, groups, size]
        out = q.new_empty((tokens, kv_heads, self.groups, asked.v.shape[-1]))
        exact = torch.float64 if q.dtype == torch.float64 else torch.float32
        lse = torch.empty((tokens, kv_heads, self.groups), dtype=exact, device=q.device)
        for own in self.own:
            keys, values = own.bucket.keys[self.layer], own.bucket.values[self.layer]
            keys[own.slots, :, own.places] = asked.k[own.tokens]
            values[own.slots, :, own.places] = asked.v[own.tokens]
            for call in own.calls:
                self._attend_own(call, keys, values, q, asked.scaling, out, lse)
        for level in self.above:
            self._attend_shared(level, q, asked.scaling, out, lse)
        by_head: torch.Tensor = out.view(1, tokens, count, -1)
        return by_head

    def _attend_own(
        self,
        call: _Call,
        keys: torch.Tensor,
        values: torch.Tensor,
        q: torch.Tensor,
        scaling: float,
        out: torch.Tensor,
        lse: torch.Tensor,
    ) -> None:
        tokens, width = call.fed.shape[1], call.mask.shape[3]
        k, v = keys[call.slots, :, :width], values[call.slots, :, :width]
        where = call.fed.flatten()[call.some]
        asked = _by_row(q[call.fed])
        if not self.above:
            o = torch.nn.functional.scaled_dot_product_attention(asked, k, v, attn_mask=call.mask, scale=scaling)
        else:
            o, weight = flash(asked, k, v, call.mask, scaling)
            lse[where] = _by_token(weight, tokens).flatten(0, 1)[call.some]
        out[where] = _by_token(o, tokens).flatten(0, 1)[call.some]

    def _attend_shared(
        self, level: list[tuple[int, int, int]], q: torch.Tensor, scaling: float, out: torch.Tensor, lse: torch.Tensor
    ) -> None:
        begin, end = level[0][1], level[-1][2]
        above = torch.zeros_like(out[begin:end])
        weights = torch.full_like(lse[begin:end], float("-inf"))
        for number, first, last in level:
            keys = self.answers.shared_keys[self.layer][number]
            values = self.answers.shared_values[self.layer][number]
            o, weight = flash(_by_row(q[first:last].unsqueeze(0)), keys, values, None, scaling)
            above[first - begin : last - begin] = _by_token(o, last - first)[0]
            weights[first - begin : last - begin] = _by_token(weight, last - first)[0]
        out[begin:end], lse[begin:end] = join(out[begin:end], lse[begin:end], above, weights)


def _by_row(q: torch.Tensor) -> torch.Tensor:
    """``[rows, tokens, kv heads, groups, size]`` → ``[rows, kv heads, tokens · groups, size]``."""
    return q.transpose(1, 2).flatten(2, 3)


def _by_token(o: torch.Tensor, tokens: int) -> torch.Tensor:
    """``[rows, kv heads, tokens · groups, …]`` → ``[rows, tokens, kv heads, groups, …]``."""
    by_token: torch.Tensor = o.unflatten(2, (tokens, -1)).transpose(1, 2)
    return by_token
