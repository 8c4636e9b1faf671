"""What a rule says, for people: ``--explain RULE``, and the pages in ``docs/keigo/rules``, both from the rules' data."""

from __future__ import annotations

from pathlib import Path

from jeval.errors import InputError
from jeval.keigo.knowledge import Rule, knowledge
from jeval.keigo.types import ERROR_TYPES
from jeval.suggest import near
from jeval.writing import SHARED, write_text

INDEX = "README.md"


def explained(name: str) -> str:
    """The page of a rule, or of every rule of an error type.

    Raises:
        InputError: no such rule; with near matches.
    """
    known = knowledge()
    if name in ERROR_TYPES:
        return "\n".join(page(rule) for rule in known.rules if rule.type == name).rstrip("\n")
    if name not in known.by_id:
        raise InputError(f"--explain {name}: no such rule; {near(name, {*known.by_id, *ERROR_TYPES})}")
    return page(known.by_id[name]).rstrip("\n")


def page(rule: Rule) -> str:
    """A rule in Markdown: what is wrong, where the norm says so, a wrong and a right example, why it is contested."""
    fields = rule.fields
    lines = [
        f"# {rule.id}",
        "",
        f"{fields['message']}",
        "",
        f"- type: `{rule.type}`",
        f"- norm: {knowledge().citation} {fields['section']}",
        f"- reported: {'always' if rule.norm else 'with `contested = true` only'}",
        f"- `--fix`: {'applies the suggestion' if rule.safe else 'leaves it to a person'}",
        "",
        f"> × {fields['wrong']}",
        ">",
        f"> ○ {fields['right']}",
    ]
    if fields.get("why"):
        lines += ["", f"{fields['why']}"]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """The files of ``docs/keigo/rules`` by name."""
    known = knowledge()
    lines = ["# Rules of `jeval keigo`", "", "| rule | type | |", "| --- | --- | --- |"]
    lines += [f"| [{rule.id}]({rule.id}.md) | `{rule.type}` | {rule.fields['message']} |" for rule in known.rules]
    return {INDEX: "\n".join(lines) + "\n"} | {f"{rule.id}.md": page(rule) for rule in known.rules}


def write_pages(folder: Path) -> None:
    """Write them; pages of rules that are gone go."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        write_text(folder / name, text, mode=SHARED)
