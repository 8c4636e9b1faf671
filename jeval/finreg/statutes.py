"""Statutes on disk, in whatever form a legal department has them.

Read are: e-Gov 法令標準XML (the bare ``Law`` of the bulk download, the v1 container ``DataRoot/ApplData/LawFullText`` and the
v2 container ``law_data_response``), e-Gov 法令API v2 JSON (``law_full_text`` as a tree of tag, attr, children, or as
Base64 XML), and the plain JSON described in ``docs/finreg.md`` (``articles`` with number, caption, text). All end as the
same :class:`Law`, and :func:`digest` gives the same value for the same wording in every form.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jeval.errors import InputError
from jeval.finreg.lawtree import Node, law_articles, law_number, law_title, node_of_json, node_of_xml
from jeval.resources import data_path

_ID = re.compile(r"([0-9]{3}[0-9A-Z]{12})(?:_(\d{8})(?:_[0-9A-Z]{15})?)?")


@dataclass(frozen=True)
class Article:
    """One article or schedule; ``text`` has one line per 項, 号 and table row."""

    number: str
    caption: str
    text: str

    @property
    def paragraphs(self) -> list[str]:
        """The 項 in order; the first has no number, later ones begin with theirs (２　…)."""
        parts: list[list[str]] = [[]]
        for line in self.text.split("\n"):
            if re.match(r"[０-９0-9]+　", line) and int(line.split("　")[0]) == len(parts) + 1:
                parts.append([])
            parts[-1].append(line)
        return ["\n".join(part) for part in parts]

    def part(self, paragraph: str) -> str | None:
        """The text of one 項 ("1", "2" …), the whole for "", ``None`` where there is no such 項."""
        if not paragraph:
            return self.text
        parts = self.paragraphs
        return parts[int(paragraph) - 1] if 1 <= int(paragraph) <= len(parts) else None


@dataclass(frozen=True)
class Wording:
    """Articles as they read before (``until``, exclusive) or from (``since``) a day, beside the main text."""

    articles: Mapping[str, Article]
    since: date | None = None
    until: date | None = None
    fixed: bool = True
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Law:
    """One statute; ``as_of`` is the day its text took effect, ``None`` where the source does not say."""

    law_id: str
    title: str
    short_title: str
    as_of: date | None
    articles: Mapping[str, Article]
    source: str
    previous: tuple[Wording, ...] = ()
    later: tuple[Wording, ...] = ()


@dataclass
class Statutes:
    """The statutes of one folder as of ``day``; ``unreadable`` maps a file to the reason it was left out."""

    day: date
    laws: dict[str, Law] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)

    def reason_unreadable(self, law_id: str) -> str:
        """Why a file named after ``law_id`` cannot be read; "" where all can."""
        for path, reason in self.unreadable.items():
            if law_id in path.name or law_id in path.parent.name:
                return f"statute file {path} cannot be read: {reason}"
        return ""

    def reason_missing(self, law_id: str) -> str:
        """Why ``law_id`` is not there: a file of that name that cannot be read, or none at all."""
        if reason := self.reason_unreadable(law_id):
            return reason
        others = "; ".join(f"{path.name}: {reason}" for path, reason in self.unreadable.items())
        return f"unknown law {law_id}: no file for it in the statutes given" + (
            f" (unreadable: {others})" if others else ""
        )


def normalised(text: str) -> str:
    """The wording alone: NFKC, without white space, cell borders (｜) and ditto marks (〃).

    The forms a statute comes in differ in exactly these; every other character counts.
    """
    return re.sub(r"[\s|〃]+", "", unicodedata.normalize("NFKC", text))


def digest(text: str) -> str:
    """SHA-256 (hex) of the normalised wording."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()


def read_statutes(folder: Path, today: date | None = None) -> Statutes:
    """Read every XML and JSON file below ``folder``.

    A file that cannot be read is listed, not raised: it matters only to the items that cite its law. JSON that is no
    statute is passed over. Where a law occurs in several revisions the newest that is in force on ``today`` (default: the
    day of the call) is the main text; older ones become earlier wordings, enacted ones that begin later coming wordings.

    Raises:
        InputError: no such folder, or no statute in it.
    """
    if not folder.is_dir():
        raise InputError(f"--statutes {folder}: no such folder; expected e-Gov XML or JSON files of statutes")
    found = Statutes(today or date.today())
    revisions: dict[str, list[Law]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".xml", ".json"}):
        try:
            law = read_law(path)
        except (ValueError, OSError) as err:
            found.unreadable[path] = " ".join(str(err).split())
            continue
        if law is None:
            continue
        same_day = next((held for held in revisions.get(law.law_id, []) if held.as_of == law.as_of), None)
        if same_day is None:
            revisions.setdefault(law.law_id, []).append(law)
        elif not _reads_alike(same_day, law):
            day = law.as_of or "no date"
            found.unreadable[path] = (
                f"{law.law_id} of {day} reads differently in {Path(same_day.source).name}; keep one"
            )
    for law_id, laws in revisions.items():
        found.laws[law_id] = _merge(laws, found.day)
    if not found.laws and not found.unreadable:
        raise InputError(
            f"--statutes {folder}: no statute found; expected e-Gov XML, e-Gov API v2 JSON or jeval's JSON"
        )
    return found


