"""The errors that end a command, each with its exit code.

A message is one line: what was given, what was expected, the next step. The command line prints it without a traceback.
"""

from __future__ import annotations


class JevalError(Exception):
    """Base of the errors a user can act on; ``exit_code`` is what the command line returns. Where ``resumes`` is true, what was
    computed is kept and the command line adds the command that goes on from there.
    """

    exit_code = 2
    resumes = False


class InputError(JevalError):
    """Bad input: a path, a file, an option, an item (exit code 2)."""

    exit_code = 2


class ModelError(JevalError):
    """The model cannot be scored: broken weights, NaN or Inf (exit code 3)."""

    exit_code = 3


class EvidenceError(JevalError):
    """The evidence does not verify (exit code 4)."""

    exit_code = 4


class UnwrittenError(JevalError):
    """A result is computed and cannot be written: no room, no permission (exit code 3)."""

    exit_code = 3
