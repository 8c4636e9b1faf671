"""``jeval canary``."""

from __future__ import annotations

import typer

canary_app = typer.Typer(no_args_is_help=True)


@canary_app.callback()
def _root() -> None:
    """Canaries."""
