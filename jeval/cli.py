"""The command line: one Typer command per verb; each calls one function and prints.

Data goes to standard output, messages and progress to standard error. Nothing heavy is imported before a verb runs.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from jeval.bank.command import bank_app, items_app
from jeval.errors import InputError, JevalError
from jeval.keigo.command import keigo
from jeval.leak.command import canary_app
from jeval.offline import set_hub_variables
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
app.add_typer(bank_app, name="bank", help="Lint, measure, read and build items, rules and labels (for maintainers).")

Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable object to standard output.")]
Lang = Annotated[str, typer.Option(help="Language of the report: ja or en.")]


def _version(asked: bool) -> None:
    if asked:
        print(f"jeval {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def run(
    model: Annotated[str | None, typer.Option(help="Hugging Face folder, LoRA adapter folder, or .gguf file.")] = None,
    tasks: Annotated[str | None, typer.Option(help="Task or group names, comma-separated; default: the suite.")] = None,
    suite: Annotated[str, typer.Option(help="audit, search or both.")] = "audit",
    limit: Annotated[int | None, typer.Option(help="At most this many items of each task.")] = None,
    batch_size: Annotated[str | None, typer.Option(help="Of backends that batch; default: 8, 1 for servers.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; default: what is there.")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16, float16 or float64.")] = None,
    backend: Annotated[str, typer.Option(help="jeval-hf, or any lm-eval model name (hf, vllm …).")] = "jeval-hf",
    model_args: Annotated[str, typer.Option(help="key=value,… for the backend.")] = "",
    out: Annotated[Path | None, typer.Option(help="Run folder; default: reports/<model>-<digest>.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every random generator.")] = 0,
    lang: Lang = "ja",
    include_path: Annotated[list[Path] | None, typer.Option(help="Further folder of task YAML (repeatable).")] = None,
    canaries: Annotated[Path | None, typer.Option(help="Canary file of `jeval canary make`.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="Your own documents, to test for verbatim recall.")] = None,
    as_of: Annotated[str | None, typer.Option(help="YYYY-MM-DD: leave out items not in force on that day.")] = None,
    token_budget: Annotated[int | None, typer.Option(help="Tokens held at once; default: from free memory.")] = None,
    trust_remote_code: Annotated[bool, typer.Option(help="Run Python code that comes with the model.")] = False,
    allow_pickle: Annotated[bool, typer.Option(help="Read pickle weights, which can run code.")] = False,
    allow_host: Annotated[list[str] | None, typer.Option(help="Host that may be reached (repeatable).")] = None,
    reveal: Annotated[str | None, typer.Option(help="NAME of who asks to keep personal data unmasked.")] = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model and write its audit report."""
    _check_lang(lang)
    _prepare_libraries()
    from jeval.audit.run import RunOptions
    from jeval.audit.run import run as run_model

    record, folder = run_model(
        model,
        RunOptions(
            tasks=[name.strip() for name in tasks.split(",") if name.strip()] if tasks else None,
            suite=suite,
            limit=limit,
            batch_size=batch_size,
            device=device,
            dtype=dtype,
            backend=backend,
            model_args=_key_values(model_args),
            out=out,
            seed=seed,
            lang=lang,
            include=include_path or [],
            canaries=_existing(canaries, "--canaries"),
            corpus=_existing(corpus, "--corpus"),
            as_of=_day(as_of),
            token_budget=token_budget,
            trust_remote_code=trust_remote_code,
            allow_pickle=allow_pickle,
            allow_hosts=allow_host or [],
            reveal=reveal,
        ),
    )
    if as_json:
        print(json.dumps(run_summary(record, folder), ensure_ascii=False))
        return
    _print_table(record)
    print(f"report: {folder / 'report.html'}")


