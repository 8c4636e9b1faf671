"""The command line: one Typer command per verb; each calls one function and prints.

Data goes to standard output, messages and progress to standard error. Nothing heavy is imported before a verb runs.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from jeval import confine, limits, offline, output
from jeval.bank.command import bank_app, items_app
from jeval.errors import InputError, JevalError, ModelError
from jeval.fault import write_log
from jeval.keigo.command import keigo
from jeval.leak.command import canary_app
from jeval.models.backends import LOCAL, SERVED
from jeval.policy.command import Junit, Sarif, check_outputs, policy_app, summary, write_outputs
from jeval.version import __version__

if TYPE_CHECKING:
    from jeval.record.schema import RunRecord

app = typer.Typer(
    help="日本語言語モデルの社内評価: 敬語・金融規制・情報漏えい。Evaluate Japanese language models offline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("keigo")(keigo)
app.add_typer(items_app, name="items", help="Check items against the statutes; generate fresh private items.")
app.add_typer(canary_app, name="canary", help="Make canaries to plant in training data.")
app.add_typer(policy_app, name="policy", help="Judge a finished run by a policy; list and show policies.")
app.add_typer(bank_app, name="bank", help="Lint, measure, read and build items, rules and labels (for maintainers).")

# What the system refuses because a path is wrong, and because there is no room.
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable object to standard output.")]
Lang = Annotated[str, typer.Option(help="Language of the report: ja or en.")]
NumFewshot = Annotated[
    int | None, typer.Option(metavar="N", help="Solved examples before each item of tasks that have some.")
]
Dtype = Annotated[
    str | None, typer.Option(help="float32 (default), bfloat16, float16, float64, or auto: the checkpoint's own.")
]
TrustPack = Annotated[
    list[str] | None, typer.Option(help="NAME of a folder of --include-path whose code may run (repeatable).")
]
AsOf = Annotated[str | None, typer.Option(help="YYYY-MM-DD, today by default: only items in force then; or all.")]
Business = Annotated[
    list[str] | None,
    typer.Option(help="Ask only items that bind: bank, securities, insurance, lender, payments (repeatable)."),
]
Snapshot = Annotated[
    bool, typer.Option(help="Score a private copy (or link) of the model's files; --no-snapshot: where they lie.")
]

ModelKey = Annotated[
    Path | None, typer.Option(metavar="PUB", help="Public key that must have signed the model (model.sig).")
]
ModelSigner = Annotated[
    tuple[str, str, Path] | None,
    typer.Option(metavar="NAME ISSUER ROOT", help="Who must have signed it without a key; file of the trusted root."),
]
AllowWrite = Annotated[list[Path] | None, typer.Option(help="Folder that code of others may write too (repeatable).")]
SignKey = Annotated[
    Path | None, typer.Option(metavar="KEY", help="Sign the run with a key of `jeval verify --new-key`.")
]


def _version(asked: bool) -> None:
    if asked:
        output.say(f"jeval {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command(context_settings={"allow_extra_args": True})
def run(
    context: typer.Context,
    model: Annotated[str | None, typer.Option(help="Hugging Face folder, LoRA adapter folder, or .gguf file.")] = None,
    tasks: Annotated[str | None, typer.Option(help="Task or group names, comma-separated; default: the suite.")] = None,
    suite: Annotated[str, typer.Option(help="audit, search or both.")] = "audit",
    limit: Annotated[str | None, typer.Option(metavar="N", help="At most this many items of each task.")] = None,
    num_fewshot: NumFewshot = None,
    batch_size: Annotated[str | None, typer.Option(help="Of backends that batch; default: 8, 1 for servers.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; default: what is there.")] = None,
    dtype: Dtype = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; default: the cores that others leave free.")] = None,
    tokenizer: Annotated[Path | None, typer.Option(help="Folder of another tokenizer than the model's own.")] = None,
    chat_template: Annotated[bool, typer.Option(help="Use the tokenizer's chat template, if it has one.")] = True,
    backend: Annotated[str, typer.Option(help="jeval-hf, or any lm-eval model name (hf, vllm …).")] = "jeval-hf",
    model_args: Annotated[str, typer.Option(help="key=value,… for the backend.")] = "",
    out: Annotated[Path | None, typer.Option(help="Run folder; default: reports/<model>-<digest>.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every random generator.")] = 0,
    lang: Lang = "ja",
    include_path: Annotated[list[Path] | None, typer.Option(help="Further folder of task YAML (repeatable).")] = None,
    trust_pack: TrustPack = None,
    canaries: Annotated[Path | None, typer.Option(help="Canary file of `jeval canary make`.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="Your own documents, to test for verbatim recall.")] = None,
    as_of: AsOf = None,
    business: Business = None,
    token_budget: Annotated[int | None, typer.Option(help="Tokens held at once; default: from free memory.")] = None,
    trust_remote_code: Annotated[bool, typer.Option(help="Run Python code that comes with the model.")] = False,
    allow_pickle: Annotated[bool, typer.Option(help="Read pickle weights, which can run code.")] = False,
    allow_host: Annotated[list[str] | None, typer.Option(help="Host that may be reached (repeatable).")] = None,
    allow_write: AllowWrite = None,
    reveal: Annotated[str | None, typer.Option(help="NAME of who asks to keep personal data unmasked.")] = None,
    snapshot: Snapshot = True,
    fresh: Annotated[bool, typer.Option(help="Compute every answer anew, whatever the answer cache holds.")] = False,
    recheck: Annotated[float, typer.Option(help="Share of the cached answers that is computed again (0 to 1).")] = 0.02,
    policy: Annotated[str | None, typer.Option(help="YAML file, or a name of `jeval policy list`.")] = None,
    junit: Junit = None,
    sarif: Sarif = None,
    model_key: ModelKey = None,
    model_signer: ModelSigner = None,
    sign: SignKey = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model and write its audit report."""
    _check_extra(context.args, model)
    _check_paths(model, out, model_key, sign, *(include_path or []))
    _check_policy(policy, junit, sarif, lang)
    _prepare_libraries()
    given_args = _key_values(model_args)
    kept = (out, model, _written(allow_write, junit, sarif)) if include_path or trust_remote_code else None
    _seal(backend, allow_host or [], given_args.get("base_url"), kept)
    from jeval.audit import run as audit

    record, folder = audit.run(model, audit.RunOptions(
        tasks=[name.strip() for name in tasks.split(",") if name.strip()] if tasks else None,
        limit=_items(limit), num_fewshot=num_fewshot, model_args=given_args, as_of=_day(as_of, out), business=business or [], trust_packs=trust_pack or [],
        canaries=_existing(canaries, "--canaries"), corpus=_existing(corpus, "--corpus"), policy=policy, suite=suite, batch_size=batch_size, device=device, dtype=dtype, threads=threads, tokenizer=tokenizer, chat_template=chat_template,
        backend=backend, out=out, seed=seed, lang=lang, include=include_path or [], token_budget=token_budget, reveal=reveal, sign=sign, trust_remote_code=trust_remote_code,
        allow_pickle=allow_pickle, allow_hosts=allow_host or [], model_key=model_key, snapshot=snapshot, fresh=fresh, recheck=recheck, model_signer=model_signer,
    ))  # fmt: skip
    _show(record, folder, as_json)
    _gate(record, junit, sarif)


