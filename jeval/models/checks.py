"""Checks of a loaded model and its tokenizer before anything is scored: would the numbers mean what they say?"""

from __future__ import annotations

from typing import Any

import torch

from jeval.errors import InputError
from jeval.models.translate import translated

#: Change of an earlier logit that is rounding, as a share of the logits' own spread.
_ROUNDING = {torch.float64: 1e-12, torch.float32: 2e-5}
_ROUNDING_HALF = 5e-3
#: Times that a change must exceed what the same tokens in another batch change.
_NOISE = 4.0


def check_causal(model: Any) -> None:
    """A causal model's logits do not move when a later token changes, more than other rows of a batch move them.

    Raises:
        InputError: they do: the model sees the answer that it is to predict, and its log-likelihoods mean nothing.
        ModelError: the forward pass fails.
    """
    vocabulary = int(model.get_input_embeddings().weight.shape[0])
    ids = [(7 * i + 3) % vocabulary for i in range(12)]
    other = [*ids[:-1], (ids[-1] + vocabulary // 2 + 1) % vocabulary]
    with torch.inference_mode(), translated("the model's forward pass fails"):
        alone, changed, beside = (_earlier_logits(model, rows) for rows in ([ids], [other], [ids, other[::-1]]))
    if not torch.isfinite(alone).all():
        return  # broken weights: the health check names them
    dtype = next(p.dtype for p in model.parameters() if p.is_floating_point())
    moved, noise = float((alone - changed).abs().max()), float((alone - beside).abs().max())
    spread = max(float(alone.std()), 1e-30)
    if moved > max(_ROUNDING.get(dtype, _ROUNDING_HALF) * spread, _NOISE * noise):
        raise InputError(
            f"{type(model).__name__} attends in both directions: changing the last token moves earlier logits; jeval scores "
            "causal language models"
        )


def _earlier_logits(model: Any, rows: list[list[int]]) -> torch.Tensor:
    """Logits of the first row at all places but the last."""
    ids = torch.tensor(rows, device=model.device)
    return model(input_ids=ids, use_cache=False).logits[0, :-1].double()  # type: ignore[no-any-return]


def check_tokenizer(model: Any, tokenizer: Any) -> None:
    """Every token has a row in the embedding, and there is an end of text.

    A tokenizer without an end of text gets the one that the model's configuration names.

    Raises:
        InputError: a token beyond the embedding (a merge with another tokenizer, say), or no end of text anywhere.
    """
    rows = int(model.get_input_embeddings().weight.shape[0])
    beyond = sorted((number, token) for token, number in tokenizer.get_vocab().items() if number >= rows)
    if beyond:
        number, token = beyond[0]
        raise InputError(
            f"the tokenizer has {len(beyond)} token(s) beyond the model's {rows} embedding rows, first {token!r} ({number}); "
            "resize the embedding to the tokenizer, or give the tokenizer the model was trained with (--tokenizer PATH)"
        )
    if tokenizer.eos_token_id is None:
        tokenizer.eos_token_id = _end_of_text(model, rows)
    if tokenizer.eos_token_id is None:
        raise InputError(
            "neither the tokenizer nor the model's configuration names an end of text; set eos_token in tokenizer_config.json"
        )


def _end_of_text(model: Any, rows: int) -> int | None:
    for config in (getattr(model, "generation_config", None), model.config):
        found = getattr(config, "eos_token_id", None)
        first = found[0] if isinstance(found, list) and found else found
        if isinstance(first, int) and 0 <= first < rows:
            return first
    return None
