"""The registry of domains: the three that jeval brings, and those of other packages (entry points ``jeval.domains``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from typing import Any

from jeval.domain import Domain, FileTasks
from jeval.errors import InputError
from jeval.finreg.domain import DOMAIN as FINREG
from jeval.keigo.domain import DOMAIN as KEIGO
from jeval.leak.domain import DOMAIN as LEAK

GROUP = "jeval.domains"
_OWN = (KEIGO, FINREG, LEAK)
OFFICIAL = frozenset(domain.name for domain in _OWN)


@lru_cache(maxsize=1)
def domains() -> Mapping[str, Domain]:
    """All domains by name.

    Raises:
        InputError: an entry point that cannot be loaded, is no :class:`Domain`, or takes a name that is taken.
    """
    found = {domain.name: domain for domain in _OWN}
    for entry in entry_points(group=GROUP):
        where = f"entry point {entry.name!r} of {entry.dist.name if entry.dist else 'a package'} ({GROUP})"
        try:
            domain = entry.load()
        except Exception as err:  # whatever the other package raises, the user learns which one it is
            raise InputError(
                f"{where} cannot be loaded: {' '.join(str(err).split())[:200]}; mend or remove it"
            ) from err
        if not isinstance(domain, Domain):
            raise InputError(f"{where} names {type(domain).__name__}; expected a jeval.domain.Domain")
        if domain.name in found:
            raise InputError(f"{where} is called {domain.name!r}, which is taken; give it another name")
        found[domain.name] = domain
    return found


def title(name: str, lang: str) -> str:
    """``keigo`` → 敬語; ``keigo_search`` → 敬語（探索用）. A name that no domain has stays as it is."""
    base, _, suite = name.partition("_") if name not in domains() else (name, "", "")
    domain = domains().get(base)
    shown = domain.title(lang) if domain else base
    if not suite:
        return shown
    return f"{shown}（探索用）" if (lang, suite) == ("ja", "search") else f"{shown} ({suite})"


def called(facet: str | None, value: str, lang: str) -> str:
    """What a value of a facet is called in ``lang``; as it stands where no domain says."""
    for domain in domains().values():
        if facet in domain.facets and domain.called is not None:
            return domain.called(str(facet), value, lang)
    return value


def span_name(kind: str, lang: str) -> str:
    """What a marked stretch of an output is called: the first name that a facet of a domain has for it."""
    facets = (facet for domain in domains().values() for facet in domain.facets)
    return next((name for facet in facets if (name := called(facet, kind, lang)) != kind), kind)


def place(name: str) -> tuple[int, str]:
    """Where a domain (``keigo``, ``keigo_search``) stands in the report; those that nothing declares come last."""
    domain = domains().get(name) or domains().get(name.partition("_")[0])
    return (domain.place if domain else 99), name


@lru_cache(maxsize=16)
def _takes_known(mask: Callable[..., str]) -> bool:
    try:
        signature(mask).bind("", "")
    except (TypeError, ValueError):
        return False
    return True


def mask(value: Any, known: str = "") -> Any:
    """``value`` with every string of it masked by every domain that masks, but for what ``known`` holds."""
    if isinstance(value, str):
        for domain in domains().values():
            if domain.mask is not None:
                value = domain.mask(value, known) if _takes_known(domain.mask) else domain.mask(value)
        return value
    if isinstance(value, dict):
        return {key: mask(entry, known) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask(entry, known) for entry in value]
    return value


def in_force(domain: str, doc: Mapping[str, Any], day: date) -> bool:
    """Whether an item may be asked on ``day``: not where its domain says that its basis is not in force then."""
    found = domains().get(domain)
    return found is None or found.in_force is None or found.in_force(doc, day) is not False


def kept_items(day: date | None, business: Sequence[str] | None) -> Callable[[str, Mapping[str, Any]], bool] | None:
    """Which items of a domain a run asks: those in force on ``day`` that bind one of the kinds of business; ``None`` for all."""
    if day is None and not business:
        return None

    def keep(domain: str, doc: Mapping[str, Any]) -> bool:
        binds = found.binds if (found := domains().get(domain)) else None
        asked = not business or binds is None or any(binds(doc, kind) for kind in business)
        return asked and (day is None or in_force(domain, doc, day))

    return keep


def check_business(business: Sequence[str] | None) -> None:
    """Whether every kind of business is one that some domain knows.

    Raises:
        InputError: one is not.
    """
    known = list(dict.fromkeys(kind for domain in domains().values() for kind in domain.businesses))
    for kind in business or ():
        if kind not in known:
            raise InputError(f"--business {kind!r}: expected one of {', '.join(known)}; for all items leave it out")


def whole_prompts(domain: str) -> bool:
    """Whether an item of ``domain`` shows nothing when its prompt is cut."""
    found = domains().get(domain)
    return found is not None and found.whole_prompts


def file_tasks() -> dict[str, FileTasks]:
    """Option of ``jeval run`` → the tasks that need the file given by it."""
    return {option: tasks for domain in domains().values() for option, tasks in domain.files.items()}


def tasks_of_files() -> frozenset[str]:
    """The tasks whose items are made from a file of the user's."""
    return frozenset(name for tasks in file_tasks().values() for name in tasks.tasks)


def task_folders() -> list[Path]:
    """Folders of tasks that other packages bring."""
    return [domain.tasks for domain in domains().values() if domain.tasks is not None]


def groups(suites: Iterable[str]) -> list[str]:
    """Groups that other packages add to ``suites``."""
    return [group for domain in domains().values() for suite in suites for group in domain.groups.get(suite, ())]
