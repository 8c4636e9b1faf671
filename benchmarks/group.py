"""The requests of the ``jeval`` group: ``jeval-hf`` against stock lm-eval, same process, same requests, by turns.

    python benchmarks/group.py --models 12M --threads 1 [--items 0.1] [--generation 0.05]
    python benchmarks/group.py --models /models/my-merge --threads 1 [--items 0.1] [--generation 0.05]

A random Llama with a byte-pair tokenizer learnt from the prompts themselves, so that a token holds as much Japanese as with real
models; or a real model, a folder or a ``.gguf`` file, with its chat template if it has one. Log-likelihoods and generation are timed apart, each against stock's best batch size; tokenisation counts for both. The last
line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

BATCHES = (8, 16, 32)


CHAT = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nあなたは誠実で優秀なアシスタントです。<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def collect(group: str, fractions: dict[str, float], tokenizer: Any = None) -> dict[str, list[Any]]:
    """Requests by type, every n-th item of each task, so that ``fractions`` of the items of a type remain.

    With a ``tokenizer`` its chat template is applied.
    """
    from lm_eval.api.model import LM

    from jeval.pipeline.evaluate import evaluate
    from jeval.pipeline.taskpack import load_tasks

    found: dict[str, list[Any]] = {"loglikelihood": [], "generate_until": []}

    class Recorder(LM):
        tokenizer_name = "benchmark"

        def chat_template(self, chat_template: bool | str = False) -> str:
            return str(tokenizer.chat_template)

        def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
            return str(
                tokenizer.apply_chat_template(chat_history, tokenize=False, add_generation_prompt=add_generation_prompt)
            )

        def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
            found["loglikelihood"] += requests
            return [(-1.0, False) for _ in requests]

        def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
            found["generate_until"] += requests
            return ["" for _ in requests]

        def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
            raise NotImplementedError("the group has no such requests")

    loaded = load_tasks([group])
    rows = {}
    for name, task in loaded.tasks.items():
        kind = "generate_until" if task.OUTPUT_TYPE == "generate_until" else "loglikelihood"
        count = len(loaded.docs(name))
        wanted = max(1, round(count * fractions[kind]))
        rows[name] = sorted({round(i * count / wanted) for i in range(wanted)})
    evaluate(Recorder(), loaded, rows, chat_template=tokenizer is not None)
    return found


def learn_tokenizer(texts: list[str], vocabulary: int) -> Any:
    """Byte-pair encoding over characters; punctuation and white space stand alone, as in tokenizers of Japanese models."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=False))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"\s|\p{P}|\p{S}"), "isolated")
    inner.decoder = decoders.Fuse()
    inner.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=["<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>"],
            max_token_length=6,
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def real(path: Path, device: str, dtype: Any) -> tuple[Any, Any]:
    """A model on disk and its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from jeval.models.gguf import opened

    with opened(path) if path.suffix == ".gguf" else nullcontext(path) as folder:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).to(device).eval()
        return model, AutoTokenizer.from_pretrained(folder)


def timed(action: Any) -> tuple[float, Any]:
    """Seconds and result: of this process alone where one thread computes, so that a busy neighbour counts less."""
    import torch

    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    began = clock()
    result = action()
    return clock() - began, result


def compare(kind: str, asked: list[Any], stock_of: Any, ours_of: Any, repeat: int, sizes: tuple[int, ...]) -> dict:
    from jeval.models.requests import forget

    stock: dict[int, list[float]] = {size: [] for size in sizes}
    first, again = [], []
    for _ in range(repeat):
        for size in sizes:
            forget()
            ours = ours_of()
            seconds, got = timed(lambda: getattr(ours, kind)(asked))  # noqa: B023
            first.append(seconds)
            if kind == "loglikelihood":
                seconds, _ = timed(lambda: getattr(ours, kind)(asked))  # noqa: B023
                again.append(seconds)
            seconds, expected = timed(lambda: getattr(stock_of(size), kind)(asked, disable_tqdm=True))  # noqa: B023
            stock[size].append(seconds)
    best = min(sizes, key=lambda size: statistics.median(stock[size]))
    pairs = list(zip(expected, got, strict=True))
    answer: dict[str, Any] = {
        "requests": len(asked),
        "stock_batch": best,
        "stock_seconds": {size: [round(t, 2) for t in times] for size, times in stock.items()},
        "jeval_seconds": [round(t, 2) for t in first],
        "speedup": round(statistics.median(stock[best]) / statistics.median(first), 2),
    }
    if kind == "loglikelihood":
        answer["jeval_seconds_requests_known"] = [round(t, 2) for t in again]
        answer["speedup_requests_known"] = round(statistics.median(stock[best]) / statistics.median(again), 2)
        cost = ours.cost
        answer["tokens_without_sharing"] = cost.request_tokens // 2
        answer["unique_tokens"] = cost.unique_tokens // 2
        answer["largest_difference"] = max(abs(a[0] - b[0]) for a, b in pairs)
        answer["flags_equal"] = all(a[1] == b[1] for a, b in pairs)
    else:
        answer["texts_equal"] = sum(a == b for a, b in pairs) / len(pairs)
        answer["different"] = [pair for pair in pairs if pair[0] != pair[1]][:5]
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["12M"])
    parser.add_argument("--group", default="jeval")
    parser.add_argument("--items", type=float, default=0.1, help="share of the items scored by log-likelihood")
    parser.add_argument(
        "--generation", type=float, default=0.05, help="share of the generated items; 0 leaves them out"
    )
    parser.add_argument("--chat", action="store_true", help="as an instruct model: ChatML with a system line")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--batch", type=int, nargs="+", default=list(BATCHES))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    args = parser.parse_args()

    import torch
    from lm_eval.models.huggingface import HFLM
    from scoring import MODELS, build

    from jeval.models.hf import JevalHF

    if args.threads:
        torch.set_num_threads(args.threads)
    shares = {"loglikelihood": args.items, "generate_until": args.generation}
    plain = collect(args.group, shares)
    texts = [request.args[0] for some in plain.values() for request in some]
    results = []
    for name in args.models:
        if name in MODELS:
            model = build(name, args.device, getattr(torch, args.dtype))
            model.generation_config.eos_token_id = None
            tokenizer = learn_tokenizer(texts, MODELS[name]["vocab_size"])
            tokenizer.chat_template = CHAT if args.chat else None
        else:
            model, tokenizer = real(Path(name), args.device, getattr(torch, args.dtype))
        chat = tokenizer.chat_template is not None
        asked = collect(args.group, shares, tokenizer) if chat else plain

        def stock_of(size: int) -> Any:
            return HFLM(pretrained=model, tokenizer=tokenizer, softmax_dtype="float32", batch_size=size)  # noqa: B023

        def ours_of() -> Any:
            ours = JevalHF(pretrained=model, tokenizer=tokenizer)  # noqa: B023
            assert ours.reason == "", ours.reason
            return ours

        for kind, some in asked.items():
            if some and (kind == "loglikelihood" or args.generation):
                result = compare(kind, some, stock_of, ours_of, args.repeat, tuple(args.batch))
                results.append({"model": name, "group": args.group, "chat": chat, "requests_of": kind} | result)
                print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"threads": torch.get_num_threads(), "torch": torch.__version__, "results": results}))


if __name__ == "__main__":
    main()
