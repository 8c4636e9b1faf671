"""What fits the model's window, found out before anything is computed.

A prompt that is too long loses its beginning, here as in stock lm-eval. What that does to an item:

- Log-likelihoods: the item is not scored. Its answers would be compared after contexts cut at different places, and what they
  are to follow may be gone; an answer longer than the window cannot be read at all.
- Generated answers of a domain that needs whole prompts (leaks: the secret may be what was cut off): not scored.
- Other generated answers: scored as they come, and counted.
- A task whose answers alone need the whole window is not scored, in whatever domain.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.models.huggingface import HFLM

from jeval.errors import InputError
from jeval.pipeline import domains
from jeval.pipeline.evaluate import Batch, Rows, batches
from jeval.pipeline.judged import FAILED, plain
from jeval.pipeline.kept import FAULTS, told
from jeval.pipeline.taskpack import LoadedTasks
from jeval.pipeline.thinking import answer_tokens, prompt_tokens
from jeval.record.samples import Evidence, Sample

TOO_SMALL = "the model's window is too small for the task's answers"
CUT = "the prompts do not fit the model's window"
INSIDE = "log-likelihoods cannot be read inside a thought (enable_thinking)"


@dataclass
class Fit:
    """What can be asked of the model.

    Attributes:
        rows: the items that are evaluated.
        unfit: tasks that are not, with the reason.
        asked: per unfit task how many items it had.
        cut: per task how many items have a prompt that does not fit.
        unscored: per task the items that are therefore not evaluated, by their numbers.
        answers: per task too large for the window, the tokens of an answer.
        faults: tasks of others whose requests cannot be built, with what is wrong.
        window: of the model, in tokens; ``None`` where it is not known.
    """

    rows: Rows
    unfit: dict[str, str] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    unscored: dict[str, dict[int, Sample]] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    window: int | None = None

    def drop(self, task: str, reason: str) -> None:
        """Leave a whole task out."""
        self.unfit[task], self.asked[task] = reason, len(self.rows[task])
        self.rows[task] = []

    def complete(self, samples: Mapping[str, list[Sample]]) -> dict[str, list[Sample]]:
        """``samples`` with the items that were not evaluated, all in the order of the items."""
        found = dict(samples)
        for task, unscored in self.unscored.items():
            numbered = unscored | dict(zip(self.rows[task], samples.get(task, []), strict=False))
            found[task] = [numbered[number] for number in sorted(numbered)]
        return found


def fit(lm: LM, hf: HFLM | None, loaded: LoadedTasks, rows: Rows, *, chat_template: bool, thinks: bool = False) -> Fit:
    """Find out which items the model can be asked.

    Args:
        lm: asked for the chat template.
        hf: the class that knows window and tokens; ``None``: nothing is known, and all is asked.
        thinks: whether prompts with a chat template leave the model thinking.
    """
    found = Fit({name: list(numbers) for name, numbers in rows.items()})
    if thinks and chat_template:
        for name in loaded.tasks:
            if rows.get(name) and not _generates(loaded, name) and loaded.meta(name).chat_template:
                found.drop(name, INSIDE)
    known = hf if hf is not None and hf.world_size == 1 and hf.backend == "causal" else None
    if known is not None:
        found.window = int(known.max_length)
    for name in loaded.tasks:
        if rows.get(name) and _generates(loaded, name) and known is not None:
            with _guarded(loaded, name, found):
                limit = answer_tokens(dict(loaded.tasks[name].config.generation_kwargs or {}), known.max_gen_toks)
                if limit >= int(known.max_length):
                    found.drop(name, TOO_SMALL)
                    found.answers[name] = limit
    for batch in batches(loaded, found.rows, chat_template=chat_template):
        for name in batch.names:
            if known is not None or name in loaded.others:
                with _guarded(loaded, name, found):
                    _build(lm, loaded, batch, name)
                    _check_parts(known, loaded.tasks[name].instances)
                    if known is not None:
                        _measure(known, loaded, batch, name, found)
    return found


@contextmanager
def _guarded(loaded: LoadedTasks, name: str, found: Fit) -> Iterator[None]:
    """What the code of a task of others raises is its own fault: it is not evaluated."""
    try:
        with redirect_stdout(sys.stderr if name in loaded.others else sys.stdout):
            yield
    except FAULTS as err:
        if name not in loaded.others:
            raise
        found.drop(name, FAILED)
        found.faults[name] = str(err) if isinstance(err, InputError) else told(err)


def _generates(loaded: LoadedTasks, name: str) -> bool:
    return bool(loaded.tasks[name].OUTPUT_TYPE == "generate_until")


def _build(lm: LM, loaded: LoadedTasks, batch: Batch, name: str) -> None:
    """Build the requests of a task, as the evaluation then finds them."""
    loaded.tasks[name].build_all_requests(
        limit=None,
        samples=None if batch.rows is None else batch.rows[name],
        rank=lm.rank,
        world_size=lm.world_size,
        cache_requests=False,
        rewrite_requests_cache=False,
        system_instruction=None,
        apply_chat_template=batch.chat_template,
        fewshot_as_multiturn=batch.chat_template,
        chat_template=lm.apply_chat_template if batch.chat_template else None,
        tokenizer_name=lm.tokenizer_name if batch.chat_template else "",
    )


def _check_parts(hf: HFLM | None, requests: list[Instance]) -> None:
    """Whether there is something to ask and to answer; models end the run over it.

    Raises:
        InputError: a prompt or an answer is empty.
    """
    for request in requests:
        if request.request_type == "loglikelihood" and not request.args[1]:
            raise InputError("an answer of it is empty, so that it has no log-likelihood")
        if request.request_type == "generate_until" and not request.args[0] and not (hf and prompt_tokens(hf, "")):
            raise InputError("a prompt of it is empty")


def _measure(hf: HFLM, loaded: LoadedTasks, batch: Batch, name: str, found: Fit) -> None:
    """Count the tokens of a task's requests."""
    some = None if batch.rows is None else batch.rows[name]
    too_long: dict[int, list[Instance]] = {}
    for request in loaded.tasks[name].instances:
        number = request.doc_id if some is None else some[request.doc_id]
        too_long.setdefault(number, []).append(request)
    too_long = {n: own for n, own in too_long.items() if any(_cut(hf, request) for request in own)}
    if not too_long:
        return
    found.cut[name] = len(too_long)
    if not _generates(loaded, name) or domains.whole_prompts(loaded.meta(name).domain):
        docs, ids = loaded.docs(name), loaded.ids(name)
        found.unscored[name] = {n: _unscored(plain(docs[n]), ids[n], own) for n, own in too_long.items()}
        found.rows[name] = [number for number in found.rows[name] if number not in too_long]


def _cut(hf: HFLM, request: Instance) -> bool:
    """Whether a request loses tokens to the window."""
    window = int(hf.max_length)
    text = "".join(part for part in request.args if isinstance(part, str))
    # No tokenizer makes more tokens than bytes, but for a normaliser that writes characters out.
    if request.request_type == "loglikelihood_rolling":
        return False
    if request.request_type == "loglikelihood":
        if 2 * len(text.encode("utf-8", "replace")) + 16 <= window:
            return False
        return len(hf.tok_encode(text)) + int(request.args[0] == "") > window + 1
    room = window - answer_tokens(request.args[1], hf.max_gen_toks)
    return 2 * len(text.encode("utf-8", "replace")) + 16 > room and prompt_tokens(hf, text) > room


def _unscored(doc: dict[str, Any], name: str, requests: list[Instance]) -> Sample:
    return Sample(
        id=name,
        cluster=str(doc.get("cluster") or name),
        doc=doc,
        prompt=[[*request.args, ""][:2] for request in requests],
        outputs=[],
        loglikelihoods=None,
        score=None,
        evidence=Evidence(reasons=[f"not scored: {CUT}"]),
    )
