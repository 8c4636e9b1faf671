"""Every regular expression that jeval compiles, and texts on which each of them could take long.

Run as a program it prints the expressions: those of all modules, and those that the judges make of data when they first judge.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

try:
    from re import _constants as c  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as c
    import sre_parse as parser

MANY = 16
"""A repetition that may go on beyond this can grow with the text."""

_CLASSES = {
    c.CATEGORY_DIGIT: "1", c.CATEGORY_NOT_DIGIT: "あ", c.CATEGORY_SPACE: " ", c.CATEGORY_NOT_SPACE: "あ", c.CATEGORY_WORD: "あ",
    c.CATEGORY_NOT_WORD: "。",
}  # fmt: skip


def collect() -> list[tuple[str, int, str]]:
    """Pattern, flags and module of each expression."""
    found: dict[tuple[str, int], str] = {}
    whole: Any = re._compile  # type: ignore[attr-defined]

    def noted(pattern: Any, flags: Any) -> Any:
        frame = sys._getframe(1)
        while frame.f_back and frame.f_globals.get("__name__") in {"re", "enum", "functools"}:
            frame = frame.f_back
        name = str(frame.f_globals.get("__name__"))
        if name.split(".")[0] == "jeval":
            text = pattern.decode("latin-1") if isinstance(pattern, bytes) else getattr(pattern, "pattern", pattern)
            found.setdefault((str(text), int(flags)), name)
        return whole(pattern, flags)

    re._compile = noted  # type: ignore[attr-defined]
    import jeval

    for module in pkgutil.walk_packages(jeval.__path__, "jeval."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for judge in judges().values():
        judge("お客様の口座番号は1234567です。年20％、7年、東京都千代田区霞が関1-1-1、1990年1月2日。お読みになられる。")
    return [(pattern, flags, name) for (pattern, flags), name in found.items()]


def judges() -> dict[str, Any]:
    """Every judge of texts that a model wrote, by name: each takes a text."""
    from jeval.finreg import tasks as finreg
    from jeval.keigo import tasks as keigo
    from jeval.keigo.analysis import analyze
    from jeval.leak import tasks as leak
    from jeval.leak.identifiers import find_identifiers, mask
    from jeval.pipeline import domains
    from jeval.pipeline.taskpack import load_tasks

    found: dict[str, Any] = {
        "analyze": analyze,
        "find_identifiers": find_identifiers,
        "mask": mask,
        "masked": domains.mask,
    }
    loaded = load_tasks(["jeval"])
    for name, task in loaded.tasks.items():
        if task.OUTPUT_TYPE != "generate_until":
            continue
        docs, whole = loaded.docs(name), loaded.meta(name).explain
        explain = next(
            (
                getattr(m, whole.rpartition(".")[2])
                for m in (finreg, keigo, leak)
                if m.__name__ == whole.rpartition(".")[0]
            ),
            None,
        )
        for place in {0, len(docs) // 2, len(docs) - 1}:
            doc = docs[place]
            found[f"{name}/{place}"] = lambda text, task=task, doc=doc: task.process_results(doc, [text])
            if explain is not None and not place:  # what it says rests on the same judge
                found[f"{name}/{place}/why"] = lambda text, explain=explain, doc=doc: explain(doc, [text])
    return found


def _of_set(items: Iterable[Any]) -> str:
    """A character of a class, one of its own if it is not negated."""
    listed = list(items)
    negated = any(op is c.NEGATE for op, _ in listed)
    inside: list[str] = []
    for op, value in listed:
        if op is c.LITERAL:
            inside.append(chr(value))
        elif op is c.RANGE:
            inside += [chr(value[0]), chr(value[1])]
        elif op is c.CATEGORY:
            inside.append(_CLASSES.get(value, "あ"))
    if not negated:
        return inside[0]
    return next(one for one in "あx1 。-\n\x01山" if one not in inside)


def example(tree: Any) -> str:
    """A short text that the expression matches, as far as that is seen without looking around."""
    out: list[str] = []
    for op, value in tree:
        if op is c.LITERAL:
            out.append(chr(value))
        elif op is c.NOT_LITERAL:
            out.append("あ" if value != ord("あ") else "い")
        elif op is c.ANY:
            out.append("あ")
        elif op is c.IN:
            out.append(_of_set(value))
        elif op is c.BRANCH:
            out.append(example(value[1][0]))
        elif op is c.SUBPATTERN:
            out.append(example(value[-1]))
        elif op in _REPEATS:
            out.append(example(value[2]) * min(value[0], MANY))
        elif op is _ATOMIC:
            out.append(example(value))
    return "".join(out)


_REPEATS = [c.MAX_REPEAT, c.MIN_REPEAT, *([c.POSSESSIVE_REPEAT] if hasattr(c, "POSSESSIVE_REPEAT") else [])]
_ATOMIC = getattr(c, "ATOMIC_GROUP", None)


def bodies(tree: Any) -> set[str]:
    """What a repetition may repeat: one way, and each of its alternatives."""
    found = {example(tree)}
    for op, value in tree:
        if op is c.BRANCH:
            found |= {example(branch) for branch in value[1]}
        elif op is c.SUBPATTERN:
            found |= bodies(value[-1])
        elif op is c.IN:
            found |= {_of_set([one]) for one in value if one[0] in (c.LITERAL, c.RANGE, c.CATEGORY)}
            found.add(_of_set(value))
    return {body for body in found if body}


def repeated(tree: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """What stands before each repetition without an end, and what it repeats."""
    for op, value in tree:
        if op in _REPEATS:
            if value[1] is c.MAXREPEAT or value[1] > MANY:
                yield from ((before, body) for body in bodies(value[2]))
            yield from repeated(value[2], before)
        elif op is c.BRANCH:
            for branch in value[1]:
                yield from repeated(branch, before)
        elif op is c.SUBPATTERN:
            yield from repeated(value[-1], before)
        elif op in (c.ASSERT, c.ASSERT_NOT):
            yield from repeated(value[1], before)
        elif op is _ATOMIC:
            yield from repeated(value, before)
        before += example([(op, value)])


def attacks(pattern: str, flags: int) -> set[tuple[str, str]]:
    """Prefix and body of texts that may take long: the body is to be repeated."""
    tree = parser.parse(pattern, flags)
    found = set()
    for before, body in repeated(tree):
        found |= {("", body), (before, body), ("", before + body)}
    whole = example(tree)
    return found | ({("", whole), ("", whole[:-1] or whole)} if whole else set())


if __name__ == "__main__":
    print(json.dumps(collect()))
