"""Clause maps: which clause of which framework a run gives evidence for, and which it does not."""
