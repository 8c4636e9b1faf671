"""What the leak part of the report says, in both languages (``data/leak/knowledge/report.yaml``)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jeval.errors import InputError
from jeval.leak.knowledge import knowledge_path
from jeval.reading import read_yaml

_FILE = "report.yaml"


@lru_cache(maxsize=1)
def _strings() -> Any:
    return read_yaml(knowledge_path(_FILE))


class Texts:
    """The texts of one language: ``ja``, or else ``en``."""

    def __init__(self, lang: str) -> None:
        self.lang = "ja" if lang == "ja" else "en"

    def __call__(self, name: str, **gaps: object) -> str:
        """The text ``<section>.<key>`` with its gaps filled.

        Raises:
            InputError: there is none of this name in this language.
        """
        return str(self._found(name)).format(**gaps)

    def get(self, name: str) -> str | None:
        """The text without gaps, ``None`` where there is none of this name."""
        section, _, key = name.partition(".")
        found = _strings().get(section, {}).get(key)
        return str(found[self.lang]) if found else None

    def columns(self, section: str, **gaps: object) -> list[str]:
        """The header of a section's table."""
        return [str(column).format(**gaps) for column in self._found(f"{section}.columns")]

    def _found(self, name: str) -> Any:
        section, _, key = name.partition(".")
        try:
            return _strings()[section][key][self.lang]
        except (KeyError, TypeError) as err:
            raise InputError(f"{knowledge_path(_FILE)}: there is no text {name} in {self.lang}; add it") from err
