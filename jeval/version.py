"""The version of jeval."""

__version__ = "0.1.0"
