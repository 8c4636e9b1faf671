"""The commands by which jeval, and stock lm-eval, give the numbers of a run, and what stock cannot give, in words.

Stock applies a chat template to all tasks of a command or to none, takes one folder of tasks and one limit, and loads what its
arguments name; so a run may take several commands. Where stock would ask the model something else, no command is printed for
those tasks and a sentence says why: a command that gives other numbers is worse than none.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jeval.output import quoted
from jeval.pipeline import domains
from jeval.record.schema import RunRecord, Stock

_PACK = '''"$(python -c 'from jeval.resources import tasks_path; print(tasks_path())')"'''
#: Options of jeval's own engine, which change no number.
_OWN = {"token_budget"}
#: Options of jeval's client that stock's lacks.
_CLIENT = {"extra_body"}
_UNRECORDED = "(not recorded)"
_UNLIMITED = 1 << 30
#: Values that stock reads as they stand in ``key=value``; any other goes as JSON.
_PLAIN = re.compile(r"/[\w./+@:-]*|https?://[\w./:-]+|[A-Za-z_][\w.@-]*")
_WORDS = {"true", "false", "none", "nan", "inf", "infinity"}


@dataclass(frozen=True)
class Reproduction:
    """Commands of a POSIX shell; ``notes`` are keys of the report's string table."""

    commands: list[str]
    notes: list[str]


def reproduction(record: RunRecord) -> Reproduction:
    """How stock lm-eval gives the scores of a run."""
    told = {note.key for note in record.notes}
    stock = record.stock or Stock(
        base=None, tokenizer=None, resized=False, folders={"": list(record.settings.tasks)}, plain=[], metadata={},
        batch_size=None, add_bos_token=None, trust_remote_code=False,
    )  # fmt: skip
    notes = list(_notes(record, stock, told))
    if record.stock is None and record.model.kind == "lora":
        return Reproduction([], ["reproduce_old"])
    barred = {"note_thinking_closed", "note_template_parts"} & told
    commands = [
        _command(record, stock, told, folder, names, templated=templated, limit=limit)
        for folder, here in stock.folders.items()
        for templated, limit, names in _groups(record, stock, here)
        if not (templated and barred)
    ]
    return Reproduction(commands, ["reproduce_run" if commands else "reproduce_nothing", *notes])


def own_command(record: RunRecord) -> str:
    """The command of jeval itself that gives the scores of a run, "" where none does (models of a notebook, settings of a demonstration).

    Left out are secrets, which are not recorded, and options that change no number (threads, the cache). Files of the user's and
    folders of tasks are named as the record has them.
    """
    settings, model, stock = record.settings, record.model, record.stock
    args = {key: value for key, value in settings.model_args.items() if value != _UNRECORDED}
    if model.kind == "live" or settings.whole or any("," in part for pair in args.items() for part in pair):
        return ""
    files = domains.file_tasks() if stock else {}
    given = {option: path for option, path in (stock.metadata if stock else {}).items() if option in files}
    added = {name for option in given for name in files[option].tasks}
    tasks = [name for name in settings.tasks if name not in added]
    options: dict[str, object] = {
        "--model": model.path,
        "--tasks": ",".join(tasks),  # which say of which suite they are
        "--limit": settings.limit,
        "--num-fewshot": settings.num_fewshot,
        "--backend": None if settings.backend == "jeval-hf" else settings.backend,
        "--model-args": ",".join(f"{key}={value}" for key, value in args.items()) or None,
        "--batch-size": stock.batch_size if stock and model.backend != "jeval-hf" else None,
        "--device": None if model.kind == "remote" else model.device,
        "--dtype": settings.dtype,
        "--tokenizer": settings.tokenizer,
        "--seed": settings.seed or None,
        "--as-of": settings.as_of or "all",
        **{f"--{option}": path for option, path in given.items()},
    }
    words = [word for flag, value in options.items() if value is not None for word in (flag, value)]
    words += [] if settings.chat_template else ["--no-chat-template"]
    words += ["--trust-remote-code"] if stock and stock.trust_remote_code else []
    for flag, values in (
        ("--business", settings.business or ()),
        ("--include-path", [folder for folder in (stock.folders if stock else ()) if folder]),
        ("--trust-pack", record.foreign_packs),
    ):
        words += [word for value in values for word in (flag, value)]
    return quoted("jeval", "run", *words)


def _groups(record: RunRecord, stock: Stock, tasks: Sequence[str]) -> Iterator[tuple[bool, int | None, list[str]]]:
    """Tasks that one command can take: all with a chat template or none, all with one limit. Those without a score are left out:
    stock would stop at them, or score what jeval found no test.
    """
    settings = record.settings
    wanted = [name for name in tasks if record.stock is None or _scored(record, name)]
    for templated in (True, False):
        for limit in dict.fromkeys((settings.limit, None)):
            names = [
                name
                for name in wanted
                if (record.model.chat_template and name not in stock.plain) is templated
                and (None if name in settings.whole else settings.limit) == limit
            ]
            if names:
                yield templated, limit, names


