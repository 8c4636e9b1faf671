"""``jeval demo``: tiny models trained on the spot, so that the whole road can be seen without any model at hand."""
