"""Backends by name, for what has to be decided before any of them is imported."""

from __future__ import annotations

#: Loaded by jeval itself, in this process.
LOCAL = frozenset({"jeval-hf", "hf", "hf-auto", "huggingface"})
#: lm-eval's classes for models behind a server, whose requests :mod:`jeval.models.served` makes.
SERVED = frozenset(
    {
        "local-completions",
        "local-chat-completions",
        "openai-completions",
        "openai-chat-completions",
        "anthropic-chat",
        "anthropic-chat-completions",
        "sglang-generate",
    }
)
