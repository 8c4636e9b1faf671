"""Words beside personal names and dates of birth (``data/leak/knowledge/people.yaml``), and names (``names.tsv``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from jeval.leak.knowledge import by_class, word_lists

_LISTS = (
    "honorifics", "after_honorific", "labels", "roles", "after_label", "labels_with_no", "after_name", "variants",
    "not_names", "company", "departments", "titles", "titles_of_places", "birth_before", "birth_after", "self", "verbs", "places",
)  # fmt: skip


@lru_cache(maxsize=1)
def people() -> dict[str, list[str]]:
    """The lists, by name.

    Raises:
        InputError: one is missing, or is no list of words.
    """
    return word_lists("people.yaml", _LISTS)


@dataclass(frozen=True)
class Names:
    """Surnames and given names as a dictionary writes them; ``variants``: other forms of characters (髙, 﨑)."""

    surnames: frozenset[str]
    given: frozenset[str]
    variants: dict[int, str]

    def plain(self, name: str) -> str:
        """``name`` in the forms that the dictionary has."""
        return name.translate(self.variants)

    def split(self, name: str) -> int:
        """How long the surname is where ``name`` is a surname and a given name; 0 where it is none."""
        plain = self.plain(name) if not name.isascii() else name
        for size in (2, 3, 1, 4):
            if 0 < size < len(plain) and plain[:size] in self.surnames and plain[size:] in self.given:
                return size
        return 0


@lru_cache(maxsize=1)
def names() -> Names:
    """The names of the dictionary.

    Raises:
        InputError: the table has another form.
    """
    rows = by_class("names.tsv", ("class", "names"), ("surname", "given"))
    given, surnames = (frozenset(" ".join(rows[kind]).split(" ")) for kind in ("given", "surname"))
    variants = {ord(pair[0]): pair[1] for pair in people()["variants"]}
    return Names(surnames, given, variants)
