"""``make real``, start to end: fetch, teach, audit, compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jeval import offline
from jeval.bank.real.claims import claims, lines
from jeval.bank.real.learn import Course, learn
from jeval.bank.real.lessons import Lesson, exercises, reading
from jeval.bank.real.passages import Passage, cited, laws_of, others
from jeval.bank.real.weights import GEMMA, SMOL, fetched
from jeval.digests import file_digest, value_digest
from jeval.finreg import bank
from jeval.finreg.statutes import read_statutes
from jeval.models import gguf
from jeval.progress import Progress
from jeval.report.catalogue import strings
from jeval.writing import write_json

READER, CONTROL = "reader", "control"
_TAUGHT = "taught.json"
#: About ten minutes for each of the two models on one quiet core without bfloat16 units.
COURSE = Course(steps=200, tokens=256, learning_rate=2e-4, layers=6)
#: Kinds of items whose cited paragraphs are read, and how many exercises go with them.
KINDS, EXERCISES = ("statement",), 0
#: The claim that must hold: on the items whose paragraphs were read.
READ = "statements"


@dataclass
class Plan:
    """What is done where.

    Attributes:
        statutes: folders of statutes; they are no part of jeval.
        out: run folders, ``report.html`` and ``real.json``.
        models: GGUF files and the two models made; kept, so that a second call goes on.
        tasks: tasks or groups of the audit; ``None``: all.
        limit: items of each task; ``None``: all.
    """

    statutes: Path | Sequence[Path]
    out: Path
    models: Path
    tasks: Sequence[str] | None = None
    limit: int | None = None
    course: Course = COURSE
    exercises: int = EXERCISES
    seed: int = 0
    lang: str = "ja"
    base: Path | None = field(default=None)


def run_real(plan: Plan) -> dict[str, Any]:
    """Audit Gemma 270M and SmolLM2 135M, and two models made of Gemma; write the comparison.

    Returns:
        What ``real.json`` says: the passages read, the losses, the paired differences reader − control, whether the groups
        came out.

    Raises:
        InputError: the statutes lack what items cite, or the packages cannot be fetched.
    """
    from jeval.audit.run import RunOptions, run
    from jeval.report.page import write_report

    read, in_use = _passages(plan)
    with Progress() as progress:
        gemma = plan.base or fetched(GEMMA, plan.models, progress.say)
        shipped = [gemma] if plan.base else [gemma, fetched(SMOL, plan.models, progress.say)]
        offline.enable()
        made = {name: _teach(name, read[name], in_use, gemma, plan, progress) for name in (READER, CONTROL)}
        folders = []
        for model in (plan.models / CONTROL, plan.models / READER, *shipped):
            progress.say(f"auditing {model.stem}")
            options = RunOptions(out=plan.out / model.stem, tasks=plan.tasks, limit=plan.limit, lang=plan.lang)
            folders.append(run(model, options, silent=True)[1])
    differences = claims(folders[1], folders[0])
    found: dict[str, Any] = {
        "course": asdict(plan.course),
        "exercises": plan.exercises,
        "models": made,
        "differences": [claim.model_dump() for claim in differences],
        "holds": any(claim.of == READ and claim.holds for claim in differences),
    }
    write_json(plan.out / "real.json", found)
    words = strings(plan.lang)
    said = list(lines(found["differences"], words))
    preface = [words["real_what"], words["real_taught"].format(n=made[READER]["passages"], steps=plan.course.steps)]
    write_report(folders, plan.out / "report.html", plan.lang, preface=[*preface, *said])
    return {**found, "said": said, "report": str(plan.out / "report.html")}


def _passages(plan: Plan) -> tuple[dict[str, list[Passage]], list[str]]:
    """What each of the two models reads, and all texts of the statutes (whose tokens are told apart while they read)."""
    items = bank.load()
    statutes = read_statutes(plan.statutes)
    read = cited([item for item in items if item.suite == "audit" and item.kind in KINDS], statutes)
    texts = [article.text for law in statutes.laws.values() for article in law.articles.values()]
    return {READER: read, CONTROL: others(read, items, statutes, plan.seed)}, texts


def lessons_of(passages: Sequence[Passage], plan: Plan) -> list[Lesson]:
    """All that is read of the passages, and the exercises on them."""
    read = [lesson for form, passage in enumerate(passages) for lesson in reading(passage, form)]
    return read + (exercises(passages, plan.exercises, plan.seed) if plan.exercises else [])


def _teach(
    name: str, passages: list[Passage], in_use: Sequence[str], base: Path, plan: Plan, progress: Progress
) -> dict[str, Any]:
    """Make ``models/<name>`` unless it is there, made of the same; returns what it was taught."""
    lessons = lessons_of(passages, plan)
    folder = plan.models / name
    told = {
        "passages": len(passages),
        "laws": laws_of(passages),
        "lessons": len(lessons),
        "made_of": value_digest([file_digest(base) if base.is_file() else str(base), asdict(plan.course), plan.seed,
                                 [[lesson.text, lesson.answer] for lesson in lessons]]),
    }  # fmt: skip
    if (folder / _TAUGHT).is_file():
        held = json.loads((folder / _TAUGHT).read_text(encoding="utf-8"))
        if isinstance(held, dict) and held.get("made_of") == told["made_of"]:
            return held
    progress.stage(f"teaching {name}")
    model, tokenizer = _loaded(base)
    told["loss"] = learn(
        model, tokenizer, lessons, plan.course, in_use=in_use, seed=plan.seed, progress=progress.update
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / _TAUGHT, told)
    return told


def _loaded(base: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    def read(folder: Path) -> tuple[Any, Any]:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32", local_files_only=True)
        return model, AutoTokenizer.from_pretrained(folder, local_files_only=True)

    if base.is_dir():
        return read(base)
    with gguf.opened(base) as folder:
        return read(folder)
