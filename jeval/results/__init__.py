"""The run record: its schema, its statistics, its folder, comparisons."""
