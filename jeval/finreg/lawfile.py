"""One file of a statute, in whatever form a legal department has it.

Read are: e-Gov 法令標準XML (the bare ``Law`` of the bulk download, the v1 container ``DataRoot/ApplData/LawFullText`` and the
v2 container ``law_data_response``), e-Gov 法令API v2 JSON (``law_full_text`` as a tree of tag, attr, children, or as
Base64 XML), and the plain JSON described in ``docs/finreg.md`` (``articles`` with number, caption, text). All end as the
same :class:`~jeval.finreg.wording.Law`, with the same digests for the same wording.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from jeval.finreg.laws import known_laws
from jeval.finreg.lawtree import Node, law_articles, law_number, law_title, node_of_json, node_of_xml
from jeval.finreg.wording import Article, Law, Wording
from jeval.reading import Row

_ID = re.compile(r"([0-9]{3}[0-9A-Z]{12})(?:_(\d{8})(?:_[0-9A-Z]{15})?)?")


@dataclass(frozen=True)
class _Said:
    """What a container says of the law inside it; "" for what it does not say."""

    law_id: str = ""
    revision_id: str = ""
    title: str = ""
    abbreviations: str = ""
    enforced: str = ""

    @classmethod
    def of(cls, info: Mapping[str, object], revision: Mapping[str, object]) -> _Said:
        """From the law_info (v1: LawId) and the revision_info of e-Gov."""
        return cls(
            law_id=str(info.get("law_id") or info.get("LawId") or ""),
            revision_id=str(revision.get("law_revision_id") or ""),
            title=str(revision.get("law_title") or ""),
            abbreviations=str(revision.get("abbrev") or ""),
            enforced=str(revision.get("amendment_enforcement_date") or ""),
        )


def read_law(path: Path) -> Law | None:
    """Read one file; ``None`` for JSON that is no statute.

    Raises:
        ValueError: not well-formed, not in the form of the API, or a statute whose law cannot be told.
        OSError: the file cannot be opened.
    """
    try:
        return _read_law(path)
    except (AttributeError, TypeError, KeyError, RecursionError) as err:
        raise ValueError(f"not in the form of an e-Gov statute ({type(err).__name__}: {err})") from err


def _read_law(path: Path) -> Law | None:
    raw = path.read_bytes()
    if path.suffix.lower() == ".xml":
        return _from_xml(raw, path)
    try:
        data = json.loads(raw)
    except (json.JSONDecodeError, UnicodeDecodeError) as err:
        raise ValueError(f"not JSON ({err})") from err
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("articles"), list) and "law_id" in data:
        return _from_plain(data, path)
    if "law_full_text" in data:
        return _from_api(data, path)
    if data.get("tag") == "Law":
        return _from_tree(node_of_json(data), path, _Said())
    return None


def read_changes(path: Path) -> list[tuple[str, Wording]]:
    """The articles that a list of changes (``changes`` with ``law_id``, ``enforced_at``, ``articles``) gives anew, by law; none in
    other JSON.

    Raises:
        ValueError: a change that is not in this form.
    """
    data = json.loads(path.read_bytes())
    rows = data.get("changes") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "enforced_at" in row for row in rows):
        return []
    try:
        return [
            (str(row["law_id"]), Wording(_plain_articles(row["articles"]), _day(row["enforced_at"]))) for row in rows
        ]
    except (KeyError, TypeError) as err:
        raise ValueError(f"not in the form of a list of changes ({type(err).__name__}: {err})") from err


def _from_xml(raw: bytes, path: Path) -> Law:
    if b"<!ENTITY" in raw[:4096]:
        raise ValueError("XML with entity declarations is refused")
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, LookupError) as err:
        raise ValueError(f"not well-formed XML ({err})") from err
    law = root if root.tag == "Law" else root.find(".//Law")
    if law is None:
        raise ValueError(f"XML without a Law element (root {root.tag}); expected e-Gov 法令標準XML")
    info = {name: root.findtext(f".//{name}") for name in ("law_id", "LawId")}
    revision = {
        name: root.findtext(f".//revision_info/{name}")
        for name in ("law_revision_id", "law_title", "abbrev", "amendment_enforcement_date")
    }
    return _from_tree(node_of_xml(law), path, _Said.of(info, revision))


def _from_api(data: Row, path: Path) -> Law:
    tree = data["law_full_text"]
    said = _Said.of(data.get("law_info") or {}, data.get("revision_info") or {})
    if isinstance(tree, str):
        try:
            root = ElementTree.fromstring(base64.b64decode(tree, validate=True))
        except (binascii.Error, ElementTree.ParseError) as err:
            raise ValueError(f"law_full_text is neither a tree nor Base64 XML ({err})") from err
        law = root if root.tag == "Law" else root.find(".//Law")
        if law is None:
            raise ValueError("law_full_text without a Law element")
        return _from_tree(node_of_xml(law), path, said)
    if not isinstance(tree, dict) or "tag" not in tree:
        raise ValueError("law_full_text is not a tree of tag, attr and children")
    return _from_tree(node_of_json(tree), path, said)


def _from_tree(law: Node, path: Path, said: _Said) -> Law:
    named = _ID.search(path.stem) or _ID.search(path.parent.name)
    law_id = said.law_id or said.revision_id.split("_")[0] or (named[1] if named else "") or _id_of(law_number(law))
    if not law_id:
        raise ValueError("the law cannot be told: no law_id inside, none in the file name")
    dated = _ID.fullmatch(said.revision_id) or named
    day = _day(said.enforced) or _day(dated[2] if dated else "")
    articles = {article.number: article for article in (Article(*parts) for parts in law_articles(law))}
    if not articles:
        raise ValueError("a Law without articles")
    title = law_title(law) or said.title
    return Law(law_id, title, said.abbreviations.split("、")[0] or title, day, articles, str(path))


def _id_of(number: str) -> str:
    """The law id that the table has for a law number; "" for none."""
    return next((law.law_id for law in known_laws() if law.number == number), "")


def _from_plain(data: Row, path: Path) -> Law:
    try:
        articles = _plain_articles(data["articles"])
        previous = []
        if held := data.get("previous_articles"):
            previous.append(Wording(_plain_articles(held["articles"]), until=_day(held["in_force_before"])))
        later = [
            Wording(
                _plain_articles(
                    a for a in entry.get("changed_articles") or [] if isinstance(a, dict) and a.get("text")
                ),
                since=_day(entry["enforced_at"]),
                fixed=bool(entry.get("date_fixed")),
                gone=frozenset(entry.get("articles_gone") or ()),
            )
            for entry in data.get("later_revisions") or []
        ]
        title = str(data.get("title", ""))
        return Law(
            law_id=str(data["law_id"]),
            title=title,
            short_title=str(data.get("short_title") or title),
            as_of=_day(data.get("as_of")),
            articles=articles,
            source=str(path),
            previous=tuple(previous),
            later=tuple(later),
        )
    except (KeyError, TypeError, AttributeError) as err:
        raise ValueError(f"not in jeval's statute schema ({type(err).__name__}: {err})") from err


def _plain_articles(rows: Iterable[Row]) -> dict[str, Article]:
    return {str(a["number"]): Article(str(a["number"]), str(a.get("caption", "")), str(a["text"])) for a in rows}


def _day(value: object) -> date | None:
    """A day written 2026-07-10 or 20260710; ``None`` for anything else."""
    text = str(value or "")
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
