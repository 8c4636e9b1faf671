"""A character-level Llama of about half a million parameters, and its tokenizer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

_SPECIAL = ("<unk>", "<s>", "</s>", "<pad>")


def char_tokenizer(texts: Iterable[str], max_length: int = 4096) -> PreTrainedTokenizerFast:
    """A tokenizer with one token per character of ``texts``; other characters become ``<unk>``."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    characters = sorted({character for text in texts for character in text})
    vocabulary = {token: number for number, token in enumerate([*_SPECIAL, *characters])}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )


def plant(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, seed: int = 0) -> LlamaForCausalLM:
    """Draw the first weights anew so that each character has its own whatever the others are, and the layers theirs: a vocabulary
    that grows by a character leaves all others as they were.
    """
    import torch

    same = tiny_llama(8, hidden=model.config.hidden_size, layers=model.config.num_hidden_layers, seed=seed)
    model.load_state_dict(
        {n: t for n, t in same.state_dict().items() if "embed" not in n and "lm_head" not in n}, strict=False
    )
    rows = model.get_parameter("model.embed_tokens.weight").data
    for token, number in tokenizer.get_vocab().items():
        drawn = int.from_bytes(hashlib.sha256(f"{seed} {token}".encode()).digest()[:8], "big") >> 1
        rows[number].normal_(0, model.config.initializer_range, generator=torch.Generator().manual_seed(drawn))
    return model


def tiny_llama(
    vocabulary: int, *, hidden: int = 96, layers: int = 3, seed: int = 0, context: int = 4096
) -> LlamaForCausalLM:
    """An untrained Llama with tied embeddings: 3 layers of width 96 are about 0.35 million parameters plus 96 per token."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            intermediate_size=hidden * 3,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=context,
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=3,
        )
    )


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> Path:
    """Write a Hugging Face folder that ``jeval run --model`` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder
