"""Asking a server lm-eval's requests: each answer is checked, and kept as it comes."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.api_models import JsonChatStr
from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

from jeval.errors import InputError, ModelError
from jeval.models.cache import AnswerStore
from jeval.models.served import echo
from jeval.models.served.probe import is_doubtful, probe
from jeval.models.served.wire import RESUME, Wire, fan_out, shown
from jeval.record.schema import Served

Arrived = Callable[[int, Any], None]
_LEAST = 16  # tokens that the window must leave for an answer
_ENCODING = threading.Lock()  # a tokenizer must not be asked by two threads at once


class Asked:
    """Mixed into a class of lm-eval: asks its payloads over :class:`Wire`, checks each answer, keeps it as it comes."""

    tokenizer: Any
    tokenizer_backend: Any
    tokenized_requests: bool
    add_bos_token: bool
    wire: Wire
    extra_body: dict[str, Any]
    window: int | None
    chat: bool
    served: Served
    mark: list[float] | str
    doubtful: bool = False
    _batch_size: int
    _concurrent: int
    _seed: int
    _max_gen_toks: int
    _arrived: Arrived | None = None

    # --- what is asked -------------------------------------------------------------------------------------------

    def tok_encode(self, string: Any, add_special_tokens: bool | None = None, **_: Any) -> Any:
        """Tokens of a text; a start token only where the text does not bring one (a chat template may)."""
        if self.tokenizer is None:
            return string
        start = self.tokenizer.bos_token
        with_start = self.add_bos_token and not (start and string.startswith(start))
        with _ENCODING:
            return self.tokenizer(string, add_special_tokens=with_start, return_attention_mask=False).input_ids

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> Any:
        """The conversation as the endpoint takes it: messages (as JSON) for a chat endpoint, a text for the others."""
        if self.tokenizer is None:
            return json.dumps(chat_history, ensure_ascii=False)
        return self.tokenizer.apply_chat_template(
            chat_history,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )

    def _post(self, messages: Any, **how: Any) -> dict[str, Any]:
        lm: Any = self
        payload = lm._create_payload(lm.create_message(messages), seed=self._seed, eos=lm.eos_string, **how)
        return self.wire.post({**payload, **self.extra_body})

    def _bare(self, text: str) -> str:
        """A text for a server that takes no tokens: without the start token, which is the server's to add."""
        start = self.tokenizer.bos_token if self.tokenizer is not None and self.add_bos_token else None
        return text.removeprefix(start) if start else text

    def _prompt(self, ids: list[int], texts: tuple[str, str] | None) -> Any:
        """A prompt of tokens, or its text where the server takes no tokens."""
        if self.tokenized_requests:
            return ids
        whole = "".join(texts) if texts is not None and texts[0] else None
        return self._bare(self.tokenizer.decode(ids, clean_up_tokenization_spaces=False) if whole is None else whole)

    def _rows(self, prompts: list[Any], lengths: list[int]) -> tuple[list[echo.Row], dict[str, Any]]:
        outputs = self._post(prompts, generate=False, gen_kwargs=None)
        native = "meta_info" in outputs or "answers" in outputs  # SGLang's own endpoint
        return (echo.sglang_rows if native else echo.openai_rows)(self.wire.host, outputs, lengths), outputs

    def _likelihoods(self, job: Sequence[tuple[int, Any]]) -> list[tuple[float, bool]]:
        """One request: the log-likelihoods of its continuations."""
        ids = [context + continuation for _, (_, context, continuation) in job]
        prompts = [self._prompt(one, request[0]) for one, (_, request) in zip(ids, job, strict=True)]
        answers = []
        rows, _ = self._rows(prompts, [len(one) for one in ids])
        for row, (_, (_, context, _)) in zip(rows, job, strict=True):
            try:
                answers.append(row.answer(len(context)))
            except ValueError as err:
                raise echo.fault(self.wire.host, str(err)) from err
        return answers

    def _contexts(self, contexts: Sequence[str]) -> list[Any]:
        if self.chat:
            return [JsonChatStr(one) for one in contexts]
        if self.tokenized_requests:
            return [self.tok_encode(one) for one in contexts]
        return [self._bare(one) for one in contexts]

    def _texts(self, job: Sequence[tuple[int, tuple[Any, dict[str, Any]]]]) -> list[str]:
        """One request: what the model writes after its prompts."""
        lm: Any = self
        contexts = [context for _, (context, _) in job]
        settings = copy.deepcopy(job[0][1][1])
        prompts = self._contexts(contexts)
        if self.window is not None and self.tokenized_requests:  # the answer gets what the window leaves
            left = self.window - max(len(prompt) for prompt in prompts)
            settings["max_gen_toks"] = min(int(settings.get("max_gen_toks", self._max_gen_toks)), left)
        outputs = self._post(prompts, generate=True, gen_kwargs=settings)
        if _is_openai(type(lm)):
            ordered = echo.choices(self.wire.host, outputs, len(job))
            for choice in ordered:
                _check_text(self.wire.host, choice, chat=self.chat)
            outputs = {**outputs, "choices": [{**choice, "index": at} for at, choice in enumerate(ordered)]}
        try:
            answers = lm.parse_generations(outputs=outputs.get("answers", outputs))
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as err:
            raise ModelError(f"{self.wire.host} answered JSON of another shape ({shown(outputs)})") from err
        if len(answers) != len(job) or not all(isinstance(answer, str) for answer in answers):
            raise ModelError(f"{self.wire.host} answered null for a text; {RESUME}")
        return list(answers)

    # --- before anything is scored -------------------------------------------------------------------------------

    def try_out(self, *, likelihoods: bool) -> str | None:
        """One small request, or the probe. Returns the fingerprint that the server gives."""
        if not likelihoods:
            question = [{"role": "user", "content": "1 から 9 まで数えてください。"}]
            prompt = json.dumps(question, ensure_ascii=False) if self.chat else "1, 2, 3,"
            outputs = self._post(
                self._contexts([prompt]), generate=True, gen_kwargs={"max_gen_toks": 16, "do_sample": False}
            )
            self.mark = ""
            if _is_openai(type(self)):
                found = echo.choices(self.wire.host, outputs, 1)[0]
                holder = found["message"] if isinstance(found.get("message"), dict) else found
                self.mark = str([holder.get(name) for name in ("text", "content", "reasoning_content", "reasoning")])
            return _fingerprint(outputs)
        told: list[str | None] = []

        def ask(ids: Sequence[int], text: str | None) -> echo.Row:
            prompt = self._prompt(list(ids), None if text is None else (text, ""))
            rows, outputs = self._rows([prompt], [len(ids)])
            told.append(_fingerprint(outputs))
            return rows[0]

        vocabulary = self.tokenizer.get_vocab() if self.tokenized_requests else {}
        self.mark = probe(self.wire.host, ask, self.tok_encode, vocabulary)
        self.doubtful = is_doubtful(self.mark)
        return told[0]

    # --- the road ------------------------------------------------------------------------------------------------

    def _fan_out(self, jobs: Iterator[Any], work: Callable[[Any], list[Any]], arrived: Arrived) -> None:
        def came(job: Sequence[tuple[int, Any]], answers: list[Any]) -> None:
            for (number, _), answer in zip(job, answers, strict=True):
                arrived(number, answer)

        fan_out(jobs, work, came, workers=self._concurrent, stopped=self.wire.stopped)

    def _loglikelihood_tokens(self, requests: list[Any], **_: Any) -> list[tuple[float, bool]]:
        lengths = [len(context) + len(continuation) for _, context, continuation in requests]
        self._check_window([length + 1 for length in lengths])
        if any(not continuation for _, _, continuation in requests):
            raise InputError("a continuation has no token of its own: its context swallows it; score it as one text")
        answers: dict[int, tuple[float, bool]] = {}
        arrived = self._arrived

        def came(number: int, answer: tuple[float, bool]) -> None:
            answers[number] = answer
            if arrived is not None:
                arrived(number, answer)

        self._fan_out(_batches(list(enumerate(requests)), self._batch_size), self._likelihoods, came)
        return [answers[number] for number in range(len(requests))]

    def _check_window(self, lengths: Sequence[int]) -> None:
        """Nothing is cut: a prompt without its beginning is another question."""
        if self.window is not None and (long := [one for one in lengths if one > self.window]):
            raise InputError(
                f"{len(long)} of {len(lengths)} requests need more than the {self.window} tokens that {self.wire.host} takes, the "
                f"longest {max(long)}; start the server with a longer window, or leave the tasks out (--tasks)"
            )

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """See :class:`lm_eval.api.model.LM`."""
        return self.answer("loglikelihood", requests, None, None)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """See :class:`lm_eval.api.model.LM`."""
        return self.answer("loglikelihood_rolling", requests, None, None)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """See :class:`lm_eval.api.model.LM`."""
        return self.answer("generate_until", requests, None, None)

    def answer(
        self,
        kind: str,
        requests: list[Instance],
        store: AnswerStore | None,
        progress: Callable[[int, int], None] | None,
    ) -> list[Any]:
        """Answers from the store, or asked for; each is stored once its item is complete and stands the checks."""
        args = [request.args for request in requests]
        known: list[Any] = store.get_many(kind, args) if store is not None else [None] * len(args)
        missing = [number for number, one in enumerate(known) if one is None]
        items = _items(requests) if kind == "loglikelihood" else {number: [number] for number in missing}
        done = len(known) - len(missing)
        belongs = {number: members for members in items.values() for number in members}

        def arrived(number: int, answer: Any) -> None:
            nonlocal done
            done += 1
            known[number] = answer
            members = belongs[number]
            if any(known[member] is None for member in members):
                return
            if kind == "loglikelihood":
                self._check_item([args[member] for member in members], [known[member][0] for member in members])
            if store is not None:
                store.put_many(kind, [(args[member], known[member]) for member in members])
            if progress is not None:
                progress(done, len(known))

        if progress is not None:
            progress(done, len(known))
        if missing:
            getattr(self, f"_ask_{kind}")([(number, requests[number]) for number in missing], arrived)
        return known

    def _ask_loglikelihood(self, asked: list[tuple[int, Instance]], arrived: Arrived) -> None:
        lm: Any = super()
        numbers = [number for number, _ in asked]
        self._arrived = lambda place, answer: arrived(numbers[place], answer)
        try:
            lm.loglikelihood([request for _, request in asked], disable_tqdm=True)
        except (AssertionError, NotImplementedError) as err:
            raise InputError(f"this backend gives no log-likelihoods: {shown(err)}") from err
        finally:
            self._arrived = None

    def _ask_loglikelihood_rolling(self, asked: list[tuple[int, Instance]], arrived: Arrived) -> None:
        lm: Any = super()
        for number, request in asked:
            arrived(number, lm.loglikelihood_rolling([request], disable_tqdm=True)[0])

    def _ask_generate_until(self, asked: list[tuple[int, Instance]], arrived: Arrived) -> None:
        if self.tokenizer is not None and self.window is not None:
            self._check_window([len(self.tok_encode(request.args[0])) + _LEAST for _, request in asked])

        def jobs() -> Iterator[Any]:
            pairs = [(number, request.args) for number, request in asked]
            for _, same in groupby(pairs, key=lambda pair: json.dumps(pair[1][1], sort_keys=True, default=str)):
                yield from _batches(list(same), self._batch_size)

        self._fan_out(jobs(), self._texts, arrived)

    def _check_item(self, args: list[tuple[str, str]], values: list[float]) -> None:
        """An exact 0.0, or one value for all answers of an item: a model may mean it, a broken server does it to any text.

        So the server is asked again, the same and with the last letter changed: the first must agree, the second must not.
        """
        same = len(set(args)) > 1 and len(set(values)) == 1
        for (context, continuation), value in zip(args, values, strict=True):
            if not (value == 0.0 or same):
                continue
            changed = continuation[:-1] + ("1" if continuation[-1:] != "1" else "2")
            again, other = self._again(context, continuation), self._again(context, changed)
            if abs(again - value) > 0.5 or abs(other - value) < 1e-9:
                what = "0.0 for a continuation" if value == 0.0 else "the same value for all answers of an item"
                raise echo.fault(self.wire.host, f"{what}, and {other:g} for another text")
            return

    def _again(self, context: str, continuation: str) -> float:
        lm: Any = super()
        request = Instance("loglikelihood", {}, (context, continuation), 0)
        kept, self._arrived = self._arrived, None
        workers, self._concurrent = self._concurrent, 1
        try:
            return float(lm.loglikelihood([request], disable_tqdm=True)[0][0])
        finally:
            self._arrived, self._concurrent = kept, workers

    def generation(self, store: AnswerStore) -> int:
        """Number of the model behind this address, for the key of its answers: another number when it answers the first
        request otherwise than all models before it.
        """
        before = store.get_many("mark", [()])[0] or []
        for number, mark in enumerate(before):
            if _same_mark(mark, self.mark):
                return number
        store.put_many("mark", [((), [*before, self.mark])])
        return len(before)


def _same_mark(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(abs(a - b) <= 1e-3 for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _is_openai(cls: type) -> bool:
    """Whether answers have the form of OpenAI's (a list of choices)."""
    return any(one in (LocalCompletionsAPI, LocalChatCompletion) for one in cls.__mro__) and not any(
        "parse_generations" in vars(one)
        for one in cls.__mro__[: cls.__mro__.index(LocalCompletionsAPI)]
        if one is not LocalChatCompletion
    )


def _check_text(host: str, choice: Mapping[str, Any], *, chat: bool) -> None:
    """A text must have come. A thought that took all the tokens leaves none, which is no answer and no refusal."""
    holder = choice.get("message") if chat else choice
    if not isinstance(holder, dict):
        raise ModelError(f"{host} answered JSON of another shape ({shown(choice)}); expected a message; check base_url")
    text = holder.get("content" if chat else "text")
    thought = holder.get("reasoning_content") or holder.get("reasoning")
    if not text and thought:
        raise ModelError(
            f"{host} answered with a thought and no text; turn thinking off at the server, or with "
            f'--model-args \'extra_body={{"chat_template_kwargs":{{"enable_thinking":false}}}}\'; {RESUME}'
        )
    if text is None:
        why = f" (finish_reason {shown(choice.get('finish_reason'))})" if choice.get("finish_reason") else ""
        raise ModelError(f"{host} answered null for a text{why}; look at the server's log; {RESUME}")
    if not isinstance(text, str):
        raise ModelError(f"{host} answered {shown(text)} for a text; expected a string; check base_url")


def _fingerprint(outputs: Mapping[str, Any]) -> str | None:
    found = outputs.get("system_fingerprint")
    return shown(found) if found else None


def _items(requests: list[Instance]) -> dict[Any, list[int]]:
    """Numbers of the requests of each item."""
    found: dict[Any, list[int]] = {}
    for number, request in enumerate(requests):
        key = (request.task_name, request.doc_id) if request.doc_id is not None else number
        found.setdefault(key, []).append(number)
    return found


def _batches(pairs: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(pairs), size):
        yield pairs[start : start + size]