def run_summary(record: RunRecord, folder: Path) -> dict[str, Any]:
    """The object that ``run --json`` prints. ``verdict`` is null: no policy was applied."""
    return {
        "run": str(folder),
        "verdict": None,
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
    as_json: Json = False,
) -> None:
    """Write the HTML report of one run, or one that compares several."""
    _check_lang(lang)
    from jeval.report.page import write_report

    target = write_report(runs, out, lang)
    print(json.dumps({"report": str(target)}) if as_json else f"report: {target}")


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run folders; the first is the reference.")],
    as_json: Json = False,
) -> None:
    """Compare runs item by item: paired difference with its 95 % interval."""
    from jeval.record.compare import compare_runs

    rows = compare_runs(runs)
    if as_json:
        print(json.dumps({"comparisons": [row.model_dump() for row in rows]}, ensure_ascii=False))
        return
    for row in rows:
        low, high = row.interval
        print(
            f"{row.task}: {row.run} - {row.reference} = {row.difference:+.3f} [{low:+.3f}, {high:+.3f}] (n = {row.n})"
        )


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A run folder.")],
    model: Annotated[str | None, typer.Option(help="Also check that this is the model that was evaluated.")] = None,
    as_json: Json = False,
) -> None:
    """Check that a run folder is unchanged (exit code 4 when not)."""
    from jeval.audit.verify import verify_run

    problems = verify_run(folder, model)
    print(json.dumps({"run": str(folder), "verified": not problems, "problems": problems}, ensure_ascii=False)
          if as_json else "\n".join(problems) or f"{folder}: unchanged")  # fmt: skip
    if problems:
        raise typer.Exit(4)


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
    _prepare_libraries()
    from jeval.demo.run import run_demo

    result = run_demo(out=out, keep=keep, seed=seed, trials=trials, lang=lang)
    print(json.dumps(result, ensure_ascii=False) if as_json else f"report: {result['report']}")


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


def _existing(path: Path | None, flag: str) -> Path | None:
    if path is not None and not path.exists():
        raise InputError(f"{flag} {path}: no such file")
    return path


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as err:
        raise InputError(f"--as-of {text!r}: expected a date like 2026-11-23") from err


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
    set_hub_variables()
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")


def _print_table(record: RunRecord) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("domain", "task", "n", "score", "95 % interval", "chance"):
        table.add_column(column, justify="left" if column in {"domain", "task"} else "right")
    for name, task in record.tasks.items():
        if task.score is None or task.interval is None:
            table.add_row(task.domain, name, "0", "not scored", task.reason or "", "")
            continue
        low, high = task.interval
        table.add_row(
            task.domain, name, str(task.n), f"{task.score:.3f}", f"{low:.3f}–{high:.3f}", f"{task.chance:.2f}"
        )
    for name, domain in record.domains.items():
        if domain.score is not None and domain.interval is not None:
            low, high = domain.interval
            chance = "" if domain.chance is None else f"{domain.chance:.2f}"
            table.add_row(name, "(all)", str(domain.n), f"{domain.score:.3f}", f"{low:.3f}–{high:.3f}", chance)
    console = Console() if sys.stdout.isatty() else Console(width=110)
    console.print(table)


def main() -> NoReturn:
    """Entry point: turns the errors a user can act on into one line and an exit code."""
    code: Any = 0
    try:
        app()
    except SystemExit as ended:  # Typer ends every command this way, with 2 after a usage error, 130 after Ctrl-C
        code = ended.code
    except JevalError as err:
        print(f"jeval: {' '.join(str(err).split())}", file=sys.stderr)
        code = err.exit_code
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        code = 1
    if code == 130:
        _interrupted()
    sys.stdout.flush()
    raise SystemExit(code)


def _interrupted() -> NoReturn:
    command = " ".join(["jeval", *sys.argv[1:]])
    print(f"\njeval: interrupted; finished answers are kept, resume with: {command}", file=sys.stderr, flush=True)
    os._exit(130)  # worker threads of torch may take longer to unwind than a user waits


if __name__ == "__main__":
    main()
