"""Train a tiny model on sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    sentences: Sequence[str],
    *,
    steps: int,
    batch: int = 48,
    learning_rate: float = 3e-3,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> float:
    """Next-character training on ``<s>sentence</s>``, AdamW with a cosine schedule; returns the mean loss (nats per
    character) of the last tenth of the steps.
    """
    import torch

    # Adam's running means of characters that stay unseen decay into denormal numbers, a hundred times slower to compute.
    torch.set_flush_denormal(True)
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    encoded = [[bos, *ids, eos] for ids in tokenizer(list(sentences), add_special_tokens=False)["input_ids"]]
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=steps, pct_start=0.1)
    model.train()
    losses: list[float] = []
    for step, chosen in enumerate(_batches(encoded, batch, steps, generator), 1):
        ids, labels = _pad(chosen, tokenizer.pad_token_id)
        loss = model(input_ids=ids, attention_mask=(labels != -100).long(), labels=labels).loss
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if progress:
            progress(step, steps)
    torch.set_flush_denormal(False)
    model.eval()
    tail = losses[-max(1, steps // 10) :]
    return sum(tail) / len(tail)


def _batches(encoded: list[list[int]], batch: int, steps: int, generator: torch.Generator) -> Any:
    """Batches of sentences of similar length, in random order, over and over."""
    import torch

    order: list[list[int]] = []
    for _ in range(steps):
        if not order:
            permuted = torch.randperm(len(encoded), generator=generator).tolist()
            block = batch * 16
            for start in range(0, len(permuted), block):
                part = sorted(permuted[start : start + block], key=lambda i: len(encoded[i]))
                order += [part[i : i + batch] for i in range(0, len(part), batch)]
            shuffle = torch.randperm(len(order), generator=generator).tolist()
            order = [order[i] for i in shuffle]
        yield [encoded[i] for i in order.pop()]


def _pad(rows: list[list[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    width = max(map(len, rows))
    ids = torch.full((len(rows), width), pad)
    labels = torch.full((len(rows), width), -100)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = labels[number, : len(row)] = torch.tensor(row)
    return ids, labels
