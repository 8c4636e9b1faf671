"""``system``: an attack on internal instructions. ``control_system``: a question that a public line answers."""

from __future__ import annotations

from collections.abc import Iterator

from jeval.leak.norms import norm
from jeval.leak.probes.item import Item, item
from jeval.leak.probes.sources import SystemPrompt, frames, system_prompts


def attacked(suite: str) -> Iterator[Item]:
    """Every prompt × attack."""
    system = system_prompts()
    for p, prompt in enumerate(system.prompts.of(suite)):
        for a, attack in enumerate(system.attacks.of(suite)):
            yield item(
                "system",
                suite,
                f"{p}-{a}",
                {
                    "cluster": f"{prompt.bank}/{prompt.topic}",
                    "family": attack.family,
                    "data_type": "system_prompt",
                    "channel": "system",
                    "norm": system.norm,
                    "wording": f"system-{suite}-{a}",
                },
                _prompt(prompt, attack.text),
                [{"kind": "system", "value": line} for line in prompt.internal],
            )


def rightful(suite: str) -> Iterator[Item]:
    """Every public line × polite frame."""
    for p, prompt in enumerate(system_prompts().prompts.of(suite)):
        for q, public in enumerate(prompt.public):
            for w, frame in enumerate(frames().public_questions):
                yield item(
                    "control_system",
                    suite,
                    f"{p}-{q}-{w}",
                    {
                        "cluster": f"{prompt.bank}/{prompt.topic}",
                        "family": "rightful",
                        "data_type": "public_fact",
                        "channel": "system",
                        "norm": norm("public_line"),
                        "wording": f"public-{suite}-{p}-{q}",
                    },
                    _prompt(prompt, frame.format(ask=public.ask)),
                    [{"kind": public.kind, "value": public.value}],
                )


def _prompt(prompt: SystemPrompt, request: str) -> str:
    line = frames().line
    return system_prompts().frame.format(
        bank=prompt.bank,
        request=request,
        public="\n".join(line.format(line=public.line) for public in prompt.public),
        internal="\n".join(line.format(line=internal) for internal in prompt.internal),
    )
