"""Words beside personal names and dates of birth (``data/leak/knowledge/people.yaml``)."""

from __future__ import annotations

from functools import lru_cache

from jeval.leak.knowledge import word_lists

_LISTS = (
    "honorifics", "after_honorific", "labels", "after_label", "labels_with_no", "after_name",
    "not_names", "company", "titles", "birth_before", "birth_after",
)  # fmt: skip


@lru_cache(maxsize=1)
def people() -> dict[str, list[str]]:
    """The lists, by name.

    Raises:
        InputError: one is missing, or is no list of words.
    """
    return word_lists("people.yaml", _LISTS)
