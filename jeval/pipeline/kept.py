"""lm-eval's task, remembering the requests it has built: a search evaluates the same items with new weights again and again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

_KEPT = 4  # sets of requests per task; a search rarely alternates between more templates
# A chat template is known by what it makes of this.
_PROBE: list[dict[str, str]] = [
    {"role": "user", "content": "\ufffd一"},
    {"role": "assistant", "content": "\ufffd二"},
    {"role": "user", "content": "\ufffd三"},
]


class KeptTask(ConfigurableTask):  # type: ignore[misc]  # lm-eval carries no types
    """A configured task that keeps its requests by the arguments they were built from, and by what the chat template does to
    a text. Requests handed out again carry no responses of the model before.
    """

    _kept: dict[Hashable, list[Instance]]

    @classmethod
    def of(cls, task: ConfigurableTask) -> KeptTask:
        """A task with the state of ``task``, which stays as it is."""
        kept = cls.__new__(cls)
        kept.__dict__.update(vars(task), _kept={})
        return kept

    def build_all_requests(self, **asked: Any) -> None:
        """See the parent class; ``self.instances`` holds the requests."""
        key = _key(asked)
        if key in self._kept:
            instances = self._kept[key] = self._kept.pop(key)  # the most recent last
            for request in instances:
                request.resps, request.filtered_resps = [], {}
            self._instances = instances
            return
        super().build_all_requests(**asked)
        self._kept[key] = self.instances
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]


def _key(asked: dict[str, Any]) -> Hashable:
    template = asked.get("chat_template")
    rendered = () if template is None else tuple(template(_PROBE[:length]) for length in (1, 3))
    plain = {name: value for name, value in asked.items() if name not in {"chat_template", "samples"}}
    samples = asked.get("samples")
    return rendered, None if samples is None else tuple(samples), tuple(sorted(plain.items()))
