"""A model around another: whatever it does not do itself, the other does."""

from __future__ import annotations

from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM


class Delegate(LM):  # type: ignore[misc]  # lm-eval carries no types
    """Passes everything on to ``inner``. lm-eval's base class has answers of its own to some questions, so that these are named
    here; ``__getattr__`` has the rest.
    """

    def __init__(self, inner: LM) -> None:
        super().__init__()
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["inner"], name)

    @property
    def device(self) -> Any:
        return self.inner.device

    @property
    def rank(self) -> int:
        return int(self.inner.rank)

    @property
    def world_size(self) -> int:
        return int(self.inner.world_size)

    @property
    def tokenizer_name(self) -> str:
        return str(self.inner.tokenizer_name)

    def all_gather(self, tensor: Any) -> Any:
        return self.inner.all_gather(tensor)

    def gather_object(self, obj: Any, dst: int = 0) -> Any:
        return self.inner.gather_object(obj, dst)

    def barrier(self) -> None:
        self.inner.barrier()

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> Any:
        return self.inner.apply_chat_template(chat_history, add_generation_prompt)

    def chat_template(self, chat_template: bool | str = False) -> Any:
        return self.inner.chat_template(chat_template)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        answers: list[tuple[float, bool]] = self.inner.loglikelihood(requests)
        return answers

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        answers: list[float] = self.inner.loglikelihood_rolling(requests)
        return answers

    def generate_until(self, requests: list[Instance]) -> list[str]:
        answers: list[str] = self.inner.generate_until(requests)
        return answers
