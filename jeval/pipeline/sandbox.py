"""Templates of task packs of others: rendered in Jinja's sandbox, for a limited time.

lm-eval renders task templates in a plain environment, where ``{{ ''.__class__… }}`` reaches every class of the process. The
sandbox gives the same texts for whatever a template of a task has to say.
"""

from __future__ import annotations

from typing import Any

import lm_eval.utils
from jinja2 import BaseLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jeval.limits import TEMPLATE_BYTES, TEMPLATE_SECONDS, limited


class _Limited(Template):
    def render(self, *args: Any, **kwargs: Any) -> str:
        with limited(TEMPLATE_SECONDS, TEMPLATE_BYTES):
            return super().render(*args, **kwargs)


class Sandbox(ImmutableSandboxedEnvironment):
    """lm-eval's environment, in the sandbox."""

    template_class = _Limited

    def __init__(self) -> None:
        super().__init__(loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=True)
        self.filters["regex_replace"] = lm_eval.utils.regex_replace

    def from_string(self, *args: Any, **kwargs: Any) -> Template:
        """As the parent's; what is constant is already computed here, so for a limited time too."""
        with limited(TEMPLATE_SECONDS, TEMPLATE_BYTES):
            return super().from_string(*args, **kwargs)


def use() -> None:
    """Have lm-eval render in the sandbox, from now on.

    This sets a variable of lm-eval's, since it offers no other way; jeval's own tasks have no templates.
    """
    if not isinstance(lm_eval.utils.env, Sandbox):
        lm_eval.utils.env = Sandbox()
