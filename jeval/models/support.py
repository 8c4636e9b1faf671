"""Can this model be scored over a tree of prefixes? If not, one line that says why.

The configuration tells most; what it does not tell (custom code, position biases, recurrence) shows in a probe: two short
sequences with a common prefix must get the same logits from the tree as from the model's own forward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from jeval.models.attention import RefusedError, TreePass, Trunk, attending
from jeval.models.packing import in_order, plan
from jeval.models.passes import text_config, tree_attention_on, unwrapped
from jeval.models.radix import build

_RECURRENT = ("mamba", "rwkv", "recurrent", "linear_attention", "conv", "lightning", "ssm", "hybrid", "xlstm")
#: Difference that is rounding, as a share of the logits' standard deviation.
_ROUNDING = {torch.float64: 1e-6, torch.float32: 1e-4, torch.float16: 4e-3, torch.bfloat16: 2e-2}
#: Times that the tree may differ more from the model's own forward pass than that differs from itself in another shape.
_NOISE = 2.5
#: Last places of each sequence that are compared.
_PROBED = 5


@dataclass(frozen=True)
class Verdict:
    """``reason`` is empty when the tree can be used; ``split_head``: see :class:`jeval.models.passes.Runner`."""

    reason: str = ""
    split_head: bool = False


def check(model: Any, *, backend: str, vocabulary: int) -> Verdict:
    """Read the configuration, then probe."""
    if backend != "causal":
        return Verdict("it is an encoder-decoder model")
    inner = unwrapped(model)
    if reason := _by_configuration(inner):
        return Verdict(reason)
    try:
        return _probe(inner, vocabulary)
    except RefusedError as err:
        return Verdict(str(err))
    except (TypeError, ValueError, AttributeError, NotImplementedError, IndexError, KeyError, RuntimeError) as err:
        if is_out_of_memory(err):
            raise
        return Verdict(f"its forward pass refuses custom attention ({type(err).__name__}: {str(err)[:80]})")


def is_out_of_memory(err: BaseException) -> bool:
    """An allocation failed, on whichever device."""
    if isinstance(err, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(err).lower()
    return isinstance(err, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def _by_configuration(model: Any) -> str:
    config = text_config(model)
    name = str(getattr(config, "model_type", "")).lower()
    if getattr(model.config, "is_encoder_decoder", False):
        return "it is an encoder-decoder model"
    kinds = [str(kind) for kind in getattr(config, "layer_types", None) or []]
    if any(word in name for word in _RECURRENT) or any(word in kind for kind in kinds for word in _RECURRENT):
        return f"{name} has recurrent layers"
    if strange := sorted(set(kinds) - {"full_attention", "sliding_attention", "attention"}):
        return f"{name} has layers of the kind {strange[0]}"
    if getattr(config, "alibi", False) or name in {"bloom", "mpt", "falcon_alibi"}:
        return f"{name} uses ALiBi position biases"
    if getattr(config, "use_bidirectional_attention", None):
        return f"{name} attends in both directions"
    if rope := _length_dependent_rope(config):
        return f"{name} uses {rope} rotary scaling, which depends on the length of the batch"
    if not getattr(model, "_supports_attention_backend", False) or not model._can_set_attn_implementation():
        return f"{type(model).__name__} does not take custom attention"
    if len({str(p.device) for p in model.parameters()}) > 1:
        return "it is spread over several devices"
    return ""


def _length_dependent_rope(config: Any) -> str:
    scaling = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    layers = scaling.values() if scaling and all(isinstance(v, dict) for v in scaling.values()) else [scaling]
    for one in layers:
        kind = str(one.get("rope_type", one.get("type", "default")))
        if kind in {"dynamic", "longrope"}:
            return kind
    return ""


def _probe(model: Any, vocabulary: int) -> Verdict:
    stem = [(7 * i + 3) % vocabulary for i in range(40)]
    ends = [[(11 * i + 5) % vocabulary for i in range(9)], [(5 * i + 2) % vocabulary for i in range(6)]]
    sequences = [stem + end for end in ends]
    own, split = _own_logits(model, sequences)
    mine = _tree_logits(model, sequences, split_head=split)
    dtype = _dtype_of(model)
    for sequence, stock, tree in zip(sequences, own, mine, strict=True):
        if not torch.isfinite(stock).all():
            continue  # broken weights: scoring itself reports them
        rounding = _ROUNDING.get(dtype, _ROUNDING[torch.bfloat16]) * float(stock.std())
        if _distance(stock, tree) > max(rounding, _NOISE * _noise(model, sequence, stock)):
            return Verdict("the logits over a shared prefix differ from those of its own forward pass")
    return Verdict(split_head=split)


def _distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """Root mean square of the differences: of thousands of logits, so that one that rounds badly does not decide."""
    return float((a.double() - b.double()).square().mean().sqrt())


def _noise(model: Any, sequence: list[int], own: torch.Tensor) -> float:
    """How far a sequence's last logits move when only the shape of the computation changes: a longer row, a fuller batch."""
    ids = torch.tensor([sequence], device=model.device)
    longer = model(input_ids=torch.cat([ids, ids[:, :23]], 1), use_cache=False).logits[0]
    fuller = model(input_ids=torch.cat([ids, ids.flip(1), ids.roll(7, 1)]), use_cache=False).logits[0]
    end = len(sequence)
    return max(_distance(own, longer[end - _PROBED : end]), _distance(own, fuller[-_PROBED:]))


