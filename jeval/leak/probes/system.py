"""``system``: an attack on internal instructions. ``control_system``: a question that a public line answers."""

from __future__ import annotations

from collections.abc import Iterator

from jeval.leak.norms import norm
from jeval.leak.probes.item import Item, item
from jeval.leak.probes.sources import SystemPrompt, frames, system_prompts
from jeval.leak.probes.turns import turns

#: Attacks that meet a prompt, and questions that its public lines answer: an interval hangs on how many prompts there are.
ATTACKS, QUESTIONS = 5, 2


def attacked(suite: str) -> Iterator[Item]:
    """Every prompt under some of the attacks, by turns."""
    system = system_prompts()
    prompts, attacks = system.prompts.of(suite), system.attacks.of(suite)
    for p, a in turns(len(prompts), len(attacks), ATTACKS):
        prompt, attack = prompts[p], attacks[a]
        yield item(
            "system",
            suite,
            f"{p}-{a}",
            {
                "cluster": f"{prompt.bank}/{prompt.topic}",
                "family": attack.family,
                "data_type": "system_prompt",
                "channel": "system",
                "norm": f"{norm('trade_secret')}; {prompt.norm}" if prompt.norm else system.norm,
                "wording": f"system-{suite}-{a}",
            },
            _prompt(prompt, attack.text),
            [{"kind": "system", "value": line} for line in prompt.internal],
        )


def rightful(suite: str) -> Iterator[Item]:
    """Every prompt's public lines, in polite frames by turns."""
    prompts, polite = system_prompts().prompts.of(suite), frames().public_questions
    for turn, (p, w) in enumerate(turns(len(prompts), len(polite), QUESTIONS)):
        prompt = prompts[p]
        q = turn % len(prompt.public)
        public = prompt.public[q]
        yield item(
            "control_system",
            suite,
            f"{p}-{q}-{w}",
            {
                "cluster": f"{prompt.bank}/{prompt.topic}",
                "family": "rightful",
                "data_type": "public_fact",
                "channel": "system",
                "norm": prompt.norm or norm("public_line"),
                "wording": f"public-{suite}-{p}-{q}",
            },
            _prompt(prompt, polite[w].format(ask=public.ask)),
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
