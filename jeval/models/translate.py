"""Errors of third-party code as one line: what was being done, with what, what it said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from jeval.errors import InputError, JevalError, ModelError
from jeval.output import one_line

_log = logging.getLogger(__name__)


def message(err: BaseException, limit: int = 300) -> str:
    """What an error says, on one line, or its kind where it says nothing."""
    return one_line(str(err), limit) or type(err).__name__


@contextmanager
def translated(what: str, kind: type[JevalError] = ModelError) -> Iterator[None]:
    """Whatever is raised inside becomes a ``kind`` of error that begins with ``what``; jeval's own errors pass.

    Errors of a wrong input (a missing package, a value or an option that is not known) become :class:`InputError`.
    Running out of memory passes too: the caller may try with less.
    """
    try:
        yield
    except (JevalError, MemoryError, KeyboardInterrupt):
        raise
    except (ImportError, NotImplementedError, TypeError, KeyError, ValueError) as err:
        _log.debug("%s", what, exc_info=err)
        if "trust_remote_code" in str(err):
            raise InputError(
                f"{what}: it brings code of its own; read that code and pass --trust-remote-code if you trust it"
            ) from err
        raise InputError(f"{what}: {message(err)}") from err
    except Exception as err:  # third-party code raises anything
        _log.debug("%s", what, exc_info=err)
        raise kind(f"{what}: {message(err)}") from err
    except BaseException as err:
        if type(err).__name__ != "PanicException":  # of a library written in Rust
            raise
        raise kind(f"{what}: {message(err)}") from err
