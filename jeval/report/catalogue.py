"""The words of the report in both languages (``data/report/strings.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from jeval.errors import InputError
from jeval.reading import read_yaml
from jeval.record.schema import Note
from jeval.record.store import RECORD
from jeval.resources import data_path


@lru_cache(maxsize=2)
def strings(lang: str) -> dict[str, str]:
    """The report's words in ``lang`` (``ja`` or ``en``)."""
    return {key: value[lang] for key, value in read_yaml(data_path("report", "strings.yaml")).items()}


def sentence(note: Note, lang: str, titles: Mapping[str, str] | None = None) -> str:
    """What a note of the record says, in ``lang``.

    Args:
        titles: what tasks are called, by name; others are called by their names.

    Raises:
        InputError: the catalogue has no such sentence, or one with other gaps.
    """
    try:
        gaps = note.model_dump()
        for gap in ("task", "whole"):
            if isinstance(told := gaps.get(gap), str):
                gaps[gap] = ", ".join((titles or {}).get(name, name) for name in told.split(", "))
        return strings(lang)[note.key].format(**gaps)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as err:
        given = note.model_dump_json()[:200]
        raise InputError(
            f"{RECORD}: no note of this version of jeval: {given}; use the version that the record names"
        ) from err


def say(text: str | None, lang: str) -> str:
    """A fixed English sentence of the record in ``lang``, its gaps filled as there; any other text as it stands."""
    if not text or lang == "en":
        return text or ""
    for key, english in strings("en").items():
        if english == text:
            return strings(lang)[key]
    for key, pattern in _with_gaps().items():
        if found := pattern.fullmatch(text):
            return strings(lang)[key].format(**found.groupdict())
    return text


@lru_cache(maxsize=1)
def _with_gaps() -> dict[str, re.Pattern[str]]:
    """The reasons that have gaps, as expressions of what fills them."""
    return {
        key: re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^\\s,;]{1,80})", re.escape(english)))
        for key, english in strings("en").items()
        if key.startswith("reason_") and "{" in english
    }