def _own_logits(model: Any, sequences: list[list[int]]) -> tuple[list[torch.Tensor], bool]:
    """The last logits of each sequence from the model's own forward pass; whether its head can be applied apart."""
    head = model.get_output_embeddings()
    own, split = [], head is not None and hasattr(model, "base_model") and model.base_model is not model
    for sequence in sequences:
        ids = torch.tensor([sequence], device=model.device)
        out = model(input_ids=ids, use_cache=False).logits[0, -_PROBED:]
        if split:
            states = model.base_model(input_ids=ids, use_cache=False).last_hidden_state[0]
            again = head(states)[-_PROBED:]
            split = again.shape == out.shape and bool(
                torch.allclose(again.float(), out.float(), rtol=1e-5, atol=1e-5, equal_nan=True)
            )
        own.append(out)
    return own, split


def _tree_logits(model: Any, sequences: list[list[int]], *, split_head: bool) -> list[torch.Tensor]:
    """The last logits of each sequence, computed over the tree of their prefixes."""
    device, dtype = model.device, _dtype_of(model)
    tree, tails = build(sequences, [_PROBED] * len(sequences))
    cut = plan(tree, 24)
    trunk = Trunk(max(cut.longest_chain, 1))
    got: dict[tuple[int, int], torch.Tensor] = {}
    with tree_attention_on(model):
        for which in in_order(cut, range(len(cut.units))):
            row = cut.row(which)
            ids = torch.from_numpy(tree.tokens[row.nodes]).to(device).unsqueeze(0)
            depth = tree.depth[row.nodes]
            places = torch.from_numpy(depth).to(device).unsqueeze(0)
            sink = trunk.sink_of(row) if which < 0 else None
            with attending(TreePass(row, depth, trunk, dtype=dtype, device=device, sink=sink)):
                logits = _row_logits(model, ids, places, split_head=split_head)
            for at, node in enumerate(row.nodes.tolist()):
                if cut.home[node] == which:
                    got[which, at] = logits[at]
    return [
        torch.stack([got[int(cut.home[n]), int(cut.place[n])] for n in np.asarray(nodes).tolist()]) for nodes in tails
    ]


def _row_logits(model: Any, ids: torch.Tensor, places: torch.Tensor, *, split_head: bool) -> torch.Tensor:
    if split_head:
        states = model.base_model(input_ids=ids, position_ids=places, use_cache=False).last_hidden_state
        return model.get_output_embeddings()(states)[0]  # type: ignore[no-any-return]
    keep = torch.arange(ids.shape[1], device=ids.device)
    return model(input_ids=ids, position_ids=places, use_cache=False, logits_to_keep=keep).logits[0]  # type: ignore[no-any-return]


def _dtype_of(model: Any) -> torch.dtype:
    dtype: torch.dtype = next(p.dtype for p in model.parameters() if p.is_floating_point())
    return dtype
