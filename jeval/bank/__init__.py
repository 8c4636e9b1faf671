"""What maintainers of items, rules and labels run: ``jeval bank …``."""
