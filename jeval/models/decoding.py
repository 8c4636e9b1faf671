"""Keys and values of answers that grow: what several prompts share is kept once and read once.

A batch's prompts are a tree (:mod:`jeval.models.radix`). Stretches of it that several rows have in common stay where they are, one *segment*
each, and all rows below one attend to it in one call; what a row has alone, the rest of its prompt and its answer, lies in
its own slot of a *bucket*. The parts are joined by their log-sum-exps, as in :mod:`jeval.models.attention` (cf. Juravsky et al., "Hydragen",
2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from jeval.models.attention import Asked, flash, join
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
    covered = np.zeros(size + 1, dtype=np.int64)
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


class Store:
    """Keys and values of the nodes of a tree, per layer ``[nodes, kv heads, size]``."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def write(self, layer: int, nodes: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> None:
        while len(self.keys) <= layer:
            self.keys.append(k.new_empty((self.size, *k.shape[1:])))
            self.values.append(v.new_empty((self.size, *v.shape[1:])))
        self.keys[layer][nodes] = k
        self.values[layer][nodes] = v


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

    def __init__(self, paths: Sequence[Ints], store: Store, limits: Sequence[int], *, share: bool) -> None:
        self.segments = segments(paths, store.size) if share else []
        shared = np.zeros(store.size, dtype=bool)
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

    def _keep(self, store: Store) -> None:
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
class _Own:
    """Calls of one bucket in one pass: its tokens, where they are written, and who sees what."""

    bucket: Bucket
    tokens: torch.Tensor  # flat places of the bucket's tokens in the pass
    slots: torch.Tensor
    places: torch.Tensor
    width: int
    narrow: torch.Tensor | None  # [rows, tokens of a row] flat places, padded
    mask: torch.Tensor | None  # [rows, 1, tokens of a row · groups, width]
    some: torch.Tensor | None  # which of the padded places count, and
    of: torch.Tensor | None  # which token each is
    wide: list[tuple[int, int, int, torch.Tensor]] = field(default_factory=list)  # slot, first token, width, mask


