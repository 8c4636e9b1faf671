"""Models that are served: lm-eval's classes for completion servers, started and asked so that a fault is said, not scored.

The payloads are lm-eval's own, so that stock lm-eval asks the server the same. What differs is the road
(:mod:`jeval.models.served.asked`): each answer is checked (:mod:`jeval.models.served.echo`), the server is tried before anything is scored
(:mod:`jeval.models.served.probe`), requests are retried a few times and fail in one line (:mod:`jeval.models.served.wire`), and answers
are kept as they come.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, Literal

import lm_eval.models
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import get_model
from lm_eval.models.api_models import TemplateAPI
from lm_eval.models.openai_completions import LocalChatCompletion

from jeval import offline
from jeval.errors import InputError, JevalError, ModelError
from jeval.models.delegate import Delegate
from jeval.models.identity import tokenizer_digest
from jeval.models.served.asked import Asked
from jeval.models.served.wire import RESUME, Wire, check_url, shown
from jeval.record.schema import Served
from jeval.suggest import near

Template = Literal["server", "tokenizer", "none"]
_INSTALL = 'pip install "jeval[server]"'
_PACKAGES = ("requests", "aiohttp", "tenacity", "tqdm")
_UNLIMITED = 1 << 30
_SHIFTED = {"gguf", "ggml"}
_SECRET = {"header", "auth_token"}


def load_other(
    backend: str,
    model_args: Mapping[str, Any],
    *,
    batch_size: str | None = None,
    device: str | None = None,
    tokenizer: str | Path | None = None,
    likelihoods: bool = True,
    chat_template: bool = True,
) -> LM:
    """Any lm-eval model that jeval does not load itself, by name (``local-completions``, ``local-chat-completions``, ``vllm`` …).

    A server is asked once or twice before this returns.

    Args:
        batch_size: prompts in one request; by default 1 for servers, since not every server takes lists.
        tokenizer: folder of the served model's tokenizer; ``tokenizer`` in ``model_args`` is the same.
        likelihoods: whether log-likelihoods will be asked for, which need the tokenizer and a server that gives them.
        chat_template: whether the tokenizer's chat template is applied to what a completion server is sent.

    Raises:
        InputError: unknown name, missing package, arguments that the class does not take, a request that the server refuses.
        ModelError: the server cannot be reached, fails, or does not give the log-probabilities of the prompt.
    """
    logging.getLogger("lm_eval").setLevel(logging.CRITICAL)
    cls = _find(backend)
    if backend in _SHIFTED and likelihoods:
        raise InputError(
            f"backend {backend} asks llama-cpp-python, whose log-probabilities of a prompt are moved by a place; "
            "score the file itself with --model FILE.gguf"
        )
    if issubclass(cls, TemplateAPI) and cls.model_call is TemplateAPI.model_call:  # asks over HTTP itself
        return _serve(backend, cls, dict(model_args), batch_size, tokenizer, likelihoods, chat_template)
    additional = {"batch_size": batch_size or "8", "device": device}
    given = dict(model_args) | ({"tokenizer": str(tokenizer)} if tokenizer else {})
    try:
        return Other(backend, cls.create_from_arg_obj(given, additional))
    except JevalError:
        raise
    except Exception as err:  # whatever the class or the library behind it raises
        raise InputError(f"backend {backend!r} cannot start: {shown(err, 300)}; check --model-args") from err


def _find(backend: str) -> type[LM]:
    known = sorted(lm_eval.models.MODEL_MAPPING)
    try:
        found: type[LM] = get_model(backend)
    except ModuleNotFoundError as err:
        raise InputError(f"backend {backend!r} needs the package {err.name}; pip install {err.name}") from err
    except (KeyError, ValueError, ImportError, AttributeError) as err:
        if backend in known:
            raise InputError(f"backend {backend!r} cannot be loaded here: {shown(err, 300)}") from err
        raise InputError(f"unknown backend {backend!r}; {near(backend, known)}") from err
    return found


def recorded_args(model_args: Mapping[str, Any]) -> dict[str, str]:
    """Arguments as the record may hold them: without keys and passwords."""
    return {
        key: "(not recorded)" if key in _SECRET else shown(value, 2000) if key == "base_url" else str(value)
        for key, value in sorted(model_args.items())
    }


def refusal(lm: LM, output_type: str, *, templated: bool) -> str | None:
    """Why ``lm`` cannot be given a task, a sentence of the report; ``None`` if it can.

    Args:
        output_type: of the task, as lm-eval calls it.
        templated: whether the task's texts are turns of a conversation; else they are to be continued as they stand.
    """
    if applied_template(lm) != "server":
        return None
    if output_type != "generate_until":
        return "a chat endpoint gives no log-probabilities of a given text"
    return None if templated else "a chat endpoint puts every text into its own template"


def applied_template(lm: LM) -> Template:
    """Whose chat template is applied to what ``lm`` is sent: the server's own, the tokenizer's or none."""
    if isinstance(lm, Asked):
        return lm.served.chat_template
    if isinstance(lm, Other):
        return lm.applied
    return "none"


class Other(Delegate):
    """A model of a class that jeval does not know; what it raises becomes one line."""

    def __init__(self, backend: str, inner: LM) -> None:
        super().__init__(inner)
        self.backend_name = backend
        owner = getattr(inner, "tokenizer", None)
        own: Template = "tokenizer" if getattr(owner, "chat_template", None) is not None else "none"
        self.applied: Template = "server" if "chat" in backend or backend == "litellm" else own

    def _ask(self, kind: str, requests: list[Instance]) -> list[Any]:
        try:
            answers: list[Any] = getattr(self.inner, kind)(requests, disable_tqdm=True)
        except (JevalError, offline.OutboundRefusedError):
            raise
        except Exception as err:  # whatever the library behind it raises
            raise ModelError(f"backend {self.backend_name!r} failed: {shown(err, 300)}; {RESUME}") from err
        if any(answer is None for answer in answers):
            raise ModelError(f"backend {self.backend_name!r} gave no answer to a request; look at its log; {RESUME}")
        if kind == "loglikelihood":
            _check_values(self.backend_name, [float(answer[0]) for answer in answers])
        return answers

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        return self._ask("loglikelihood", requests)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        return self._ask("loglikelihood_rolling", requests)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        return self._ask("generate_until", requests)


def _check_values(backend: str, values: list[float]) -> None:
    """What no model gives: NaN, a positive value, one value for every text."""
    wrong = [value for value in values if math.isnan(value) or value > 1e-4]
    if wrong or (len(values) > 3 and len(set(values)) == 1):
        raise ModelError(
            f"backend {backend!r} gives no log-likelihoods: {(wrong or values)[0]:g} for "
            f"{'a text' if wrong else f'each of {len(values)} texts'}; score the weights with --model PATH"
        )


def _serve(
    backend: str,
    cls: type[TemplateAPI],
    args: dict[str, Any],
    batch_size: str | None,
    tokenizer: str | Path | None,
    likelihoods: bool,
    chat_template: bool,
) -> LM:
    """A server's model, tried."""
    missing = [name for name in _PACKAGES if not _installed(name)]
    if missing:
        raise InputError(f"backend {backend} needs the package {', '.join(missing)}: {_INSTALL}")
    extra = args.pop("extra_body", None) or {}
    if not isinstance(extra, dict):
        raise InputError(f"--model-args extra_body={shown(extra)}: expected a JSON object")
    _check_args(cls, args)
    chat = issubclass(cls, LocalChatCompletion) or "chat" in backend
    url = check_url(args.get("base_url") or _default(cls, "base_url"))
    if chat is not url.rstrip("/").endswith("/chat/completions") and cls.__module__.endswith("openai_completions"):
        wanted = "/v1/chat/completions" if chat else "/v1/completions"
        raise InputError(f"base_url={shown(url)}: backend {backend} needs the endpoint …{wanted}")
    _tokenizer_args(args, tokenizer, chat, likelihoods)
    wire = _wire(url, args)
    offered = _offered(wire)
    wire.offers = tuple(str(one["id"]) for one in offered if "id" in one)
    args["model"] = args.get("model") or args.pop("pretrained", None) or _only(offered, wire.host)
    entry = next((one for one in offered if one.get("id") == args["model"]), {})
    window = _window(args, entry)
    args["max_length"] = _UNLIMITED if window is None else window
    lm = _start(backend, cls, args, 1 if chat else _size(batch_size))
    lm.wire, lm.extra_body, lm.window, lm.chat = wire, extra, window, chat
    wire.headers = _headers(lm)
    template: Template = "server" if chat else "tokenizer" if chat_template and _has_template(lm) else "none"
    told = lm.try_out(likelihoods=likelihoods and not chat)
    lm.served = Served(
        base_url=shown(url),
        model=str(args["model"]),
        offered={key: shown(value) for key, value in sorted(entry.items())},
        fingerprint=told,
        tokenizer=tokenizer_digest(Path(args["tokenizer"])) if args.get("tokenizer") else None,
        window=window,
        chat_template=template,
    )
    return lm


