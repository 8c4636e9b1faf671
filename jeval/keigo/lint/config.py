"""Settings of the linter: ``[tool.jeval.keigo]`` of ``pyproject.toml``, or ``[keigo]`` of ``.jeval.toml``, and of a file itself."""

from __future__ import annotations

import re
import sys
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from jeval.errors import InputError
from jeval.keigo.files.markdown import front_matter
from jeval.keigo.knowledge import knowledge
from jeval.keigo.types import ERROR_TYPES
from jeval.reading import read_text
from jeval.suggest import near

Severity = Literal["error", "warning", "info", "off"]
SEVERITIES = ("error", "warning", "info", "off")
#: The files that settings are looked for in, in this order, from the working folder upwards; and the table in them.
PLACES = ((".jeval.toml", ("keigo",)), ("pyproject.toml", ("tool", "jeval", "keigo")))
_ROLES = ("speaker", "addressee", "referent")
_COMMENT = re.compile(
    r"(?:<!--|//|/\*|^[ \t]*[#%;]|[ \t][#%;])[ \t]*(?:jeval-)?keigo:[ \t]*([^\r\n]*?)[ \t]*(?:-->|\*/|$)", re.MULTILINE
)
_PAIR = re.compile(r"(?<!\w)(\w+)\s*=\s*(\"[^\"]*\"|[^\s\"]+)")


class Settings(BaseModel):
    """What the linter reports, and how it reads.

    Attributes:
        rules: severity by rule or by error type; what is said of a rule goes before what is said of its type.
        contested: report what authorities dispute, too.
        speaker, addressee, referent: who speaks to whom about whom, in free Japanese.
        style: what the style is judged over: the document, or each paragraph.
        quotes: check block quotations and the quoted lines of mail.
        exclude: patterns of paths that folders are searched without.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    rules: dict[str, Severity] = {}
    contested: bool = False
    speaker: str = ""
    addressee: str = ""
    referent: str = ""
    style: Literal["document", "paragraph"] = "document"
    quotes: bool = False
    exclude: list[str] = []

    def severity(self, rule: str, kind: str) -> str:
        """How bad a finding of a rule of an error type is; off: not reported."""
        return self.rules.get(rule) or self.rules.get(kind) or "error"

    @cached_property
    def context(self) -> dict[str, object] | None:
        """The context that the analyser is given."""
        return {role: value for role in _ROLES if (value := getattr(self, role))} or None


def find(folder: Path) -> Settings:
    """The settings that hold in a folder: of the nearest file that has any, else the usual ones.

    Raises:
        InputError: a file that cannot be read, a key or a value that there is none of.
    """
    for parent in (folder, *folder.parents):
        for name, table in PLACES:
            path = parent / name
            if path.is_file() and (found := _table(path, table)) is not None:
                return checked(found, str(path), _line_finder(path))
    return Settings()


def load(path: Path) -> Settings:
    """The settings of a file that was named.

    Raises:
        InputError: as :func:`find`, or it has no table of settings.
    """
    table = dict(PLACES).get(path.name, ("keigo",))
    found = _table(path, table)
    if found is None:
        raise InputError(f"{path}: no table [{'.'.join(table)}]; add it, or leave --config out")
    return checked(found, str(path), _line_finder(path))


def checked(values: dict[str, Any], where: str, line_of: Any = None) -> Settings:
    """The settings of a table; ``line_of`` tells the line of a key.

    Raises:
        InputError: names the place, the key and near matches.
    """
    rules = values.get("rules")
    if isinstance(rules, dict):
        known = {*knowledge().by_id, *ERROR_TYPES}
        for name, severity in list(rules.items()):
            if name not in known:
                raise InputError(f"{_at(where, name, line_of)}: rules.{name}: no such rule; {near(name, known)}")
            if isinstance(severity, bool):
                rules[name] = "error" if severity else "off"
    try:
        return Settings.model_validate(values)
    except ValidationError as err:
        first = err.errors()[0]
        key = ".".join(map(str, first["loc"]))
        last = str(first["loc"][-1])
        if first["type"] == "extra_forbidden":
            told = f"no such key; {near(last, Settings.model_fields)}"
        else:
            told = f"{first['msg'][0].lower()}{first['msg'][1:]}, got {first['input']!r}"
        raise InputError(f"{_at(where, last, line_of)}: {key}: {told}") from err


def in_file(text: str, name: str, settings: Settings) -> Settings:
    """The settings with what the file says of itself: ``keigo:`` in its front matter, or ``<!-- keigo: speaker=行員 -->``.

    Raises:
        InputError: a key or a value that there is none of.
    """
    own: dict[str, Any] = {}
    front = front_matter(text)
    if "keigo:" in front:
        try:
            document = yaml.safe_load(front.strip().strip("-."))
        except yaml.YAMLError as err:
            raise InputError(
                f"{name}:1: front matter is no YAML ({' '.join(str(err).split())[:120]}); mend it"
            ) from err
        said = document.get("keigo", {}) if isinstance(document, dict) else {}
        if not isinstance(said, dict):
            raise InputError(f"{name}:1: keigo in the front matter is no table; expected keys like speaker")
        own = dict(said)
    if "keigo:" in text:
        for found in _COMMENT.finditer(text):
            own |= {key: _value(value) for key, value in _PAIR.findall(found[1])}
    if not own:
        return settings
    own.setdefault("rules", {})
    merged = settings.model_dump() | own
    if isinstance(own["rules"], dict):
        merged["rules"] = settings.rules | own["rules"]
    return checked(merged, name)


def _value(text: str) -> object:
    return {"true": True, "false": False}.get(text, text.strip('"'))


def _at(where: str, key: str, line_of: Any) -> str:
    line = line_of(key) if line_of is not None else 0
    return f"{where}:{line}" if line else where


def _line_finder(path: Path) -> Any:
    """What tells the line of a key: the first that begins with it, bare or quoted."""

    def line_of(key: str) -> int:
        pattern = re.compile(rf"^\s*[\"']?{re.escape(key)}[\"']?\s*=|[{{,]\s*[\"']?{re.escape(key)}[\"']?\s*=")
        lines = read_text(path).split("\n")
        return next((number for number, line in enumerate(lines, 1) if pattern.search(line)), 0)

    return line_of


def _table(path: Path, keys: tuple[str, ...]) -> dict[str, Any] | None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        value: Any = tomllib.loads(read_text(path, what="configuration"))
    except tomllib.TOMLDecodeError as err:
        raise InputError(f"{path}: no TOML ({err}); mend it") from err
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if not isinstance(value, dict):
        raise InputError(f"{path}: {'.'.join(keys)} is no table; expected [{'.'.join(keys)}]")
    return value