def _written(allowed: list[Path] | None, *files: Path | None) -> list[Path]:
    """Folders that are written besides the run's: those that were allowed, and those of files that were asked for."""
    return [*(allowed or []), *(file.absolute().parent for file in files if file is not None)]


def _gate(record: RunRecord, junit: Path | None, sarif: Path | None) -> None:
    """What a release pipeline sees of the policy: its files, and exit code 1 where the run does not pass."""
    if record.verdict is not None:
        write_outputs(record.verdict, record, junit, sarif)
        if record.verdict.outcome != "passed":
            raise typer.Exit(1)


def _show(record: RunRecord, folder: Path, as_json: bool) -> None:
    if as_json:
        output.say(output.json_text(run_summary(record, folder)))
        return
    _print_table(record)
    if record.verdict is not None:
        from jeval.policy.words import verdict_lines

        output.say(*verdict_lines(record.verdict, record))
    output.say(f"report: {folder / 'report.html'}")


def run_summary(record: RunRecord, folder: Path) -> dict[str, Any]:
    """The object that ``run --json`` prints. ``verdict`` is null where no policy was applied."""
    return {
        "run": str(folder),
        "verdict": summary(record.verdict) if record.verdict else None,
        "domains": {
            name: {"score": d.score, "interval": list(d.interval) if d.interval else None, "n": d.n}
            for name, d in record.domains.items()
        },
        "tasks": {
            name: {
                "score": t.score,
                "interval": list(t.interval) if t.interval else None,
                "n": t.n,
                "chance": t.chance,
                "not_scored": t.not_scored if t.score is not None else t.reason,
            }
            for name, t in record.tasks.items()
        },
    }


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders; several make a comparison.")],
    out: Annotated[Path | None, typer.Option(help="HTML file; default: report.html in the (first) folder.")] = None,
    lang: Lang = "ja",
    pdf: Annotated[bool, typer.Option("--pdf", help="Write a PDF beside it too (jeval[pdf]).")] = False,
    model_card: Annotated[
        Path | None, typer.Option(help="Also write the scores as a model card's model-index.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the HTML report of one run, or one that compares several."""
    _check_lang(lang)
    _check_paths(*runs, out, model_card)
    from jeval.record.store import outside_runs
    from jeval.report.page import write_report

    outside_runs(model_card)
    made = {}
    if model_card is not None:
        from jeval.report.card import write_card

        made["model_card"] = str(write_card(runs, model_card, lang))
    target = write_report(runs, out, lang)
    made = {"report": str(target), **made}
    if pdf:
        from jeval.report.pdf import write_pdf

        folder = runs[0].absolute()  # which holds what was run, and its page; anything else lies beside it
        beside = target.with_suffix(".pdf") if out else folder.with_name(f"{folder.name}.pdf")
        made["pdf"] = str(write_pdf(target, beside))
    output.say(output.json_text(made)) if as_json else output.say(*(f"{name}: {path}" for name, path in made.items()))


@app.command()
def history(
    folder: Annotated[Path, typer.Argument(help="A folder with run folders below it.")],
    out: Annotated[Path | None, typer.Option(help="HTML file; default: history.html in the folder.")] = None,
    lang: Lang = "ja",
    as_json: Json = False,
) -> None:
    """All runs below a folder over time: scores with intervals, verdicts, weights."""
    _check_lang(lang)
    _check_paths(folder, out)
    from jeval.report.history import write_history

    target, found = write_history(folder, out, lang)
    if as_json:
        runs = [
            {"finished": one.record.timing.finished, **run_summary(one.record, folder / one.folder)}
            for one in found.runs
        ]
        output.say(output.json_text({"history": str(target), "runs": runs, "unread": found.unread}))
        return
    for one in found.runs:
        verdict = one.record.verdict.outcome if one.record.verdict else "no verdict"
        scores = (
            f"{name} {card.result.score:.3f}"
            for name, card in one.cards.items()
            if card.complete and card.result.score is not None
        )
        output.say(f"{one.record.timing.finished}  {one.folder}: {verdict}{''.join(f', {score}' for score in scores)}")
    for name, why in found.unread.items():
        output.say(f"not read: {name}: {why}")
    output.say(f"history: {target}")


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run folders; the first is the reference.")],
    out: Annotated[Path | None, typer.Option(help="Also write the comparison as an HTML report.")] = None,
    lang: Lang = "ja",
    as_json: Json = False,
) -> None:
    """Compare runs item by item: paired difference with its 95 % interval."""
    _check_lang(lang)
    _check_paths(*runs, out)
    from jeval.record.compare import compare_runs

    found = compare_runs(runs)
    if out is not None:
        from jeval.report.page import write_report

        write_report(runs, out, lang)
    if as_json:
        output.say(output.json_text(found.model_dump()))
        return
    for row in found.comparisons:
        low, high = row.interval
        p = f"p {row.p:.4f}" if row.p_holm is None else f"p {row.p:.4f}, Holm {row.p_holm:.4f}"
        output.say(
            f"{row.task}: {row.run} - {row.reference} = {row.difference:+.3f} [{low:+.3f}, {high:+.3f}] "
            f"(n = {row.n} of {row.of} in {row.clusters} clusters, {p})"
        )
    for one in found.not_compared:
        output.say(f"not compared: {one.task}: {one.run}: {one.reason}")


@app.command()
def verify(
    folder: Annotated[Path | None, typer.Argument(help="A run folder.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "--weights", help="Also check that this is the model that was evaluated.")
    ] = None,
    verify_key: Annotated[
        list[Path] | None, typer.Option(metavar="PUB", help="Public key that must have signed (repeatable).")
    ] = None,
    sign: SignKey = None,
    new_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Make a key: FILE and FILE.pub.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Protect the new key by a password.")] = False,
    replay: Annotated[int | None, typer.Option(metavar="N", help="Score N random items on --model again.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the items that --replay draws; default: unforeseeable.")] = None,
    single: Annotated[str | None, typer.Option(metavar="TASK/ITEM", help="Print the proof of one item.")] = None,
    proof: Annotated[Path | None, typer.Option(metavar="FILE", help="Check a proof that --single printed.")] = None,
    bom: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a CycloneDX ML-BOM of the run.")] = None,
    as_json: Json = False,
) -> None:
    """Check that a run folder is whole, agrees with itself and is as it was signed (exit code 4 when not); scores are computed again."""
    _check_paths(folder, model, sign, new_key, proof, bom, *(verify_key or []))
    _prepare_libraries()
    if replay is not None:
        _seal()
    from jeval.audit.command import Wanted
    from jeval.audit.command import verify as check

    wanted = Wanted(folder, model, verify_key or [], sign, new_key, password, replay, seed, single, proof, bom, as_json)
    raise typer.Exit(check(wanted))


@app.command()
def search(
    config: Annotated[Path | None, typer.Argument(metavar="CONFIG.yaml", help="What to search; see --example.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the search; default: reports/search-<digest>.")] = None,
    example: Annotated[bool, typer.Option("--example", help="Print a configuration with comments.")] = False,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Measure on a Ray cluster; local: one on this machine.")
    ] = None,
    lang: Lang = "ja",
    as_json: Json = False,
) -> None:
    """Search for a merge of models by a trusted fitness, and audit it beside its parents. Run again, it goes on."""
    _check_lang(lang)
    _check_paths(config, out)
    from jeval.search.command import begin, example_text, hosts_of, read_config

    if example:
        output.say(*example_text().rstrip("\n").split("\n"))
        return
    if config is None:
        raise InputError(
            "give the configuration of a search: jeval search CONFIG.yaml (jeval search --example prints one)"
        )
    _prepare_libraries()
    wanted = read_config(config)
    if not hosts_of(wanted) and ray is None:  # a database's driver and Ray would not get through the seal
        _seal()
    raise typer.Exit(begin(wanted, out, lang, ray, as_json=as_json))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where reports go.")] = Path("reports/demo"),
    keep: Annotated[Path | None, typer.Option(help="Keep the models in DIR/<name>/.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of training and search.")] = 0,
    trials: Annotated[int, typer.Option(help="Candidates of the merge search.")] = 32,
    lang: Lang = "ja",
    as_json: Json = False,
) -> None:
    """Train tiny models on the spot, search a merge of them, audit all and compare."""
    _check_lang(lang)
    _check_paths(out, keep)
    _prepare_libraries()
    _seal()
    from jeval.demo.run import run_demo

    result = run_demo(out=out, keep=keep, seed=seed, trials=trials, lang=lang)
    output.say(output.json_text(result) if as_json else f"report: {result['report']}")


