"""``jeval-hf``: lm-eval's Hugging Face model, with every shared prefix computed once.

The same requests in, the same answers out as from ``hf``; what differs is how many tokens are fed for them. Models that
cannot be scored over a tree of prefixes are scored by the parent class, and one line says why.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from lm_eval import utils
from lm_eval.api.instance import Instance
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, has_bos_prefix, normalize_gen_kwargs, postprocess_generated_text

from jeval.errors import InputError, ModelError
from jeval.limits import native
from jeval.models.attention import RefusedError
from jeval.models.budget import batches, default_budget
from jeval.models.cache import AnswerStore, in_chunks
from jeval.models.cost import Cost
from jeval.models.generate import (
    Generation,
    end_tokens,
    generate,
    is_greedy,
    stop_windows,
    unusual_generation_config,
)
from jeval.models.passes import Runner
from jeval.models.requests import PLANS, Pair, Part, Work, encodings, prepare, tokenizer_identity
from jeval.models.scoring import Answer, score
from jeval.models.support import Verdict, check, is_out_of_memory
from jeval.models.template import TOKENIZER, Templated
from jeval.record.schema import CostRecord

_log = logging.getLogger(__name__)


@register_model("jeval-hf")
class JevalHF(Templated):
    """Shared-prefix scoring and generation for causal transformers models.

    Args:
        token_budget: most tokens in one forward pass; by default chosen from the model's size and the machine's memory
            (not from what happens to be free, so that a resumed run repeats the same sums).
        softmax_dtype: as in ``hf``, but float32 by default: half precision rounds log-probabilities to steps that decide
            between answers.

    Attributes:
        answer_store: where answers are looked up and kept, unit by unit.
        progress: called with tokens done and tokens to be computed.
        reason: why the parent class does the work; empty when the tree is used.
    """

    def __init__(
        self,
        pretrained: Any,
        *args: Any,
        token_budget: int | str | None = None,
        softmax_dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(pretrained, *args, softmax_dtype=softmax_dtype, **kwargs)
        self.answer_store: AnswerStore | None = None
        self.progress: Callable[[int, int], None] | None = None
        self._given_budget = int(token_budget) if token_budget else None
        self._cost = Cost()
        self._verdict: Verdict | None = None

    # What this model can do, and what it cost

    @property
    def verdict(self) -> Verdict:
        if self._verdict is None:
            self._verdict = self._judge()
            if self._verdict.reason:
                _log.warning("jeval-hf scores this model as plain hf does: %s", self._verdict.reason)
        return self._verdict

    def _judge(self) -> Verdict:
        if self.world_size > 1:
            return Verdict("it runs on several processes")
        if self.mixed_precision_dtype is not None:
            return Verdict("it runs in mixed precision")
        with torch.inference_mode():
            return check(self.model, backend=self.backend, vocabulary=self._embeddings())

    def _embeddings(self) -> int:
        weight = getattr(self.model.get_input_embeddings(), "weight", None)
        return int(weight.shape[0]) if weight is not None else int(self.vocab_size)

    @property
    def reason(self) -> str:
        return self.verdict.reason

    @property
    def token_budget(self) -> int:
        return self._given_budget or default_budget(self.model)

    @property
    def cost(self) -> CostRecord:
        """What scoring cost so far; see :class:`jeval.models.cost.Cost`."""
        return self._cost.record(self.model)

    def _runner(self) -> Runner:
        return Runner(self.model, softmax_dtype=self.softmax_dtype, split_head=self.verdict.split_head, cost=self._cost)

    # Log-likelihoods

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[Answer]:
        if self.enable_thinking or not requests:
            return super().loglikelihood(requests, disable_tqdm=disable_tqdm) if requests else []
        args = [request.args for request in requests]
        if self.reason:
            return self._stored(
                "loglikelihood",
                args,
                lambda some: HFLM.loglikelihood(self, _instances(requests, some), disable_tqdm=True),
            )
        began = time.perf_counter()
        key = (self._identity, "loglikelihood", tuple(args))
        pairs: list[Pair] | None = PLANS.get(key)
        if pairs is None:
            pairs = PLANS.put(key, self._encode_all(args))
        self._cost.add("tokenise", time.perf_counter() - began)
        parts = [self._part(context, continuation) for context, continuation in pairs]
        return self._answers("loglikelihood", args, parts, list(range(len(args))), plan_key=key)

    def _loglikelihood_tokens(
        self, requests: Sequence[Any], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[Answer]:
        """Token-level requests ``((context, continuation) or None, context ids, continuation ids)``."""
        if self.reason or not requests:
            stock: list[Answer] = super()._loglikelihood_tokens(
                requests, disable_tqdm=disable_tqdm, override_bs=override_bs
            )
            return stock
        parts = [self._part(context, continuation) for _, context, continuation in requests]
        values = score(
            self._runner(),
            parts,
            list(range(len(parts))),
            [False] * len(parts),
            budget=self.token_budget,
            done=lambda finished, values: None,
            progress=self.progress,
        )
        answers = [value for value in values if value is not None]
        for (strings, _, _), answer in zip(requests, answers, strict=True):
            if strings is not None:
                self.cache_hook.add_partial("loglikelihood", strings, answer)
        return answers

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        if not requests:
            return []
        args = [request.args for request in requests]
        if self.reason:
            return self._stored(
                "loglikelihood_rolling",
                args,
                lambda some: HFLM.loglikelihood_rolling(self, _instances(requests, some), disable_tqdm=True),
            )
        parts: list[Part] = []
        owner: list[int] = []
        began = time.perf_counter()
        for number, (string,) in enumerate(args):
            windows = utils.get_rolling_token_windows(
                token_list=self._encoded("string", string),
                prefix_token=self.prefix_token_id,
                max_seq_len=self.max_length,
                context_len=1,
            )
            for window in windows:
                parts.append(self._part(*utils.make_disjoint_window(window)))
                owner.append(number)
        self._cost.add("tokenise", time.perf_counter() - began)
        return self._answers("loglikelihood_rolling", args, parts, owner)

    # Generation

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        if not requests:
            return []
        args = [request.args for request in requests]
        if not self.reason and not self._decoding_reason:
            plain = [is_greedy(gen_kwargs) for _, gen_kwargs in args]
        else:
            plain = [False] * len(args)
        answers: list[Any] = [None] * len(args)
        ours = [number for number, greedy in enumerate(plain) if greedy]
        if ours:
            for number, answer in zip(ours, self._generated([args[i] for i in ours]), strict=True):
                answers[number] = answer
        if rest := [number for number, answer in enumerate(answers) if answer is None]:
            some_args = [args[i] for i in rest]
            found = self._stored(
                "generate_until",
                some_args,
                lambda some: HFLM.generate_until(self, [requests[rest[i]] for i in some], disable_tqdm=True),
            )
            for number, answer in zip(rest, found, strict=True):
                answers[number] = answer
        return answers

    @property
    def _decoding_reason(self) -> str:
        """Why the model's own ``generate`` must be used, apart from what scoring is refused for."""
        if self.truncation:
            return "the tokenizer truncates"
        changed = unusual_generation_config(self.model)
        return f"its generation_config sets {', '.join(changed)}" if changed else ""

    def _generated(self, args: list[Any]) -> list[str | None]:
        """Greedy answers, ``None`` where the model's attention cannot be decoded here."""
        asked, until = self._asked(args)
        store = self.answer_store
        answers: list[Any] = store.get_many("generate_until", args) if store is not None else [None] * len(args)
        slices = batches(self.model, [(one.prompt, one.limit) for one in asked])
        todo = [batch for batch in slices if any(answers[i] is None for i in batch)]
        total = sum(len(asked[i].prompt) + asked[i].limit for batch in todo for i in batch)
        self._cost.request_tokens += sum(len(one.prompt) for one in asked)
        runner, tokens = self._runner(), 0

        def advanced(count: int) -> None:
            nonlocal tokens
            tokens = min(tokens + count, total)

        while todo:
            batch = todo.pop(0)
            for i in batch:
                asked[i].tokens.clear()
            try:
                generate(runner, self.tokenizer, [asked[i] for i in batch], budget=self.token_budget, advanced=advanced)
            except RefusedError as err:
                _log.warning("jeval-hf generates as plain hf does: %s", err)
                return answers
            except (RuntimeError, MemoryError) as err:
                if not is_out_of_memory(err):
                    raise
                if len(batch) == 1:
                    raise ModelError(
                        "out of memory generating a single answer; free memory or use a smaller model"
                    ) from err
                todo[:0] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
                _log.warning("out of memory: going on with %d rows at a time", len(batch) // 2)
                continue
            rows = []
            for i in batch:
                if answers[i] is None:
                    answers[i] = self._text(asked[i].tokens, until[i])
                    rows.append((args[i], answers[i]))
                    self.cache_hook.add_partial("generate_until", args[i], answers[i])
            if store is not None:
                store.put_many("generate_until", rows)
            if self.progress is not None:
                self.progress(total if not todo else tokens, total)
        return answers

    def _asked(self, args: Sequence[Any]) -> tuple[list[Generation], list[list[str]]]:
        """What is to be generated, and the strings that end each answer."""
        eos = self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        ends = end_tokens(self.model)
        asked: list[Generation] = []
        until: list[list[str]] = []
        for context, gen_kwargs in args:
            kwargs = normalize_gen_kwargs(gen_kwargs, self.max_gen_toks)
            stops = handle_stop_sequences(kwargs["until"], eos=eos)
            limit = int(kwargs["max_gen_toks"])
            room = self.max_length - limit
            if room <= 0:
                raise InputError(
                    f"max_gen_toks {limit} does not fit the model's window of {self.max_length} tokens; lower it"
                )
            prompt = self._prompt(context)[-room:]
            asked.append(Generation(tuple(prompt), limit, ends, stop_windows(self.tokenizer, stops)))
            until.append(stops)
        return asked, until

    def _prompt(self, context: str) -> list[int]:
        """Token ids of a prompt, as ``tok_batch_encode`` makes them of a batch of one."""
        extra = {} if self.add_bos_token is None else {"add_special_tokens": self.add_bos_token}
        if has_bos_prefix(context, getattr(self.tokenizer, "bos_token", None)):
            extra = {"add_special_tokens": False}
        with native(TOKENIZER):
            ids: list[int] = self.tokenizer(context, **extra)["input_ids"]
        return ids

    def _text(self, tokens: list[int], stops: list[str]) -> str:
        """The answer in new tokens: thoughts and what follows a stop string taken off, as in ``hf``."""
        if isinstance(self.think_end_token, int) and self.think_end_token in tokens:
            tokens = tokens[len(tokens) - tokens[::-1].index(self.think_end_token) :]
        text = self.tok_decode(tokens)
        if isinstance(self.think_end_token, int):
            text = text.lstrip()
        thought = self.think_end_token if isinstance(self.think_end_token, str) else None
        return str(postprocess_generated_text(generation=text, stop=stops, think_end_token=thought))

    def _part(self, context: list[int], continuation: list[int]) -> Part:
        """As in ``hf``: too long a context loses its left end; the last token is never an input."""
        if not context or not continuation:
            raise InputError(
                "a request has no token of its own: its continuation is empty, or the tokenizer merges it into the context; "
                "end the context or begin the continuation where the tokenizer splits"
            )
        if len(continuation) > self.max_length:
            raise InputError(
                f"a continuation has {len(continuation)} tokens, the model's window {self.max_length}; shorten the answers"
            )
        return Part(tuple((context + continuation)[-(self.max_length + 1) :][:-1]), tuple(continuation))

    def _answers(
        self, kind: str, args: list[Any], parts: list[Part], owner: list[int], plan_key: Any = None
    ) -> list[Any]:
        """Answers to ``args`` from the store and from scoring ``parts``; ``owner`` tells whose part each is."""
        runner = self._runner()
        budget = self.token_budget
        began = time.perf_counter()
        work: Work | None = None
        if plan_key is not None:
            work = PLANS.get((plan_key, self.max_length, budget))
        if work is None:
            work = prepare(parts, budget)
            if plan_key is not None:
                PLANS.put((plan_key, self.max_length, budget), work)
        self._cost.add("plan", time.perf_counter() - began)
        self._cost.unique_tokens += len(work.tree)
        self._cost.request_tokens += work.tree.fed
        store = self.answer_store
        answers: list[Any] = store.get_many(kind, args) if store is not None else [None] * len(args)
        parts_of: list[list[int]] = [[] for _ in args]
        for part, number in enumerate(owner):
            parts_of[number].append(part)
        for number, own in enumerate(parts_of):
            if not own:  # a rolling request of an empty string
                answers[number] = 0

        def done(finished: list[int], values: list[Answer | None]) -> None:
            rows = []
            for number in finished:
                some = [value for value in (values[part] for part in parts_of[number]) if value is not None]
                answers[number] = some[0] if kind == "loglikelihood" else sum(value for value, _ in some)
                rows.append((args[number], answers[number]))
                self.cache_hook.add_partial(kind, args[number], answers[number])
            if store is not None:
                store.put_many(kind, rows)

        score(
            runner,
            parts,
            owner,
            [answer is not None for answer in answers],
            budget=budget,
            work=work,
            done=done,
            progress=self.progress,
        )
        return answers

    def _stored(self, kind: str, args: list[Any], compute: Callable[[range], Sequence[Any]]) -> list[Any]:
        """Answers of the parent class, kept as :func:`in_chunks` keeps them."""
        began = time.perf_counter()
        answers = in_chunks(self.answer_store, kind, args, compute, self.progress)
        self._cost.add("stock", time.perf_counter() - began)
        return answers

    # Token ids, once per tokenizer

    @property
    def _identity(self) -> str:
        return tokenizer_identity(
            self.tokenizer,
            add_bos_token=self.add_bos_token,
            prefix=self.prefix_token_id,
            backend=self.backend,
        )

    def _encoded(self, kind: str, string: str) -> list[int]:
        """Token ids of a string: ``string`` as ``tok_encode`` gives them, ``bare`` without special tokens."""
        kept = encodings(self._identity)
        key = (kind, string)
        ids: list[int] | None = kept.get(key)
        if ids is None:
            ids = self.tok_encode(string, add_special_tokens=False) if kind == "bare" else self.tok_encode(string)
            kept[key] = ids
        return ids

    def _encode_all(self, args: list[Any]) -> list[Pair]:
        """Context and continuation ids as ``hf`` makes them: ``enc(ctx)`` and what ``enc(ctx + cont)`` adds to its length."""
        pairs: list[Pair] = []
        for context, continuation in args:
            if context == "":
                ids = self._encoded("bare", continuation)
                if self.prefix_token_id != ids[0]:
                    pairs.append(([self.prefix_token_id], ids))
                else:
                    pairs.append((ids[:1], ids[1:]))
                continue
            spaces = len(context) - len(context.rstrip())
            if spaces:
                continuation = context[-spaces:] + continuation
                context = context[:-spaces]
            whole = self._encoded("string", context + continuation)
            before = self._encoded("string", context)
            pairs.append((before, whole[len(before) :]))
        return pairs


def _instances(requests: list[Instance], some: range) -> list[Instance]:
    return [requests[i] for i in some]