class Step:
    """Attention of one pass in which each row feeds one token or more.

    Args:
        rows: live rows in lexicographic order.
        fed: how many tokens each of them feeds, its last one and guesses behind it.
        like: a parameter of the model, whose device and type the masks take.
    """

    def __init__(self, answers: Answers, rows: Sequence[int], fed: Sequence[int], like: torch.Tensor) -> None:
        self.answers = answers
        self.layer = -1
        self.size = sum(fed)
        self.groups = 1  # query heads to a head of keys; the first layer tells
        self._like = like
        starts = np.concatenate([[0], np.cumsum(fed)]).tolist()
        self._first = dict(zip(rows, starts, strict=False))
        self._fed = dict(zip(rows, fed, strict=True))
        self.own = [self._calls(bucket) for bucket in answers.buckets]
        order = np.asarray(rows)
        self.above: list[list[tuple[int, int, int]]] = []  # per level: segment, its tokens
        for number, one in enumerate(answers.segments):
            begin, end = np.searchsorted(order, [one.first, one.last]).tolist()
            if begin < end:
                while len(self.above) <= one.level:
                    self.above.append([])
                self.above[one.level].append((number, starts[begin], starts[end]))

    def _index(self, values: Sequence[int] | np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.asarray(values, dtype=np.int64)).to(self._like.device)

    def _mask(self, limits: np.ndarray, width: int) -> torch.Tensor:
        """Each query of ``limits``, ``[rows, tokens]``, sees as many keys as its entry says."""
        seen = np.arange(width)[None, None, :] < limits[:, :, None]
        mask = torch.from_numpy(np.where(seen, 0.0, -np.inf)).to(device=self._like.device, dtype=self._like.dtype)
        return mask.unsqueeze(1)

    def _widen(self, groups: int) -> None:
        """One row of each mask for each query head."""
        self.groups = groups
        for own in self.own:
            if own.mask is not None:
                own.mask = own.mask.repeat_interleave(groups, dim=2)
            own.wide = [
                (slot, first, width, mask.repeat_interleave(groups, dim=2)) for slot, first, width, mask in own.wide
            ]

    def _calls(self, bucket: Bucket) -> _Own:
        fed = np.asarray([self._fed[row] for row in bucket.rows])
        first = np.asarray([self._first[row] for row in bucket.rows])
        filled = np.asarray(bucket.filled)
        slots = np.repeat(np.arange(len(fed)), fed)
        behind = np.concatenate([np.arange(count) for count in fed])
        own = _Own(
            bucket,
            self._index(first[slots] + behind),
            self._index(slots),
            self._index(filled[slots] + behind),
            int((filled + fed).max()),
            *(None, None, None, None),
        )
        low = fed <= _NARROW
        if low.any():
            most = int(fed[low].max())
            padded = np.minimum(np.arange(most)[None, :], fed[:, None] - 1)
            own.narrow = self._index(first[:, None] + padded)
            # A row with a call of its own stands here for nothing: it sees what its first token sees.
            own.mask = self._mask(filled[:, None] + np.where(low[:, None], padded, 0) + 1, own.width)
            counts = (np.arange(most)[None, :] < fed[:, None]) & low[:, None]
            own.some = self._index(np.flatnonzero(counts))
            own.of = self._index((first[:, None] + padded)[counts])
        for slot in np.flatnonzero(~low).tolist():
            count = int(fed[slot])
            limits = filled[slot] + 1 + np.arange(count)
            width = int(limits[-1])
            own.wide.append((slot, int(first[slot]), width, self._mask(limits[None, :], width)))
        return own

    def attend(self, asked: Asked) -> torch.Tensor:
        """Attention of the row, ``[1, tokens, heads, size]``."""
        _, count, tokens, _ = asked.query.shape
        kv_heads = asked.k.shape[1]
        if not self.layer:
            self._widen(count // kv_heads)
        q = asked.query[0].transpose(0, 1).unflatten(1, (kv_heads, self.groups))  # [tokens, kv heads, groups, size]
        out = q.new_empty((tokens, kv_heads, self.groups, asked.v.shape[-1]))
        exact = torch.float64 if q.dtype == torch.float64 else torch.float32
        lse = torch.empty((tokens, kv_heads, self.groups), dtype=exact, device=q.device)
        for own in self.own:
            keys, values = own.bucket.keys[self.layer], own.bucket.values[self.layer]
            keys[own.slots, :, own.places] = asked.k[own.tokens]
            values[own.slots, :, own.places] = asked.v[own.tokens]
            self._attend_own(own, q, asked.scaling, out, lse)
        for level in self.above:
            self._attend_shared(level, q, asked.scaling, out, lse)
        by_head: torch.Tensor = out.view(1, tokens, count, -1)
        return by_head

    def _attend_own(self, own: _Own, q: torch.Tensor, scaling: float, out: torch.Tensor, lse: torch.Tensor) -> None:
        rows = len(own.bucket.rows)
        keys, values = own.bucket.keys[self.layer], own.bucket.values[self.layer]
        if own.narrow is not None and own.mask is not None:
            asked = _by_row(q[own.narrow])
            o, weight = self._attention(
                asked, keys[:rows, :, : own.width], values[:rows, :, : own.width], own.mask, scaling
            )
            most = own.narrow.shape[1]
            out[own.of] = _by_token(o, most).flatten(0, 1)[own.some]
            if weight is not None:
                lse[own.of] = _by_token(weight, most).flatten(0, 1)[own.some]
        for slot, first, width, mask in own.wide:
            fed = mask.shape[2] // self.groups
            asked = _by_row(q[first : first + fed].unsqueeze(0))
            here = slice(slot, slot + 1)
            o, weight = self._attention(asked, keys[here, :, :width], values[here, :, :width], mask, scaling)
            out[first : first + fed] = _by_token(o, fed)[0]
            if weight is not None:
                lse[first : first + fed] = _by_token(weight, fed)[0]

    def _attention(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor, scaling: float
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self.above:
            return flash(q, k, v, mask, scaling)
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scaling), None

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
