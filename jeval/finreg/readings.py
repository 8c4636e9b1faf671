"""The second reading: who tried to refute an item, what was found, and whether the item is still the one that was read.

``data/finreg/labels/readings.jsonl`` holds one object a reading: ``id``, ``verdict`` (stands, repaired, dropped), ``kind_of_flaw``, ``found``
and ``item_sha256``, the digest of the item's text when the reading was closed. ``blind`` says how the reader's own answer, given
from the statute before the key was seen, compares with the key: agrees, doubts (the key, but something else can be defended) or
differs; "" where the key was seen first. ``struck`` is how many wrong options, in the reader's judgement, somebody who knows no law
would strike out at sight. ``python -m jeval.finreg.readings --write`` closes readings that carry no digest yet and
brings the tally of ``docs/finreg.md`` up to date; without it the tally is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jeval.errors import InputError

if TYPE_CHECKING:
    from jeval.finreg.bank import AnyItem

VERDICTS = ("stands", "repaired", "dropped")
BLIND = ("agrees", "doubts", "differs")
FLAWS = {
    "two_right": "二つの正答 / two right answers",
    "exception": "例外の見落とし / an exception overlooked",
    "not_false": "誤りと言い切れない誤文 / a false text that may be true",
    "wrong_rule": "規定の読み違い / the rule misread",
    "citation": "引用箇所 / the citation",
    "date": "時点 / the date left open",
    "duplicate": "重複 / a duplicate",
    "giveaway": "手がかり / a giveaway",
    "wording": "文言 / wording",
}
_TEXT = (
    "kind",
    "law_id",
    "article",
    "paragraph",
    "basis",
    "true",
    "false",
    "question",
    "options",
    "answer",
    "quantity",
)


def item_digest(item: AnyItem) -> str:
    """SHA-256 of what a reader judges: the texts, the answer and the citation."""
    row = item.model_dump(mode="json")
    kept = {name: row[name] for name in _TEXT if name in row}
    return hashlib.sha256(json.dumps(kept, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def path() -> Path:
    from jeval.resources import data_path

    return data_path("finreg", "labels", "readings.jsonl")


def load() -> list[dict[str, Any]]:
    """All readings in the order they were made.

    Raises:
        InputError: a verdict, a kind of flaw or an outcome of the blind answer that this module does not know.
    """
    from jeval.finreg.bank import read_rows

    rows = []
    for number, row in read_rows(path()):
        if (
            row.get("verdict") not in VERDICTS
            or row.get("kind_of_flaw", "") not in {"", *FLAWS}
            or row.get("blind", "") not in {"", *BLIND}
        ):
            raise InputError(
                f"{path().name}:{number}: verdict {row.get('verdict')!r}, flaw {row.get('kind_of_flaw')!r}, blind {row.get('blind')!r}; "
                f"expected {'|'.join(VERDICTS)}, one of {', '.join(FLAWS)} or nothing, and {'|'.join(BLIND)} or nothing"
            )
        rows.append(row)
    return rows


def unread(items: Sequence[AnyItem]) -> dict[str, str]:
    """Items nobody has read in their present text: id → why."""
    last = {row["id"]: row for row in load()}
    found = {}
    for item in items:
        row = last.get(item.id)
        if row is None or row["verdict"] == "dropped":
            found[item.id] = "no reading" if row is None else "dropped by its reader"
        elif row.get("item_sha256", "") != item_digest(item):
            found[item.id] = "changed since it was read"
    return found


def close(items: Sequence[AnyItem]) -> int:
    """Stamp readings without a digest with that of the item as it is; the number stamped."""
    digests = {item.id: item_digest(item) for item in items}
    rows = load()
    stamped = 0
    for row in rows:
        if not row.get("item_sha256") and row["verdict"] != "dropped" and row["id"] in digests:
            row["item_sha256"] = digests[row["id"]]
            stamped += 1
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path().write_text(text, encoding="utf-8")
    return stamped


def blind_readings(items: Sequence[AnyItem]) -> dict[str, dict[str, Any]]:
    """The last reading of each item that began without the key, if it left the text as it is now: id → reading."""
    digests = {item.id: item_digest(item) for item in items}
    last = {row["id"]: row for row in load() if row.get("blind")}
    return {
        name: row
        for name, row in last.items()
        if row["verdict"] == "stands" and row.get("item_sha256") == digests.get(name)
    }


def layman(items: Sequence[AnyItem]) -> dict[str, float]:
    """Score by kind that somebody can expect who strikes what :func:`blind_readings` call absurd and guesses among the rest."""
    from jeval.finreg.schema import KINDS

    read = blind_readings(items)
    shares: dict[str, list[float]] = {}
    for item in items:
        if item.kind != "figure" and item.id in read:
            left = len(item.alternatives) - read[item.id].get("struck", 0)
            shares.setdefault(item.kind, []).append(1 / left)
    return {kind: sum(of_kind) / len(of_kind) for kind in KINDS if (of_kind := shares.get(kind))}


def markdown(items: Sequence[AnyItem]) -> str:
    """Tally of the readings: every item counts once, by its gravest verdict and its gravest flaw."""
    by_item: dict[str, list[dict[str, Any]]] = {}
    for row in load():
        by_item.setdefault(row["id"], []).append(row)
    verdicts: Counter[str] = Counter()
    flaws: Counter[tuple[str, str]] = Counter()
    grave = list(FLAWS)
    blind = Counter(row["blind"] for row in blind_readings(items).values())
    ever = Counter(row["blind"] for rows in by_item.values() for row in rows if row.get("blind"))
    for rows in by_item.values():
        worst = max(rows, key=lambda row: VERDICTS.index(row["verdict"]))["verdict"]
        verdicts[worst] += 1
        named = [row["kind_of_flaw"] for row in rows if row.get("kind_of_flaw")]
        if named:
            flaws[min(named, key=grave.index), worst] += 1
    lines = [
        f"{sum(verdicts.values())} items read: {verdicts['stands']} stand as written, {verdicts['repaired']} repaired, "
        f"{verdicts['dropped']} dropped.",
        "",
        f"Of the {len(items)} items, {sum(blind.values())} were answered in their present text by a reader who had the statute and not yet "
        f"the key: {blind['agrees']} answers are the key, {blind['doubts']} are the key with a doubt, {blind['differs']} differ. "
        f"Of all {sum(ever.values())} such answers, earlier texts included, {ever['doubts']} came with a doubt and {ever['differs']} differed.",
        "",
        "Somebody who knows no law, strikes what these readers called absurd and guesses among the rest is expected to score "
        + ", ".join(f"{score:.2f} on {kind}s" for kind, score in layman(items).items())
        + ".",
        "",
        "| 欠点 / flaw | repaired | dropped |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {title} | {flaws[name, 'repaired']} | {flaws[name, 'dropped']} |" for name, title in FLAWS.items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    from jeval import handbook
    from jeval.finreg import bank

    parser = argparse.ArgumentParser(prog="python -m jeval.finreg.readings", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="close open readings; put the tally into docs/finreg.md")
    options = parser.parse_args(arguments)
    try:
        items = bank.load()
        if options.write:
            print(f"{close(items)} readings closed", file=sys.stderr)
            handbook.write("finreg", "readings", markdown(items))
        else:
            print(markdown(items))
        left = unread(items)
        for name, why in list(left.items())[:20]:
            print(f"{name}: {why}", file=sys.stderr)
        print(f"{len(items) - len(left)} of {len(items)} items are read as they stand", file=sys.stderr)
    except InputError as err:
        print(f"jeval: {err}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
