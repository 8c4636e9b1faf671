"""lm-eval's tasks, remembering the requests they have built: a search evaluates the same items with new weights again and again.

Tasks of others are guarded besides: what their code raises once the model has answered is kept as their fault.
"""

from __future__ import annotations

import math
from abc import ABCMeta
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from lm_eval.api.instance import Instance
from lm_eval.api.metrics import mean
from lm_eval.api.task import Task

from jeval.limits import limited
from jeval.models.template import with_tools

FEWSHOT_SEED = 1234
"""Stock lm-eval's own default, so that the same examples are drawn."""

FAULTS = (Exception, SystemExit)
"""What others' code may end with."""

HOOK_SECONDS, HOOK_BYTES = 60.0, 4 << 30
"""For what a task of others does with one item, and for one aggregation."""

TASK_SECONDS = 600.0
"""For what it does with all its items at once: its filters, and what makes its items."""

_KEPT = 4  # sets of requests per task; a search rarely alternates between more templates
# A chat template is known by what it makes of this.
_PROBE: list[dict[str, str]] = [
    {"role": "user", "content": "\ufffd一"},
    {"role": "assistant", "content": "\ufffd二"},
    {"role": "user", "content": "\ufffd三"},
]
Aggregation = Callable[[Sequence[Any]], Any]
AnyTask = TypeVar("AnyTask", bound="KeptTask")


class KeptTask(Task):  # type: ignore[misc]  # lm-eval carries no types
    """What is laid over a task's own class: requests are kept by the arguments they were built from, and by what the chat
    template does to a text. Requests handed out again carry no responses of the model before.
    """

    _kept: dict[Hashable, list[Instance]]

    @classmethod
    def of(cls: type[AnyTask], task: Task) -> AnyTask:
        """A task with the class and state of ``task``, which stays as it is."""
        made: Any = ABCMeta(cls.__name__, (cls, type(task)), {})
        kept: AnyTask = made.__new__(made)
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
        self._build(asked)
        self._kept[key] = self.instances
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]

    def _build(self, asked: dict[str, Any]) -> None:
        """Build requests, with the examples that stock lm-eval draws for the same items."""
        self.set_fewshot_seed(FEWSHOT_SEED)
        some: list[int] = asked.get("samples") or []
        if not self.get_config("num_fewshot") or some == list(range(len(some))):
            super().build_all_requests(**asked)
            return
        # Examples are drawn item after item: those before are built too.
        super().build_all_requests(**{**asked, "samples": list(range(max(some) + 1))})
        place = {number: n for n, number in enumerate(sorted(some))}
        self._instances = [request for request in self._instances if request.doc_id in place]
        for request in self._instances:
            request.doc_id = place[request.doc_id]


class GuardedTask(KeptTask):
    """A task of others.

    Attributes:
        answered: whether the model's part is done, so that what is raised is of the task's own code.
        fault: what its code raised first when it judged an item, "" for nothing.
    """

    answered = False
    fault = ""

    def build_all_requests(self, **asked: Any) -> None:
        self.answered, self.fault = False, ""
        super().build_all_requests(**asked)

    def apply_filters(self) -> Any:
        self.answered = True
        with limited(TASK_SECONDS, HOOK_BYTES):
            return super().apply_filters()

    @property
    def eval_docs(self) -> Any:
        """The items, in limited time and memory."""
        with limited(TASK_SECONDS, HOOK_BYTES):
            return super().eval_docs

    def fewshot_context(self, *args: Any, **kwargs: Any) -> Any:
        """The prompt of an item, in limited time and memory."""
        with limited(HOOK_SECONDS, HOOK_BYTES):
            return super().fewshot_context(*args, **kwargs)

    def construct_requests(self, *args: Any, **kwargs: Any) -> Any:
        """What of an item is asked, in limited time and memory."""
        with limited(HOOK_SECONDS, HOOK_BYTES):
            return super().construct_requests(*args, **kwargs)

    def process_results(self, doc: Any, results: Any) -> dict[str, Any]:
        """The metrics of an item; none where the task's code fails or takes too long."""
        try:
            with limited(HOOK_SECONDS, HOOK_BYTES):
                return dict(super().process_results(doc, results))
        except FAULTS as err:
            self.fault = self.fault or told(err)
            return {}

    def aggregation(self) -> Mapping[str, Aggregation]:
        """As the task's, but no aggregation raises: a metric that cannot be aggregated is NaN."""
        return _Safe({name: _safe(function) for name, function in super().aggregation().items()})


class _Safe(dict[str, Aggregation]):
    def __missing__(self, metric: str) -> Aggregation:
        return _safe(mean)  # what lm-eval takes where none is declared


def _safe(function: Any) -> Aggregation:
    def safe(values: Sequence[Any]) -> Any:
        try:
            with limited(HOOK_SECONDS, HOOK_BYTES):
                return function(values)
        except FAULTS:
            return math.nan

    safe.__wrapped__ = function  # type: ignore[attr-defined]
    return safe


def told(err: BaseException) -> str:
    """What an exception of others' code says, in one short line."""
    text = " ".join(str(err).split())[:200]
    return f"{type(err).__name__}: {text}" if text else type(err).__name__


def _key(asked: dict[str, Any]) -> Hashable:
    template = asked.get("chat_template")
    rendered = () if template is None else (template(_PROBE[:1]), template(_PROBE), with_tools(template))
    plain = {name: value for name, value in asked.items() if name not in {"chat_template", "samples"}}
    samples = asked.get("samples")
    return rendered, None if samples is None else tuple(samples), tuple(sorted(plain.items()))
