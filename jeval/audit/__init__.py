"""Room of jeval."""
