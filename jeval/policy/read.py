"""Policies found by name or path, read and checked; an error names the place in the file and what is near to what was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from jeval.digests import value_digest
from jeval.errors import InputError
from jeval.output import one_line
from jeval.pipeline.yamlfile import check_yaml
from jeval.policy.schema import Exempt, NotWorse, Policy, Rule, Subject
from jeval.reading import read_yaml
from jeval.resources import data_path
from jeval.suggest import near

_PARTS: Mapping[str, type[BaseModel]] = {"subject": Subject, "not_worse_than": NotWorse, "exception": Exempt}
_SHARES = {"lower", "upper", "by"}  # how the names of fields that hold a share begin


@dataclass(frozen=True)
class Given:
    """A policy as it was given.

    Attributes:
        name: of its file, without ``.yaml``.
        where: what errors call it.
        document: as JSON has it; ``digest`` is of this.
        folder: from which its paths are taken.
    """

    name: str
    where: str
    policy: Policy
    document: dict[str, Any]
    folder: Path

    @property
    def digest(self) -> str:
        return value_digest(self.document)


def shipped() -> dict[str, Path]:
    """The policies that come with jeval, by name."""
    return {path.stem: path for path in sorted(data_path("policies").glob("*.yaml")) if path.name != "about.yaml"}


def policy_path(given: str) -> Path:
    """The file of a policy that is given by path or by the name of one that comes with jeval.

    Raises:
        InputError: neither.
    """
    if (known := shipped()) and given in known:
        return known[given]
    path = Path(given).expanduser()
    if path.is_dir() or not path.exists():
        what = "is a folder" if path.is_dir() else "is neither a file nor a policy of jeval's"
        raise InputError(f"--policy {given} {what}; {near(given, known)} (see: jeval policy list)")
    return path


def read_policy(given: str) -> Given:
    """Read a policy. Names of tasks and fields are checked by :func:`jeval.policy.known.check_names`.

    Raises:
        InputError: no policy there, no YAML, or a field that is not as the schema has it; names the place.
    """
    path = policy_path(given)
    check_yaml(path, what="policy")
    return parse_policy(read_yaml(path, what="policy file"), name=path.stem, where=f"policy {path}", folder=path.parent)


def parse_policy(document: Any, *, name: str, where: str, folder: Path) -> Given:
    """A policy from what its YAML holds.

    Raises:
        InputError: see :func:`read_policy`.
    """
    if not isinstance(document, dict):
        what = "is empty" if document is None else f"holds {type(document).__name__}"
        raise InputError(f"{where} {what}; expected title_ja, title_en, … and rules (see: jeval policy show bank-desk)")
    try:
        policy = Policy.model_validate(document)
    except ValidationError as err:
        raise InputError(f"{where}: {_told(err)}") from err
    return Given(name, where, policy, _json(document), folder)


def _json(value: Any) -> Any:
    """YAML reads days as dates and numbers as keys; JSON has neither."""
    if isinstance(value, dict):
        return {str(key): _json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _told(err: ValidationError) -> str:
    """The first error in a line; says how many there are."""
    found = err.errors(include_url=False)
    first = next(
        (one for one in found if one["type"] == "extra_forbidden"), found[0]
    )  # a slip of the pen explains what is missing
    loc = list(first["loc"])
    said = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        model = _PARTS.get(str(loc[-2]), Rule) if len(loc) > 1 else Policy
        said = f"no such field; {near(str(loc[-1]), model.model_fields)}"
    elif first["type"] == "missing":
        said = "is missing"
    elif not isinstance(first["input"], (dict, list)):
        share = (
            "; thresholds are shares, 2 % is 0.02" if str(loc[-1] if loc else "").partition("_")[0] in _SHARES else ""
        )
        said = f"{said}, got {one_line(repr(first['input']), 60)}{share}"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return one_line(f"{path_in(loc)}{': ' if loc else ''}{said}{more}", 400)


def path_in(loc: list[int | str]) -> str:
    """``["rules", 2, "subject", "task"]`` → ``rules[2].subject.task``."""
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in loc).lstrip(".")
