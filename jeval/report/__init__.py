"""Reports: self-contained HTML from a run record."""
