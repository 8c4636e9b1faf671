"""Hostile: whoever stands between a registry and the bank. Attack: exchange a package, or bring one that nobody listed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jeval.version import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
SBOM: dict[str, Any] = json.loads((ROOT / "sbom.cdx.json").read_text(encoding="utf-8"))


def locked() -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==(\S+) \\$", LOCK, re.MULTILINE)
    return {str(canonicalize_name(name)): version for name, version in found}


def test_every_package_of_the_lock_has_its_version_and_hashes_and_comes_from_nowhere_in_particular() -> None:
    entry = re.compile(r"[\w.-]+==[\w.+!]+ \\(\n    --hash=sha256:[0-9a-f]{64} \\)*\n    --hash=sha256:[0-9a-f]{64}")
    body = "\n".join(line for line in LOCK.splitlines() if not line.startswith("#")).strip()
    assert entry.sub("", body).strip() == ""
    assert len(locked()) == len(entry.findall(body)) > 80
    assert not re.search(r"://|--(extra-)?index|--find-links|file:", LOCK)


def test_the_lock_holds_what_jeval_asks_for_and_leaves_the_build_of_torch_to_the_user() -> None:
    project = PROJECT["project"]
    asked = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["server"]]]
    for one in asked:
        if one.marker is not None and not one.marker.evaluate(
            {"python_version": "3.11"}
        ):  # the lock's, as it says above
            continue
        name = str(canonicalize_name(one.name))
        assert (name == "torch") == (name not in locked()), name
        assert name == "torch" or one.specifier.contains(locked()[name]), name


def test_the_list_of_parts_is_that_of_the_lock() -> None:
    assert (SBOM["bomFormat"], SBOM["metadata"]["component"]["name"]) == ("CycloneDX", "jeval")
    assert SBOM["metadata"]["component"]["version"] == __version__
    parts = {str(canonicalize_name(one["name"])): one["version"] for one in SBOM["components"]}
    assert parts.pop("torch").startswith("2.")
    assert parts == locked()


def test_parts_that_are_not_permissive_are_named_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    strict = {
        one["name"] for one in SBOM["components"] if re.search(r"GPL|MPL|Lesser", json.dumps(one.get("licenses", [])))
    }
    assert strict >= {"chardet", "python-stdnum", "certifi", "tqdm"}
    assert [name for name in strict if not re.search(rf"^  {re.escape(name)} ", notice, re.MULTILINE)] == []


def test_the_wheel_carries_licences_notice_and_list() -> None:
    assert {"LICENSE", "LICENSE-ITEMS", "NOTICE"} <= set(PROJECT["project"]["license-files"])
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["sbom-files"] == ["sbom.cdx.json"]