def _reads_alike(one: Law, other: Law) -> bool:
    return one.articles.keys() == other.articles.keys() and all(
        normalised(article.text) == normalised(other.articles[number].text) for number, article in one.articles.items()
    )


def _merge(laws: list[Law], today: date) -> Law:
    ordered = sorted(laws, key=lambda law: law.as_of or date.min)
    begun = [law for law in ordered if law.as_of is None or law.as_of <= today] or ordered[:1]
    main = begun[-1]
    earlier = tuple(Wording(old.articles, since=old.as_of, until=new.as_of) for old, new in pairwise(begun))
    coming = tuple(
        Wording(new.articles, since=new.as_of, gone=frozenset(main.articles.keys() - new.articles.keys()))
        for new in ordered[len(begun) :]
    )
    return replace(main, previous=(*main.previous, *earlier), later=(*main.later, *coming))


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
        return _from_tree(node_of_json(data), path, {}, {})
    return None


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
    info = {name: root.findtext(f".//{name}") or "" for name in ("law_id", "law_num", "LawId", "LawNum")}
    revision = {
        name: root.findtext(f".//revision_info/{name}") or ""
        for name in ("law_revision_id", "law_title", "abbrev", "amendment_enforcement_date")
    }
    return _from_tree(node_of_xml(law), path, info, revision)


def _from_api(data: dict[str, Any], path: Path) -> Law:
    tree = data["law_full_text"]
    info = data.get("law_info") or {}
    revision = data.get("revision_info") or {}
    if isinstance(tree, str):
        try:
            root = ElementTree.fromstring(base64.b64decode(tree, validate=True))
        except (binascii.Error, ElementTree.ParseError) as err:
            raise ValueError(f"law_full_text is neither a tree nor Base64 XML ({err})") from err
        law = root if root.tag == "Law" else root.find(".//Law")
        if law is None:
            raise ValueError("law_full_text without a Law element")
        return _from_tree(node_of_xml(law), path, info, revision)
    if not isinstance(tree, dict) or "tag" not in tree:
        raise ValueError("law_full_text is not a tree of tag, attr and children")
    return _from_tree(node_of_json(tree), path, info, revision)


def _from_tree(law: Node, path: Path, info: Mapping[str, Any], revision: Mapping[str, Any]) -> Law:
    named = _ID.search(path.stem) or _ID.search(path.parent.name)
    revision_id = str(revision.get("law_revision_id") or "")
    law_id = str(info.get("law_id") or info.get("LawId") or "") or revision_id.split("_")[0]
    if not law_id and named:
        law_id = named.group(1)
    if not law_id:
        law_id = _known_numbers().get(law_number(law), "")
    if not law_id:
        raise ValueError("the law cannot be told: no law_id inside, none in the file name")
    day = _day(revision.get("amendment_enforcement_date"))
    if day is None:
        dated = _ID.fullmatch(revision_id) or named
        day = _day(dated.group(2)) if dated and dated.group(2) else None
    articles = {article.number: article for article in (Article(*parts) for parts in law_articles(law))}
    if not articles:
        raise ValueError("a Law without articles")
    title = law_title(law) or str(revision.get("law_title") or "")
    short = str(revision.get("abbrev") or "").split("、")[0] or title
    return Law(law_id, title, short, day, articles, str(path))


def _from_plain(data: dict[str, Any], path: Path) -> Law:
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
        return Law(
            str(data["law_id"]), str(data.get("title", "")), str(data.get("short_title") or data.get("title", "")),
            _day(data.get("as_of")), articles, str(path), tuple(previous), tuple(later),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as err:
        raise ValueError(f"not in jeval's statute schema ({type(err).__name__}: {err})") from err


def _plain_articles(rows: Any) -> dict[str, Article]:
    return {str(a["number"]): Article(str(a["number"]), str(a.get("caption", "")), str(a["text"])) for a in rows}


def _day(value: Any) -> date | None:
    text = str(value or "")
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _known_numbers() -> dict[str, str]:
    return {row.number: row.law_id for row in known_laws()}


@dataclass(frozen=True)
class KnownLaw:
    """A row of ``data/finreg/knowledge/laws.tsv``: a law the item bank covers."""

    law_id: str
    number: str
    title: str
    short_title: str
    daily: bool


def known_laws() -> list[KnownLaw]:
    """The laws that the item bank covers, in the order of the coverage table."""
    return list(_read_known(data_path("finreg", "knowledge", "laws.tsv")))


def _read_known(path: Path) -> Iterator[KnownLaw]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "law_id\t")):
            law_id, number, title, short, daily = line.split("\t")
            yield KnownLaw(law_id, number, title, short, daily == "daily")
