"""Policies: thresholds on the bounds of intervals, and the verdict that a run gets by them."""