@app.command(
    "lm-eval",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def lm_eval(context: typer.Context) -> None:
    """The stock lm-eval command line, which then knows --model jeval-hf: jeval lm-eval run --model jeval-hf …"""
    _prepare_libraries()
    from lm_eval.__main__ import cli_evaluate

    import jeval.models.hf  # noqa: F401 - registers the model

    sys.argv = ["lm-eval", *context.args]
    cli_evaluate()


def _check_lang(lang: str) -> None:
    if lang not in {"ja", "en"}:
        raise InputError(f"--lang {lang!r}: expected ja or en")


def _check_extra(extra: list[str], model: str | None) -> None:
    if not extra:
        return
    given = f"{extra[0]!r} belongs to no option"
    if model is None and len(extra) == 1:
        raise InputError(f"{given}; the model is given as: jeval run --model {output.quoted(extra[0])}")
    raise InputError(f"{given}; names are separated by commas without spaces, other values go behind their option")


def _check_paths(*paths: str | Path | None) -> None:
    """The libraries that read weights and samples take paths in UTF-8 only."""
    for path in paths:
        try:
            str(Path(path or "").absolute()).encode("utf-8")
        except UnicodeEncodeError as err:
            raise InputError(
                f"{path}: its full path is not UTF-8 (locale {sys.getfilesystemencoding()}); rename the folder, or set "
                "LC_ALL=C.UTF-8 if the name is right"
            ) from err


def _check_policy(policy: str | None, junit: Path | None, sarif: Path | None, lang: str) -> None:
    """What can be said of a policy, and of what is written how and where, before anything heavy is loaded."""
    _check_lang(lang)
    for flag, path in (("--junit", junit), ("--sarif", sarif)):
        if path is not None and policy is None:
            raise InputError(f"{flag} {path} holds what a policy finds; give one with --policy")
    check_outputs(junit, sarif)
    if policy is not None:
        from jeval.policy.read import read_policy

        read_policy(policy)


def _items(limit: str | None) -> int | None:
    try:
        return None if limit is None else int(limit)
    except ValueError as err:
        raise InputError(
            f"--limit {limit}: expected a whole number of items of each task, such as 100; fractions are not taken"
        ) from err


def _existing(path: Path | None, flag: str) -> Path | None:
    if path is not None and not path.exists():
        raise InputError(f"{flag} {path}: no such file")
    return path


def _day(text: str | None, out: Path | None) -> date | None:
    """The day by which items must be in force: today, or where a run goes on the day on which it was begun."""
    if text == "all":
        return None
    try:
        if text:
            return date.fromisoformat(text)
    except ValueError as err:
        raise InputError(f"--as-of {text!r}: expected a date like 2026-11-23, or all") from err
    from jeval.audit.folder import law_of

    return law_of(out, date.today())


def _key_values(text: str) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, sign, value = part.partition("=")
        if not sign or not key:
            raise InputError(f"--model-args {part!r}: expected key=value pairs separated by commas")
        try:
            pairs[key] = json.loads(value)
        except json.JSONDecodeError:
            pairs[key] = {"True": True, "False": False, "None": None}.get(value, value)
    return pairs


def _prepare_libraries() -> None:
    """Before the model libraries are imported: offline, and silent but for errors."""
    offline.set_hub_variables()
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")


def _seal(
    backend: str = "jeval-hf",
    hosts: Sequence[str] = (),
    server: object = None,
    kept: tuple[Path | None, str | None, list[Path]] | None = None,
) -> None:
    """Close the network for good, if this process is the command's alone: a notebook or a test would never get it back. Where code of
    others will run, what it may write is closed too, but for what is ``kept``: run folder, model, further folders.
    """
    if getattr(sys.modules.get("__main__"), "main", None) is main:
        unsealed = "" if backend in LOCAL | SERVED else "offline_backend"
        offline.seal(hosts, str(server) if server else None, unsealed=unsealed)
        if kept is not None:
            confine.confine(out=kept[0], model=kept[1], also=kept[2])
        limits.watch(_exceeded)


def _exceeded(what: str) -> None:
    """Native code does not come back: end the process, from another thread."""
    _said(f"{what}; finished answers are kept, get the model from its maker again", ModelError.exit_code)
    os._exit(ModelError.exit_code)


def _print_table(record: RunRecord) -> None:
    from rich.console import Console
    from rich.table import Table

    from jeval.pipeline.extent import whole_domains

    table = Table(box=None, pad_edge=False)
    for column in ("domain", "task", "n", "score", "95 % interval", "chance"):
        table.add_column(column, justify="left" if column in {"domain", "task"} else "right")

    def row(*cells: str) -> None:
        table.add_row(*map(output.one_line, cells))

    for name, task in record.tasks.items():
        if task.score is None or task.interval is None:
            row(task.domain, name, "0", "not scored", task.reason or "", "")
            continue
        low, high = task.interval
        chance = "" if task.chance is None else f"{task.chance:.2f}"
        row(task.domain, name, str(task.n), f"{task.score:.3f}", f"{low:.3f}–{high:.3f}", chance)
    whole = whole_domains(record)
    for name, domain in record.domains.items():
        if name not in whole:
            row(name, "(all)", str(domain.n), "partial", "", "")
        elif domain.score is not None and domain.interval is not None:
            low, high = domain.interval
            chance = "" if domain.chance is None else f"{domain.chance:.2f}"
            row(name, "(all)", str(domain.n), f"{domain.score:.3f}", f"{low:.3f}–{high:.3f}", chance)
    console = Console(markup=False) if sys.stdout.isatty() else Console(width=110, markup=False)
    console.print(table)


def main() -> NoReturn:
    """Entry point: turns errors into one line and an exit code (70 for a fault of jeval's own)."""
    output.prepare()
    _collect_less()
    code = _code_of(app)
    if code == 130:
        _interrupted()
    raise SystemExit(code or _code_of(_flush))


@cache
def _collect_less() -> None:
    """Importing torch and transformers makes a million objects that stay: looking through them again and again while they are
    made, and once more at the end, was a third of the time that a command took to start and to end.
    """
    gc.set_threshold(100_000, 20, 100)
    atexit.register(gc.freeze)


def _code_of(action: Callable[[], Any]) -> Any:
    """The exit code of a command; its errors are said on standard error."""
    try:
        action()
    except SystemExit as ended:  # Typer ends every command this way, with 2 after a usage error, 130 after Ctrl-C
        return ended.code
    except BaseException as err:  # a panic of a library written in Rust is no Exception
        return 130 if _after_interrupt(err) else _failed(err)
    return 0


def _failed(err: BaseException) -> int:
    """Say an error; gives its exit code."""
    if isinstance(err, JevalError):
        resume = f"; go on from there with: {_command()}" if err.resumes else ""
        return _said(f"{err}{resume}", err.exit_code)
    if isinstance(err, BrokenPipeError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return 1
    return _refused(err) if isinstance(err, OSError) and err.errno in _REFUSED | _FULL else _fault(err)


def _after_interrupt(err: BaseException | None) -> bool:
    """Whether it came up while Ctrl-C was on its way out: what a library was doing fails as it cleans up."""
    while err is not None and not isinstance(err, KeyboardInterrupt):
        err = err.__context__
    return err is not None


def _said(message: str, code: int) -> int:
    with contextlib.suppress(OSError):
        output.say(f"jeval: {output.one_line(message)}", error=True)
    return code


def _refused(err: OSError) -> int:
    """The system refused a file: its path is wrong (2), or there is no room (3)."""
    where = err.filename if err.filename is not None else "a file or standard output"
    advice = "make room" if err.errno in _FULL else "choose another path"
    return _said(f"{where}: {err.strerror}; {advice}, then run again: {_command()}", 3 if err.errno in _FULL else 2)


def _fault(err: BaseException) -> int:
    if os.environ.get("JEVAL_DEBUG", "0") not in {"", "0"}:
        output.say(*"".join(traceback.format_exception(err)).split("\n"), error=True)
    log = write_log(err)
    where = f"the traceback is in {log}" if log else "no log could be written, JEVAL_DEBUG=1 prints the traceback"
    try:
        detail = output.one_line(str(err), 160)
    except Exception:  # an exception that cannot even say what it is
        detail = ""
    kind = f"{type(err).__name__}: {detail}" if detail else type(err).__name__
    return _said(f"{kind} (this is a fault of jeval, please report it; {where})", 70)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the interpreter flushes once more when it ends
        raise


def _command() -> str:
    return output.quoted("jeval", *sys.argv[1:])


def _interrupted() -> NoReturn:
    output.say("", f"jeval: interrupted; finished answers are kept, resume with: {_command()}", error=True)
    os._exit(130)  # worker threads of torch may take longer to unwind than a user waits


if __name__ == "__main__":
    main()
