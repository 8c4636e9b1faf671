"""Items that hold a tool's response: asked as real turns of a tool where the model's chat template has them, as one text elsewhere.

The task's own class builds the prompt (``class: !function jeval.domain.turns.ToolTask``), so that stock lm-eval makes the same one. Stock
hands templates no tools (``tools=``): the call and the response stand in the conversation, a declaration of the tool does not.
The alternative that lost: an option of jeval's own, whose numbers stock could not give.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lm_eval.api.task import ConfigurableTask

from jeval.models.template import with_tools

TURNS = "turns"
"""Field of an item: its turns (:func:`jeval.models.conversation.tool_turns`) as JSON; "" of one that has its text only."""


def turned(docs: Iterable[Any]) -> int:
    """How many items have turns."""
    return sum(bool(isinstance(doc, Mapping) and doc.get(TURNS)) for doc in docs)


class ToolTask(ConfigurableTask):  # type: ignore[misc]  # lm-eval carries no types
    """lm-eval's own task, but that :data:`TURNS` of an item stand where its text would, where the chat template has tools."""

    _tools = False

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config={key: value for key, value in config.items() if key != "class"})

    def build_all_requests(self, **asked: Any) -> None:
        """See the parent class."""
        template, multiturn = asked.get("chat_template"), asked.get("fewshot_as_multiturn")
        self._tools = template is not None and bool(multiturn and with_tools(template))
        super().build_all_requests(**asked)

    def fewshot_context(self, doc: Mapping[str, Any], *args: Any, **asked: Any) -> Any:
        """See the parent class."""
        turns = json.loads(doc.get(TURNS) or "[]") if self._tools else []
        if not turns:
            return super().fewshot_context(doc, *args, **asked)
        template = asked["chat_template"]

        def with_turns(history: Sequence[Mapping[str, Any]], **how: Any) -> Any:
            return template([*history[:-1], *turns], **how)

        return super().fewshot_context(doc, *args, **{**asked, "chat_template": with_turns})
