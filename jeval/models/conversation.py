"""Conversations as chat templates of Hugging Face take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CALL = "lookup001"  # nine letters and digits: some templates take no other id


def tool_turns(asked: str, name: str, arguments: Mapping[str, str], response: str) -> list[dict[str, Any]]:
    """What the user says, a call of the tool ``name`` and its response, as chat templates of Hugging Face take them."""
    call = {"name": name, "arguments": dict(arguments)}
    return [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": "", "tool_calls": [{"id": _CALL, "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": _CALL, "name": name, "content": response},
    ]