def _scored(record: RunRecord, name: str) -> bool:
    return name in record.tasks and record.tasks[name].score is not None


def _command(
    record: RunRecord,
    stock: Stock,
    told: set[str],
    folder: str,
    names: list[str],
    *,
    templated: bool,
    limit: int | None,
) -> str:
    model, local = record.model, record.model.kind != "remote"
    words = ["lm_eval", "run", "--model", "hf" if local else model.backend]
    words += [
        "--model_args",
        written(_local(record, stock, told, templated=templated) if local else _remote(record, stock)),
    ]
    if templated:
        words.append("--apply_chat_template")
    if local:
        words += ["--device", model.device]
    if local and stock.batch_size and model.backend != "jeval-hf":
        words += ["--batch_size", stock.batch_size]
    if stock.trust_remote_code:
        words.append("--trust_remote_code")
    if limit is not None:
        words += ["--limit", str(limit)]
    if record.settings.num_fewshot is not None:
        words += ["--num_fewshot", str(record.settings.num_fewshot)]
    if stock.metadata and not folder:
        words += ["--metadata", json.dumps(stock.metadata, ensure_ascii=not _visible(stock.metadata))]
    everything = set(names) == {one for here in stock.folders.values() for one in here}
    tasks = ",".join(record.settings.tasks if everything else names)
    where = quoted(folder) if folder else _PACK
    return f"HF_HUB_OFFLINE=1 {quoted(*words)} --include_path {where} --tasks {quoted(tasks)}"


def _local(record: RunRecord, stock: Stock, told: set[str], *, templated: bool) -> dict[str, Any]:
    """Arguments of stock's Hugging Face class."""
    model = record.model
    path = model.path or "MODEL"
    if model.kind == "gguf":
        args: dict[str, Any] = {"pretrained": str(Path(path).parent), "gguf_file": Path(path).name}
    else:
        args = {"pretrained": stock.base or path}
    if model.kind == "lora":
        args["peft"] = path
    if stock.tokenizer:
        args["tokenizer"] = stock.tokenizer
    args["dtype"] = model.dtype
    if model.dtype != "float32":  # of which log-softmax is computed in float32 anyway
        args["softmax_dtype"] = "float64" if model.dtype == "float64" else "float32"
    given = {key: _value(value) for key, value in record.settings.model_args.items() if key not in _OWN}
    if not templated:  # with it stock refuses log-likelihoods of plain texts too
        given = {key: value for key, value in given.items() if key != "enable_thinking"}
    elif "note_thinking_off" in told:
        given["enable_thinking"] = False
    return args | given


def _remote(record: RunRecord, stock: Stock) -> dict[str, Any]:
    """Arguments of the class that reached the model."""
    model = record.model
    args = {
        key: _value(value)
        for key, value in record.settings.model_args.items()
        if key not in _CLIENT and value != _UNRECORDED
    }
    if model.path and not {"pretrained", "model"} & set(args):
        args["pretrained"] = model.path
    if record.settings.tokenizer:
        args["tokenizer"] = record.settings.tokenizer
    if model.served is not None:
        args.setdefault("model", model.served.model)
        args["max_length"] = model.served.window or _UNLIMITED
        if stock.add_bos_token and args.get("tokenizer"):
            args["add_bos_token"] = True
    return args


def _value(text: str) -> Any:
    """An option as it was before the record made it text."""
    try:
        value = ast.literal_eval(text)
        json.dumps(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return text
    return value


def written(args: dict[str, Any]) -> str:
    """``--model_args``: ``key=value,…`` where stock reads every value as it stands, else JSON."""
    if all(_plain(value) for value in args.values()):
        return ",".join(f"{key}={value}" for key, value in args.items())
    return json.dumps(args, ensure_ascii=not _visible(args))


def _plain(value: Any) -> bool:
    if isinstance(value, (bool, int)):
        return True
    return isinstance(value, str) and bool(_PLAIN.fullmatch(value)) and value.lower() not in _WORDS


def _visible(value: Any) -> bool:
    """Whether nothing in ``value`` breaks a line or turns the direction of writing."""
    return json.dumps(value, ensure_ascii=False).isprintable()


def _notes(record: RunRecord, stock: Stock, told: set[str]) -> Iterator[str]:
    model = record.model
    if model.kind == "remote":
        yield "reproduce_remote"
        if _UNRECORDED in record.settings.model_args.values():
            yield "reproduce_unrecorded"
        if _CLIENT & set(record.settings.model_args):
            yield "reproduce_client"
    if "note_thinking_closed" in told:
        yield "reproduce_closed"
    if "note_template_parts" in told:
        yield "reproduce_parts"
    if {"note_thoughts", "note_thinking_on"} & told:
        yield "reproduce_thoughts"
    if model.dtype in {"bfloat16", "float16"}:
        yield "reproduce_half"
    if stock.resized:
        yield "reproduce_resized"
    if model.kind == "gguf":
        yield "reproduce_gguf"
    if record.left_out or any(task.not_scored and task.score is not None for task in record.tasks.values()):
        yield "reproduce_part"
