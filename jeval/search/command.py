"""What ``jeval search`` does with its arguments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jeval import output
from jeval.search.config import SearchConfig, hosts_of, read_config

if TYPE_CHECKING:
    from jeval.search.outcome import Ending


def example_text() -> str:
    """A configuration with comments."""
    return Path(__file__).with_name("example.yaml").read_text(encoding="utf-8")


def begin(config: SearchConfig, out: Path | None, lang: str, ray: str | None, *, as_json: bool) -> int:
    """Search, say what was found, and give the exit code: 1 where no candidate keeps to the constraints."""
    from jeval.search.run import search
    from jeval.search.study import config_digest

    ending = search(config, out or Path("reports") / f"search-{config_digest(config)[:8]}", lang=lang, ray=ray)
    output.say(*([output.json_text(ending.summary())] if as_json else _lines(ending)))
    return 0 if ending.best is not None else 1


def _lines(ending: Ending) -> list[str]:
    best = ending.best
    found = ["no candidate keeps to all constraints"]
    if best is not None:
        found = [f"best: candidate {best.number}, search score {best.score:.4f}: {ending.out / 'best'}"]
    for one in ending.parents:
        word = "beaten" if one.beaten else "not beaten"
        found.append(
            f"{word}: {one.parent}: {one.difference:+.4f} [{one.low:+.4f}, {one.high:+.4f}] on the audit (n = {one.n})"
        )
    return [*found, f"report: {ending.report}"]


__all__ = ["begin", "example_text", "hosts_of", "read_config"]
