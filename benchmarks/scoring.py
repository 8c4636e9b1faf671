"""Shared-prefix scoring against stock lm-eval: same process, same model, same requests, by turns.

    python benchmarks/scoring.py --models 12M 110M --shapes pairs choices shots generation --repeat 3 [--threads 1] [--items 1.0]

Random Llama weights, random token ids, shapes of three common tasks. For each the stock class runs at its best batch size
(found on a sample) and ``jeval-hf`` at its default budget. The roofline is the time that the matrix products of the unique
tokens (all linear layers) and of the logit rows that are read take at the measured matrix peak; ``roofline_with_attention`` adds
the products inside attention that the tree needs. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from typing import Any

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

MODELS: dict[str, dict[str, int]] = {
    "12M": {
        "hidden_size": 256,
        "intermediate_size": 688,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "vocab_size": 11008,
    },
    "110M": {
        "hidden_size": 768,
        "intermediate_size": 2048,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "vocab_size": 16000,
    },
    "1B": {
        "hidden_size": 2048,
        "intermediate_size": 5504,
        "num_hidden_layers": 20,
        "num_attention_heads": 16,
        "vocab_size": 32000,
    },
}
# items, shared instruction or shots, own context, choices per item, tokens per choice
SHAPES = {
    "pairs": (200, 0, 11, 2, 5.5),
    "choices": (200, 60, 257, 4, 12.4),
    "shots": (100, 748, 208, 4, 12.0),
}
BATCHES = (1, 4, 8, 16, 32, 64)

Request = tuple[tuple[str, str], list[int], list[int]]


def requests(shape: str, vocabulary: int, scale: float, seed: int = 0) -> list[Request]:
    """Token-level requests of one shape; ``scale`` of the items."""
    items, shared, own, choices, length = SHAPES[shape]
    chooser = random.Random(seed)

    def ids(mean: float, spread: float = 0.25) -> list[int]:
        size = max(1, round(chooser.gauss(mean, spread * mean)))
        return [chooser.randrange(10, vocabulary) for _ in range(size)]

    head = ids(shared, 0.0) if shared else []
    found: list[Request] = []
    for _ in range(max(4, round(items * scale))):
        context = ids(own)
        for _ in range(choices):
            if shape == "pairs":  # empty context: everything behind the BOS is scored
                found.append((("", ""), [0], context + ids(length)))
            else:
                found.append((("", ""), [0, *head, *context], ids(length)))
    return found


def build(name: str, device: str, dtype: Any) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        max_position_embeddings=2048, tie_word_embeddings=False, bos_token_id=0, eos_token_id=1, **MODELS[name]
    )
    return LlamaForCausalLM(config).to(device=device, dtype=dtype).eval()


def tokenizer(vocabulary: int = 3) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"<s>": 0, "</s>": 1, "<unk>": 2} | {f"w{i}": i for i in range(3, vocabulary)}
    inner = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def matrix_peak(device: str, dtype: Any) -> float:
    """Floating-point operations per second of a large matrix product."""
    import torch

    size = 2048 if device == "cpu" else 8192
    a, b = torch.randn(size, size, device=device, dtype=dtype), torch.randn(size, size, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        a @ b
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best


def operations(model: Any, asked: list[Request]) -> tuple[float, float, int, int, int]:
    """Needed floating-point operations without and with attention, unique tokens, logit rows, tokens without sharing."""
    from jeval.models.radix import build as tree_of

    inputs = [(context + continuation)[:-1] for _, context, continuation in asked]
    tree, nodes = tree_of(inputs, [len(continuation) for _, _, continuation in asked])
    rows = len({int(node) for some in nodes for node in some})
    layers = sum(p.numel() for name, p in model.named_parameters() if "layers." in name and p.dim() == 2)
    head = model.lm_head.weight.numel()
    linear = 2.0 * layers * len(tree) + 2.0 * head * rows
    config = model.config
    attention = 4.0 * config.hidden_size * config.num_hidden_layers * float((tree.depth + 1).sum())
    return linear, linear + attention, len(tree), rows, tree.fed


def timed(action: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def best_batch(stock_of: Any, asked: list[Request]) -> int:
    """The batch size at which stock is fastest on an eighth of the items, evenly taken."""
    group = 4 if len(asked) % 4 == 0 else 2
    sample = [r for i in range(0, len(asked), group * 8) for r in asked[i : i + group]]
    if len(sample) < 64:
        sample = asked[:64]
    times = {}
    for size in BATCHES:
        lm = stock_of(size)
        times[size] = min(timed(lambda: lm._loglikelihood_tokens(sample, disable_tqdm=True))[0] for _ in range(2))  # noqa: B023
        if times[size] > 1.6 * min(times.values()):
            break
    return min(times, key=lambda size: times[size])


def measure(name: str, shape: str, args: argparse.Namespace) -> dict[str, Any]:
    import torch
    from lm_eval.models.huggingface import HFLM

    from jeval.models.hf import JevalHF

    dtype = getattr(torch, args.dtype)
    model, encoder = build(name, args.device, dtype), tokenizer()
    asked = requests(shape, MODELS[name]["vocab_size"], args.items)

    def stock_of(size: int) -> Any:
        return HFLM(pretrained=model, tokenizer=encoder, softmax_dtype="float32", batch_size=size)

    ours = JevalHF(pretrained=model, tokenizer=encoder, token_budget=args.token_budget)
    assert ours.reason == "", ours.reason
    size = args.batch or best_batch(stock_of, asked)
    stock = stock_of(size)
    linear, whole, unique, rows, fed = operations(model, asked)
    stock_times, our_times, peaks = [], [], []
    for _ in range(args.repeat):
        peaks.append(matrix_peak(args.device, dtype))
        seconds, got = timed(lambda: ours._loglikelihood_tokens(asked))
        our_times.append(seconds)
        seconds, expected = timed(lambda: stock._loglikelihood_tokens(asked, disable_tqdm=True))
        stock_times.append(seconds)
        seconds, got = timed(lambda: ours._loglikelihood_tokens(asked))
        our_times.append(seconds)
    peak = max(peaks)
    ratio = statistics.median(stock_times) / statistics.median(our_times)
    return {
        "model": name,
        "shape": shape,
        "requests": len(asked),
        "stock_batch": size,
        "stock_seconds": [round(t, 3) for t in stock_times],
        "jeval_seconds": [round(t, 3) for t in our_times],
        "speedup": round(ratio, 2),
        "tokens_without_sharing": fed,
        "unique_tokens": unique,
        "logit_rows": rows,
        "peak_gflops": round(peak / 1e9, 1),
        "over_roofline": round(statistics.median(our_times) / (linear / peak), 2),
        "over_roofline_with_attention": round(statistics.median(our_times) / (whole / peak), 2),
        "stock_over_roofline": round(statistics.median(stock_times) / (linear / peak), 2),
        "largest_difference": max(abs(a[0] - b[0]) for a, b in zip(expected, got, strict=True)),
        "flags_equal": all(a[1] == b[1] for a, b in zip(expected, got, strict=True)),
        "stages": ours.cost.seconds,
    }


def generation(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Greedy answers of 64 tokens to 64 prompts of ~270 tokens that share 120; no stop string ever appears."""
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    from jeval.models.hf import JevalHF

    vocabulary = MODELS[name]["vocab_size"]
    model, encoder = build(name, args.device, getattr(torch, args.dtype)), tokenizer(vocabulary)
    model.generation_config.eos_token_id = None
    chooser = random.Random(0)

    def words(count: int) -> str:
        return " ".join(f"w{chooser.randrange(10, vocabulary)}" for _ in range(count))

    head, kwargs = words(120), {"until": ["\n"], "max_gen_toks": 64, "do_sample": False}
    prompts = [f"{head} {words(round(chooser.gauss(150, 35)))}" for _ in range(max(4, round(64 * args.items)))]
    asked = [Instance("generate_until", {}, (prompt, dict(kwargs)), i) for i, prompt in enumerate(prompts)]

    def stock_of(size: int) -> Any:
        return HFLM(pretrained=model, tokenizer=encoder, softmax_dtype="float32", batch_size=size)

    ours = JevalHF(pretrained=model, tokenizer=encoder, token_budget=args.token_budget)
    assert ours.reason == "", ours.reason
    # Batches of one are never the fastest here.
    sizes = [args.batch] if args.batch else [8, 16, 32, 64]
    stock_times: dict[int, list[float]] = {size: [] for size in sizes}
    our_times: list[float] = []
    equal = 1.0
    for _ in range(args.repeat):
        for size in sizes:
            seconds, got = timed(lambda: ours.generate_until(asked))
            our_times.append(seconds)
            seconds, expected = timed(lambda: stock_of(size).generate_until(asked, disable_tqdm=True))  # noqa: B023
            stock_times[size].append(seconds)
            equal = min(equal, statistics.mean(a == b for a, b in zip(expected, got, strict=True)))
    best = min(sizes, key=lambda size: statistics.median(stock_times[size]))
    return {
        "model": name,
        "shape": "generation",
        "requests": len(asked),
        "stock_batch": best,
        "stock_seconds": {size: [round(t, 3) for t in times] for size, times in stock_times.items()},
        "jeval_seconds": [round(t, 3) for t in our_times],
        "speedup": round(statistics.median(stock_times[best]) / statistics.median(our_times), 2),
        "texts_equal": equal,
        "stages": ours.cost.seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["12M"], choices=list(MODELS))
    parser.add_argument("--shapes", nargs="+", default=[*SHAPES, "generation"], choices=[*SHAPES, "generation"])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--items", type=float, default=1.0, help="fraction of the items; 1 is the full size")
    parser.add_argument("--threads", type=int, default=0, help="torch threads; 0 leaves torch's choice")
    parser.add_argument("--batch", type=int, default=0, help="stock batch size instead of the best")
    parser.add_argument("--token-budget", type=int, default=None)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    args = parser.parse_args()

    import torch

    if args.threads:
        torch.set_num_threads(args.threads)
    results = []
    for name in args.models:
        for shape in args.shapes:
            results.append(generation(name, args) if shape == "generation" else measure(name, shape, args))
            print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    machine = {
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    print(json.dumps(machine | {"device": args.device, "dtype": args.dtype, "results": results}))


if __name__ == "__main__":
    main()
