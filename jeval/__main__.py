"""``python -m jeval``: the same as the ``jeval`` command."""

from jeval.cli import main

if __name__ == "__main__":
    main()