def _installed(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def _check_args(cls: type, args: Mapping[str, Any]) -> None:
    """lm-eval's classes take any keyword and drop what they do not know; a mistyped option must not vanish."""
    known = {name for one in cls.__mro__ if one is not object for name in signature(one).parameters}
    for name in args:
        if name == "batch_size":
            raise InputError("--model-args batch_size: use --batch-size")
        if name not in known - {"kwargs", "args", "self"}:
            raise InputError(f"--model-args {name}: not an option of this backend; {near(name, known)}")


def _default(cls: type, name: str) -> Any:
    found = signature(cls).parameters.get(name)
    return None if found is None or found.default is found.empty else found.default


def _size(given: str | None) -> int:
    """Prompts in one request: 1 unless asked, since not every server takes lists."""
    if given is None or str(given).startswith("auto"):
        return 1
    if not str(given).isdigit() or int(given) < 1:
        raise InputError(f"--batch-size {given!r}: expected a whole number of at least 1")
    return int(given)


def _tokenizer_args(args: dict[str, Any], tokenizer: str | Path | None, chat: bool, likelihoods: bool) -> None:
    """Settle where tokens are counted: by files on disk, or not at all. Nothing is looked up elsewhere."""
    given = str(tokenizer) if tokenizer else args.get("tokenizer")
    if tokenizer and args.get("tokenizer") not in {None, given}:
        raise InputError(f"--tokenizer {given} and --model-args tokenizer={args['tokenizer']} differ; give one")
    if chat:  # the server counts
        args.update(tokenizer=None, tokenizer_backend=None, tokenized_requests=False)
        return
    kind = args.pop("tokenizer_backend", "huggingface")
    ask = "give the served model's tokenizer with --model-args tokenizer=PATH (a folder with tokenizer.json)"
    if kind not in {"huggingface", "auto"} and (likelihoods or kind not in {None, "None", "none"}):
        raise InputError(f"--model-args tokenizer_backend={kind}: log-likelihoods are counted in tokens; {ask}")
    if not given:
        if likelihoods:
            raise InputError(f"the tokenizer is missing: log-likelihoods are counted in tokens; {ask}")
        args.update(tokenizer=None, tokenizer_backend=None, tokenized_requests=False)
        return
    _check_tokenizer(given)
    args.update(tokenizer=given, tokenizer_backend="huggingface")
    if "add_bos_token" not in args:
        args["add_bos_token"] = _adds_bos(given, bool(args.get("trust_remote_code")))


def _check_tokenizer(given: str) -> None:
    try:
        there = Path(given).exists()
    except OSError:
        there = False
    if not there:
        raise InputError(
            f"tokenizer={shown(given)}: no such folder; expected one with tokenizer.json (nothing is looked up on a hub)"
        )


def _adds_bos(path: str, trust: bool) -> bool:
    """Whether the tokenizer puts its start token before a text by itself; the served model then expects one."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=trust, local_files_only=True)
        start = tokenizer("a").input_ids[:1]
    except Exception as err:  # a folder of any content
        raise InputError(f"the tokenizer in {path} cannot be loaded: {shown(err, 300)}") from err
    return bool(tokenizer.bos_token_id is not None and start == [tokenizer.bos_token_id])


def _wire(url: str, args: Mapping[str, Any]) -> Wire:
    verify = args.get("verify_certificate", True)
    try:
        attempts, timeout = int(args.get("max_retries", 3)), float(args.get("timeout", 300))
        workers = int(args.get("num_concurrent", 1))
    except (TypeError, ValueError) as err:
        raise InputError(
            f"--model-args max_retries, timeout and num_concurrent: expected whole numbers ({err})"
        ) from err
    if attempts < 1 or timeout <= 0 or workers < 1:
        raise InputError("--model-args max_retries, timeout and num_concurrent: expected at least 1")
    return Wire(url, verify=(args.get("ca_cert_path") or True) if verify else False, timeout=timeout, attempts=attempts)


def _offered(wire: Wire) -> list[dict[str, Any]]:
    """The entries of the server's list of models, without what changes from call to call."""
    root = wire.url.rstrip("/").removesuffix("/completions").removesuffix("/chat")
    found = wire.get(f"{root}/models")
    entries = found.get("data") if found else None
    keep = ("id", "root", "parent", "owned_by", "max_model_len", "meta")
    return [
        {key: one[key] for key in keep if one.get(key) is not None}
        for one in (entries if isinstance(entries, list) else ())
        if isinstance(one, dict)
    ]


def _only(offered: Sequence[Mapping[str, Any]], host: str) -> str:
    names = [str(one["id"]) for one in offered if "id" in one]
    if len(names) == 1:
        return names[0]
    has = f"{host} offers {shown(', '.join(names))}" if names else f"{host} does not list its models"
    raise InputError(f"the model's name is missing: give --model-args model=NAME; {has}")


def _window(args: dict[str, Any], entry: Mapping[str, Any]) -> int | None:
    """Tokens that fit: as given, else as the server says, else unknown (the server then refuses what is too long)."""
    given = args.pop("max_length", None) or entry.get("max_model_len")
    if given is None:
        return None
    if not str(given).isdigit() or int(given) < 2:
        raise InputError(f"--model-args max_length={shown(given)}: expected a number of tokens")
    return int(given)


def _headers(lm: Any) -> dict[str, str]:
    """As lm-eval sends them; ``auth_token`` counts too, and no empty key is sent."""
    if lm.auth_token and not lm._header:
        return {"Authorization": f"Bearer {lm.auth_token}"}
    if not isinstance(lm.header, dict):
        raise InputError("--model-args header: expected a JSON object of names and values")
    return {str(name): str(value) for name, value in lm.header.items() if str(value) != "Bearer "}


def _start(backend: str, cls: type[TemplateAPI], args: dict[str, Any], batch_size: int) -> Any:
    made: Any = type(cls.__name__, (Asked, cls), {})
    try:
        lm = made(**args, batch_size=batch_size)
        lm.header  # noqa: B018 - a class without its key says so here
    except ModuleNotFoundError as err:
        raise InputError(f"backend {backend} needs the package {err.name}: {_INSTALL}") from err
    except Exception as err:  # whatever the class or the tokenizer raises
        raise InputError(f"backend {backend} cannot start: {shown(err, 300)}; check --model-args") from err
    return lm


def _has_template(lm: Any) -> bool:
    return getattr(lm.tokenizer, "chat_template", None) is not None
