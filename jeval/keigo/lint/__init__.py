"""The linter over files: which files, under which settings, what is found in them, and how it is shown."""
