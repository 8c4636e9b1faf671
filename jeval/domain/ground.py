"""What a reader needs to check one verdict without the program: the right answer, its basis, and the judge's finding in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jeval.record.samples import Sample


@dataclass(frozen=True)
class Ground:
    """Of one item: ``right``, an answer that would have earned the score; ``basis``, the article or norm that it rests on;
    ``why``, the reason in a sentence; ``found``, what the judge found in the output. Empty where the item does not say.
    """

    right: str = ""
    basis: str = ""
    why: str = ""
    found: Sequence[str] = ()


class Wording:
    """The fixed English phrases of a judge in another language: ``phrases`` from one to the other, both with ``{gaps}``.

    What fills a gap stays as it is, but for words that ``names`` knows.
    """

    def __init__(self, phrases: Mapping[str, str], names: Mapping[str, str]) -> None:
        self._phrases = [(_pattern(phrase), said) for phrase, said in phrases.items()]
        self._names = names

    def __call__(self, phrase: str) -> str | None:
        """``phrase`` in the other language, ``None`` where none of the phrases fits."""
        for pattern, said in self._phrases:
            if match := pattern.fullmatch(phrase):
                return said.format(**{gap: self._names.get(text, text) for gap, text in match.groupdict().items()})
        return None

    def all(self, phrases: Sequence[str]) -> list[str]:
        """All of them; one that is not known stays as it is."""
        return [self(phrase) or phrase for phrase in phrases]


def _pattern(phrase: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", phrase)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts)), re.DOTALL
    )


def judged_words(sample: Sample) -> list[str]:
    """What the judge said of an item, as it stands in the record."""
    return list(sample.evidence.reasons) if sample.evidence else []
