"""What a reader has read of the items, and what the readings come to: the tally of ``docs/finreg.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jeval.digests import value_digest
from jeval.evidence.reading import Blind, Reading
from jeval.evidence.reading import load as load_readings
from jeval.finreg import knowledge
from jeval.finreg.schema import KINDS, AnyItem
from jeval.resources import data_path

_VERDICTS = ("stands", "repaired", "dropped")
#: What a reader judges: the texts, the answer and the citation.
_JUDGED = (
    "kind", "law_id", "article", "paragraph", "basis", "true", "false", "question", "options", "answer", "quantity",
)  # fmt: skip


@lru_cache(maxsize=1)
def flaws() -> dict[str, str]:
    """Kinds of flaw, the gravest first, each with its title (``data/finreg/knowledge/flaws.tsv``)."""
    return {flaw: f"{ja} / {en}" for flaw, ja, en in knowledge.table("flaws.tsv", ("flaw", "ja", "en"))}


def path() -> Path:
    """``data/finreg/labels/readings.jsonl``; see :class:`jeval.evidence.reading.Reading`."""
    return data_path("finreg", "labels", "readings.jsonl")


def load() -> list[Reading]:
    """All readings in the order they were made."""
    return load_readings(path(), flaws())


def digests(items: Sequence[AnyItem]) -> dict[str, str]:
    """Id of each item → SHA-256 of what a reader judges."""
    return {item.id: _digest(item) for item in items}


def _digest(item: AnyItem) -> str:
    row = item.model_dump(mode="json")
    return value_digest({name: row[name] for name in _JUDGED if name in row})


def blind_readings(items: Sequence[AnyItem]) -> dict[str, Reading]:
    """The last reading of each item that began without the key, if it left the text as it is now: id → reading."""
    now = digests(items)
    last = {reading.id: reading for reading in load() if reading.blind}
    return {
        name: reading
        for name, reading in last.items()
        if reading.verdict == "stands" and reading.sha256 == now.get(name)
    }


def layman(items: Sequence[AnyItem]) -> dict[str, float]:
    """Score by kind that somebody can expect who strikes what :func:`blind_readings` call absurd and guesses among the rest."""
    read = blind_readings(items)
    shares: dict[str, list[float]] = {}
    for item in items:
        if item.kind != "figure" and item.id in read:
            shares.setdefault(item.kind, []).append(1 / (len(item.alternatives) - read[item.id].struck))
    return {kind: sum(of_kind) / len(of_kind) for kind in KINDS if (of_kind := shares.get(kind))}


def markdown(items: Sequence[AnyItem]) -> str:
    """Tally of the readings: every item counts once, by its gravest verdict and its gravest flaw."""
    by_item: dict[str, list[Reading]] = {}
    for reading in load():
        by_item.setdefault(reading.id, []).append(reading)
    verdicts: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    grave = list(flaws())
    for readings in by_item.values():
        worst = max((reading.verdict for reading in readings), key=_VERDICTS.index)
        verdicts[worst] += 1
        if named := [reading.kind_of_flaw for reading in readings if reading.kind_of_flaw]:
            found[min(named, key=grave.index), worst] += 1
    lines = [
        f"{verdicts.total()} items read: {verdicts['stands']} stand as written, {verdicts['repaired']} repaired, "
        f"{verdicts['dropped']} dropped.",
        "",
        _blind_sentence(items, [reading.blind for readings in by_item.values() for reading in readings]),
        "",
        "Somebody who knows no law, strikes what these readers called absurd and guesses among the rest is expected to score "
        + ", ".join(f"{score:.2f} on {kind}s" for kind, score in layman(items).items())
        + ".",
        "",
        "| 欠点 / flaw | repaired | dropped |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {title} | {found[name, 'repaired']} | {found[name, 'dropped']} |" for name, title in flaws().items()]
    return "\n".join(lines)


def _blind_sentence(items: Sequence[AnyItem], ever: Sequence[Blind]) -> str:
    """How the answers of readers who had not seen the key compare with it: of the items as they are, and of all texts."""
    now = Counter(reading.blind for reading in blind_readings(items).values())
    all_ = Counter(blind for blind in ever if blind)
    return (
        f"Of the {len(items)} items, {now.total()} were answered in their present text by a reader who had the statute and not yet "
        f"the key: {now['agrees']} answers are the key, {now['doubts']} are the key with a doubt, {now['differs']} differ. "
        f"Of all {all_.total()} such answers, earlier texts included, {all_['doubts']} came with a doubt and {all_['differs']} differed."
    )
