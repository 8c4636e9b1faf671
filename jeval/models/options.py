"""``--model-args`` for models that jeval loads itself: only options that act on a loaded model are taken.

lm-eval's class takes any keyword and, given a live model, ignores every one that belongs to loading. An option that would be
accepted and do nothing is worse than an error: the record would say that it had been used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jeval.errors import InputError
from jeval.suggest import near

#: Options that act on a live model.
EFFECTIVE = frozenset(
    {
        "max_length", "truncation", "logits_cache", "mixed_precision_dtype", "max_batch_size", "add_bos_token",
        "prefix_token_id", "think_end_token", "enable_thinking", "chat_template_args", "token_budget",
    }
)  # fmt: skip
#: Options that a flag of ``jeval run`` sets, and which.
OWNED = {
    "pretrained": "--model PATH",
    "tokenizer": "--tokenizer PATH",
    "dtype": "--dtype",
    "batch_size": "--batch-size",
    "device": "--device",
    "trust_remote_code": "--trust-remote-code",
    "gguf_file": "--model FILE.gguf",
    "peft": "--model ADAPTER_FOLDER (its adapter_config.json names the base)",
    "softmax_dtype": "nothing: log-softmax is always computed in float32 (float64 for a float64 model)",
}
#: Options of loading that jeval does not have, and why or what instead.
WITHOUT_EFFECT = {
    "backend": "the kind of model is read from its configuration",
    "revision": "models are local; give the folder of the revision",
    "subfolder": "give the subfolder itself as --model",
    "use_fast_tokenizer": "the fast tokenizer is used where there is one",
    "parallelize": "a model is loaded on one device; for larger ones serve it and use --backend local-completions",
    "max_memory_per_gpu": "a model is loaded on one device",
    "max_cpu_memory": "a model is loaded on one device",
    "offload_folder": "a model is loaded on one device",
    "tp_plan": "a model is loaded on one device",
    "delta": "apply the delta first and give the merged folder",
    "autogptq": "quantised checkpoints are loaded as their configuration says",
    "gptqmodel": "quantised checkpoints are loaded as their configuration says",
}


def check_model_args(model_args: Mapping[str, Any], *, backend: str) -> None:
    """Refuse options that would have no effect.

    Raises:
        InputError: an unknown option (with near matches), one that a flag sets, or one that does nothing here.
    """
    for name in model_args:
        if name in OWNED:
            raise InputError(f"--model-args {name}: set by another flag; use {OWNED[name]}")
        if name in WITHOUT_EFFECT:
            raise InputError(f"--model-args {name}: has no effect here: {WITHOUT_EFFECT[name]}")
        if name not in EFFECTIVE:
            raise InputError(f"--model-args {name}: not an option of this backend; {near(name, EFFECTIVE)}")
    if "token_budget" in model_args and backend != "jeval-hf":
        raise InputError(
            f"--model-args token_budget: has no effect with backend {backend}; it is an option of jeval-hf"
        )
    if model_args.get("enable_thinking") and not model_args.get("think_end_token"):
        raise InputError(
            "--model-args enable_thinking=True: give think_end_token too (like think_end_token=</think>), so that thoughts "
            "can be told from answers"
        )
