"""An audit: from a model path to a run folder, and whether a run folder agrees with itself."""
